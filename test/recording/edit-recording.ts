import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { gzipDeterministic, sha256Hex } from "../../src/recording/gzip.ts";
import type { Manifest } from "../../src/recording/manifest.ts";

/** Changes the text of a manifest and nothing else. */
export function editManifest(dir: string, edit: (manifest: Manifest) => unknown): void {
  const path = join(dir, "manifest.json");
  const manifest = JSON.parse(readFileSync(path, "utf8")) as Manifest;
  const edited = edit(manifest);
  writeFileSync(path, JSON.stringify(edited ?? manifest));
}

/**
 * Changes the records of one part and makes its sizes and hashes fit again, as a faulty writer would have: what is
 * left for the reader to find is in the records.
 */
export function editPart(dir: string, file: string, edit: (content: Buffer) => Buffer | string): void {
  const edited = Buffer.from(edit(gunzipSync(readFileSync(join(dir, file)))));
  replacePart(dir, file, gzipDeterministic(edited), edited);
}

/** Puts other bytes in the place of a part; hash and size of the file fit, whatever they are. */
export function replacePart(dir: string, file: string, packed: Buffer, content: Buffer): void {
  writeFileSync(join(dir, file), packed);
  editManifest(dir, (manifest) => {
    const part = manifest.parts.find((candidate) => candidate.file === file)!;
    part.bytes = packed.length;
    part.sha256 = sha256Hex(packed);
    part.contentBytes = content.length;
    part.contentSha256 = sha256Hex(content);
  });
}

export function editLines(dir: string, file: string, edit: (lines: string[]) => string[]): void {
  editPart(dir, file, (content) => `${edit(content.toString().trimEnd().split("\n")).join("\n")}\n`);
}
