import type { Manifest } from "../../recording/manifest.ts";
import type { Redaction } from "../../recording/repair/redactor.ts";
import { visibleText } from "../../reports/visible-text.ts";

/** What `--repair` did, as lines or as one document. */
export function repairedText(
  dir: string,
  out: string,
  manifest: Manifest,
  corrections: readonly unknown[],
  isJson: boolean,
): string {
  const head = { from: dir, recording: { dir: out, id: manifest.id, hash: manifest.hash } };
  if (isJson) return JSON.stringify({ schema: "sim.repair/1", ...head, corrections }, null, 2);
  const lines: [string, string][] = [
    ["recording", `${manifest.id}  written to ${out}; ${dir} is as it was`],
    ["hash", manifest.hash],
  ];
  if (corrections.length === 0) lines.push(["corrected", "nothing: it is a copy"]);
  for (const correction of corrections) {
    const { what, kind, count, first, rule, details, ...more } = correction as Record<string, unknown>;
    const { file, line } = (first ?? {}) as { file?: string; line?: number | null };
    const place = file === undefined ? "" : `, first at ${file}${typeof line === "number" ? `:${line}` : ""}`;
    lines.push(["corrected", `${what ?? kind}${count === undefined ? "" : `: ${count}`}${place}`]);
    if (rule !== undefined) lines.push(["", `rule: ${rule}`]);
    for (const [name, value] of Object.entries({ ...((details as object | undefined) ?? {}), ...more })) {
      lines.push(["", `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`]);
    }
  }
  lines.push(["next", `sim inspect ${out}`]);
  return text(lines);
}

/** What `--redact` did; never what was taken out. */
export function redactedText(
  dir: string,
  out: string,
  manifest: Manifest,
  redactions: readonly Redaction[],
  isJson: boolean,
): string {
  const head = { from: dir, recording: { dir: out, id: manifest.id, hash: manifest.hash } };
  if (isJson) return JSON.stringify({ schema: "sim.redact/1", ...head, redactions }, null, 2);
  const lines: [string, string][] = [
    ["recording", `${manifest.id}  written to ${out}; ${dir} is as it was`],
    ["hash", manifest.hash],
  ];
  if (redactions.length === 0) lines.push(["redacted", "nothing: it is a copy"]);
  for (const { kind, values, count } of redactions) {
    lines.push(["redacted", `${kind}: ${values} values in ${count} places`]);
  }
  lines.push(["next", `sim inspect ${out}`]);
  return text(lines);
}

function text(lines: readonly (readonly [name: string, text: string])[]): string {
  return lines.map(([name, line]) => `${name.padEnd(10)} ${visibleText(line)}`.trimEnd()).join("\n");
}
