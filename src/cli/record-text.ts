import type { ExitCode } from "../diagnostics/user-error.ts";
import type { RecordResult } from "../live/redis/record-options.ts";
import type { Percentiles } from "../live/redis/tally.ts";
import type { SealedRecording } from "../recording/writer.ts";
import { grouped } from "../reports/format.ts";
import { visibleText } from "../reports/visible-text.ts";

export interface RecordedSource {
  readonly sealed: SealedRecording;
  readonly result: RecordResult;
  /** Address without its password. */
  readonly server: string;
  readonly warnings: readonly string[];
}

/** `01:12:40`; hours are not wrapped. */
export function hoursText(elapsedMs: number): string {
  const seconds = Math.floor(elapsedMs / 1000);
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return parts.map((part) => String(part).padStart(2, "0")).join(":");
}

/** The result: one line of what was recorded, then the folder, the lag and what the server did. */
export function recordText({ sealed, result }: RecordedSource): string {
  const { manifest, dir, hash } = sealed;
  const counts = result.streams.map(({ stream, entries }) => `${stream} ${grouped(entries)}`);
  if (result.keyRecords > 0) counts.push(`redis.key ${grouped(result.keyRecords)}`);
  if (result.groupRecords > 0) counts.push(`redis.group ${grouped(result.groupRecords)}`);
  const cells = [
    `recording ${manifest.id}`,
    hoursText(result.elapsedMs),
    counts.join("  "),
    `gaps ${grouped(result.gaps)}${missingText(result)}`,
    `clock skew p99 ${result.clockSkewMs === null ? "-" : `${grouped(result.clockSkewMs.p99)} ms`}`,
    sizeText(bytesOf(sealed)),
  ];
  const rows = [
    cells.join("   "),
    `folder    ${dir}  ${hash}`,
    `lag       ${spreadText(result.lagMs, " ms")}   unread ${spreadText(result.unread, "")}`,
    ...manifest.notes.map((note) => `note      ${note}`),
  ];
  // Names of streams and notes hold texts from outside: what could move a cursor is made visible.
  return rows.map((row) => `${visibleText(row)}\n`).join("");
}

export function recordJson(
  source: RecordedSource & { readonly exit: { readonly code: ExitCode; readonly causes: readonly ExitCode[] } },
): string {
  const { sealed, result, server, warnings, exit } = source;
  const { id, fidelity, symbols, notes } = sealed.manifest;
  const recording = { id, hash: sealed.hash, dir: sealed.dir, fidelity, bytes: bytesOf(sealed) };
  const document = { schema: "sim.record/1", recording, server, ...result, counts: sealed.counts, symbols };
  return JSON.stringify({ ...document, warnings, notes, exit }, null, 2);
}

function missingText({ gaps, missing }: RecordResult): string {
  if (gaps === 0) return "";
  if (missing === null) return " (missing: not known)";
  return missing === 0 ? " (nothing missing)" : ` (missing ${grouped(missing)})`;
}

function spreadText(spread: Percentiles | null, unit: string): string {
  if (spread === null) return "-";
  const { p50, p99, max } = spread;
  return `p50 ${grouped(p50)}${unit}  p99 ${grouped(p99)}${unit}  max ${grouped(max)}${unit}`;
}

function bytesOf({ manifest }: SealedRecording): number {
  return manifest.parts.reduce((sum, part) => sum + part.bytes, 0);
}

/** `31.2 MB`, `12.4 kB`: powers of 1000. */
function sizeText(bytes: number): string {
  if (bytes >= 1e6) return `${(bytes / 1e6).toFixed(1)} MB`;
  return bytes >= 1000 ? `${(bytes / 1000).toFixed(1)} kB` : `${bytes} B`;
}
