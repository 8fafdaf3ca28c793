import { EXIT, UserError } from "../../diagnostics/user-error.ts";
import { type Manifest, manifestText, PART_GROUPS, parseManifest, unusable } from "../manifest.ts";
import { partPath } from "../part-reader.ts";
import { partsOf, readManifest } from "../reader.ts";
import type { SealedRecording } from "../writer.ts";
import { LineWriter } from "./line-writer.ts";
import { partLines } from "./part-lines.ts";
import { type Redaction, Redactor } from "./redactor.ts";

/** Without these a record has no place and no price: a recording without them is none. */
const KEPT_FIELDS: readonly string[] = ["seq", "rx", "ts", "s", "sym", "p", "b", "a", "q", "id"];

export interface RedactedRecording {
  readonly sealed: SealedRecording;
  readonly redactions: readonly Redaction[];
}

/**
 * Writes a copy of a recording without its secrets, and without the fields named in `fields`. The original is only read.
 * All other bytes of the records stay, so a replay decides the same unless a field that decides was asked for.
 *
 * @throws {UserError} when the original is damaged, a field may not go, `out` is no new or empty folder, or a secret is
 * in a place from which it cannot be taken.
 */
export function redactRecording(dir: string, out: string, fields: readonly string[] = []): RedactedRecording {
  refuseFields(fields);
  const manifest = readManifest(dir);
  const redactor = new Redactor(fields);
  const writer = new LineWriter(out);
  try {
    for (const group of PART_GROUPS) {
      for (const part of partsOf(manifest, group)) {
        for (const { line, text, stream, order } of partLines(dir, part)) {
          const redacted = redactor.record(text);
          if (redacted === null) throw cannotRedact(partPath(dir, part), line);
          writer.line(group, redacted, stream, order);
        }
      }
    }
    const head = redactedManifest(manifest, redactor, dir);
    return { sealed: writer.seal(head), redactions: redactor.redactions() };
  } catch (error) {
    writer.abort();
    throw error;
  }
}

function redactedManifest(manifest: Manifest, redactor: Redactor, dir: string): Manifest {
  const text = redactor.manifest(manifestText(manifest));
  if (text === null) throw cannotRedact(`${dir.replace(/\/+$/, "")}/manifest.json`, 1);
  // The names of symbols are part of the hash; a secret in them is refused here, not carried on.
  const head = parseManifest(text, dir);
  return { ...head, redactions: [...head.redactions, ...redactor.redactions()] };
}

function refuseFields(fields: readonly string[]): void {
  const kept = fields.filter((field) => KEPT_FIELDS.includes(field) || field === "");
  if (kept.length === 0) return;
  const text = `Cannot redact the fields ${kept.map((field) => JSON.stringify(field)).join(", ")}: every record needs them, other fields are needed`;
  throw new UserError([{ text, hint: `"sim inspect" lists fields and secrets` }], EXIT.usage);
}

function cannotRedact(file: string, line: number): UserError {
  const text =
    "Cannot redact the record: a secret in it cannot be told from what surrounds it, a record of plain JSON is needed";
  return unusable([{ file, line, text, hint: "name the field that holds it with --redact-field" }]);
}
