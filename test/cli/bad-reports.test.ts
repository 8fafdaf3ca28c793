import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensureBuilt, runSim } from "../built-cli.ts";
import { finding, incident, journal } from "../reports/journal-builder.ts";
import { journalText } from "../reports/written-run.ts";

let out: string;
const WHOLE = journalText(incident());

function write(id: string, text: string): void {
  mkdirSync(join(out, id), { recursive: true });
  writeFileSync(join(out, id, "journal.ndjson"), text);
}

const report = (...args: string[]) => runSim(["report", ...args, "--out", out]);

beforeAll(async () => {
  await ensureBuilt();
  out = mkdtempSync(join(tmpdir(), "rehearsal-bad-reports-"));
});
afterAll(() => rmSync(out, { recursive: true, force: true }));

describe("sim report of bad journals", () => {
  test("reports what there is of several runs, says on stderr what is missing, and exits 0", async () => {
    write("r-torn", WHOLE.slice(0, Math.floor(WHOLE.length / 2)));
    write("r-empty", journalText(journal().end(1000)));
    const evil = "\u001b]0;owned\u0007\u001b[2J<script>alert(1)</script>";
    write("r-evil", journalText(journal().tick(1, finding(evil, { text: evil, symbol: evil })), { variant: evil }));
    const { code, stdout, stderr } = await report("r-torn", "r-empty", "r-evil");
    expect(code).toBe(0);
    expect(stdout.trimEnd().split("\n")).toHaveLength(3);
    expect(stderr).toContain("the last line is torn");
    expect(stderr).toContain("ends without run.ended");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    for (const text of [stdout, stderr]) expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
    const page = readFileSync(join(out, "r-evil", "report.html"), "utf8");
    expect(page.match(/<script/g)).toHaveLength(1);
    expect(readFileSync(join(out, "r-torn", "summary.md"), "utf8")).toContain("- ?? fixed: cut short");
  });

  test("refuses what another version wrote: 14, what is needed, the next command, and one JSON document", async () => {
    write("r-old", WHOLE.replace("rehearsal.journal/1", "rehearsal.journal/0"));
    const { code, stdout, stderr } = await report("r-old", "--json");
    expect(code).toBe(14);
    const { error, exit } = JSON.parse(stdout) as {
      error: { problems: { text: string; hint: string; file: string }[] };
      exit: { code: number };
    };
    expect(exit.code).toBe(14);
    expect(error.problems[0]).toMatchObject({
      text: expect.stringContaining('its schema is "rehearsal.journal/0", "rehearsal.journal/1" is needed'),
      hint: "run the scenario again with this version",
      file: join(out, "r-old", "journal.ndjson"),
    });
    expect(stderr).toBe("");
  });

  test("refuses a journal that is damaged in the middle, with its line", async () => {
    const lines = WHOLE.split("\n");
    write("r-broken", [...lines.slice(0, 5), lines[5]!.slice(3), ...lines.slice(6)].join("\n"));
    const { code, stderr, stdout } = await report("r-broken");
    expect(code).toBe(14);
    expect(stdout).toBe("");
    expect(stderr).toContain("r-broken/journal.ndjson:6");
  });
});
