import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseHTML } from "linkedom";

const probe = spawnSync("rustdoc", ["--version"], { encoding: "utf8" });

/** Whether a reader of Markdown that is not ours is on this machine: rustdoc renders any Markdown file, tables too. */
export const hasMarkdownReader: boolean = probe.status === 0;

if (!hasMarkdownReader) console.log("skipped: reading summary.md with another tool, because there is no rustdoc");

/** The document as that reader understands it; its own frame is left out. */
export function readMarkdown(markdown: string): ReturnType<typeof parseHTML>["document"] {
  const folder = mkdtempSync(join(tmpdir(), "rehearsal-markdown-"));
  try {
    // It takes the first line for a title.
    writeFileSync(join(folder, "text.md"), `% title\n\n${markdown}`);
    const read = spawnSync("rustdoc", [join(folder, "text.md"), "-o", folder], { encoding: "utf8" });
    if (read.status !== 0) throw new Error(`rustdoc cannot read the Markdown: ${read.stderr}`);
    const html = readFileSync(join(folder, "text.html"), "utf8");
    const { document } = parseHTML(html);
    for (const frame of document.querySelectorAll("nav, h1.title, .doc-anchor, div.warning")) frame.remove();
    return document;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
