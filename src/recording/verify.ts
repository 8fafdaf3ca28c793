import { createHash } from "node:crypto";
import { MANIFEST_FILE, PART_GROUPS, unusable } from "./manifest.ts";
import { readPart } from "./part-reader.ts";
import { type OpenRecording, partsOf } from "./reader.ts";

/**
 * Reads a whole recording and compares its unpacked content with the identity the manifest claims.
 *
 * Opening and reading check each file against the manifest; this also checks the manifest against the files, so that
 * parts which were replaced together with their entries do not keep the old hash. It costs one more SHA-256 over the
 * unpacked bytes, so runs leave it out.
 *
 * @throws {UserError} naming the first group of parts whose content has another hash, or the first unusable record.
 */
export function verifyRecording(recording: OpenRecording): void {
  const { dir, manifest } = recording;
  for (const group of PART_GROUPS) {
    const hash = createHash("sha256");
    for (const part of partsOf(manifest, group)) hash.update(readPart(dir, part));
    const found = hash.digest("hex");
    if (found === manifest.content[group]) continue;
    const file = `${dir.replace(/\/+$/, "")}/${MANIFEST_FILE}`;
    const text = `Cannot trust the recording: its ${group} parts unpack to SHA-256 ${found}, the manifest says ${manifest.content[group]}`;
    throw unusable([{ file, path: `content.${group}`, text, hint: "parts were replaced: import the recording again" }]);
  }
  for (const _ of recording.ndjson.batches());
  for (const _ of recording.inputs());
}
