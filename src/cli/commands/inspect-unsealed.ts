import type { UnsealedReport } from "../../recording/live/recover-recording.ts";
import { visibleText } from "../../reports/visible-text.ts";

const RECORDER = {
  running: "is recording now",
  closed: "was closed and did not seal it",
  died: "ended without closing it",
} as const;

/** What an unsealed recording holds, what is missing in it, and the command that makes a sealed one. */
export function unsealedText(of: UnsealedReport): string {
  const { verified } = of;
  const pid = of.recorderPid === null ? "" : ` (process ${of.recorderPid})`;
  const lines: [string, string][] = [
    ["recording", `${of.id}  ${of.fidelity}  by ${of.createdBy}  unsealed`],
    ["recorder", `${RECORDER[of.recorder]}${pid}; ${of.restarts} restarts`],
    ["symbols", String(of.symbols.length)],
    [
      "verified",
      `${verified.records} records${verified.lastSeq === null ? "" : `, seq ${verified.firstSeq}-${verified.lastSeq}`}`,
    ],
  ];
  if (verified.firstRxMs !== null && verified.lastRxMs !== null) {
    lines.push(["", `received ${instant(verified.firstRxMs)} to ${instant(verified.lastRxMs)}`]);
  }
  for (const { file, state, records, verifiedBytes, unverifiedRecords, tornBytes } of of.segments) {
    const rest = state === "torn" ? `; ${unverifiedRecords} records and ${tornBytes} torn bytes not verified` : "";
    lines.push(["segment", `${file}  ${state}  ${records} records, ${verifiedBytes} bytes${rest}`]);
  }
  for (const { file, bytes } of of.setAside) lines.push(["set aside", `${file}  ${bytes} bytes`]);
  if (of.missing.length === 0) lines.push(["missing", "nothing known"]);
  for (const text of of.missing) lines.push(["missing", text]);
  const next =
    of.recorder === "running"
      ? "stop the recorder: it seals the recording"
      : `sim inspect ${of.dir} --repair --out NEW  makes a sealed recording of the verified records`;
  lines.push(["next", next]);
  return lines.map(([name, text]) => `${name.padEnd(10)} ${visibleText(text)}`).join("\n");
}

function instant(timeMs: number): string {
  const date = new Date(timeMs);
  return Number.isNaN(date.getTime()) ? `${timeMs} ms` : date.toISOString();
}
