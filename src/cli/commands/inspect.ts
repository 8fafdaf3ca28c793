import type { Command } from "commander";
import { EXIT } from "../../diagnostics/user-error.ts";
import type { Inspection } from "../../recording/inspect/inspection.ts";
import type { Shell } from "../shell.ts";

const WIDTH = 80;

/** `sim inspect RECORDING`: what is in a recording, what is damaged, and what it is good for. */
export function registerInspect(program: Command, shell: Shell): void {
  program
    .command("inspect")
    .description("what a recording holds, what is damaged in it, and what it is good for")
    .argument("<recording>", "folder of the recording; it is only read")
    .option("--json", "one JSON document on stdout")
    .action(async (dir: string, { json }: { json?: boolean }) => {
      if (await inspectUnsealed(dir, json === true, shell)) return;
      const { inspectRecording } = await import("../../recording/inspect/inspect-recording.ts");
      const inspection = inspectRecording(dir);
      shell.print(json === true ? JSON.stringify(inspection, null, 2) : await inspectionText(inspection));
      if (inspection.damageCount > 0) shell.exitWith(EXIT.recordingUnusable);
    });
}

/** A recording that was not sealed has a report of its own; false when this is none. */
async function inspectUnsealed(dir: string, isJson: boolean, shell: Shell): Promise<boolean> {
  const { isUnsealedRecording, recoverRecording } = await import("../../recording/live/recover-recording.ts");
  if (!isUnsealedRecording(dir)) return false;
  const report = recoverRecording(dir);
  const { unsealedText } = await import("./inspect-unsealed.ts");
  shell.print(isJson ? JSON.stringify(report, null, 2) : unsealedText(report));
  if (report.missing.length > 0) shell.exitWith(EXIT.recordingUnusable);
  return true;
}

/** The report in 80 columns; long texts go on in the next line, so that no place of damage is cut away. */
export async function inspectionText(of: Inspection): Promise<string> {
  const { plainPaint, renderTable } = await import("../../reports/terminal/table.ts");
  const { visibleText } = await import("../../reports/visible-text.ts");
  const lines: string[] = [];
  const say = (name: string, text: string) => {
    const width = WIDTH - 11;
    let rest = visibleText(text);
    for (let head = name; rest !== "" || head !== ""; head = "") {
      const space = rest.length <= width ? rest.length : rest.lastIndexOf(" ", width);
      const cut = space > 0 ? space : Math.min(width, rest.length);
      lines.push(`${head.padEnd(10)} ${rest.slice(0, cut)}`.trimEnd());
      rest = rest.slice(cut).trimStart();
    }
  };
  const { recording, market, intents, clockSkewMs } = of;
  say("recording", `${recording.id}  ${recording.fidelity}  by ${recording.createdBy}`);
  say("hash", recording.hash);
  if (recording.generator !== null) say("generator", recording.generator);
  for (const { file, role, sha256 } of recording.inputs) say("input", `${role} ${file} ${sha256}`);
  say("corrected", recording.corrections.length === 0 ? "nothing" : recording.corrections.join("; "));
  const whole = of.parts.filter(({ state }) => state === "ok").length;
  say("parts", `${whole} of ${of.parts.length} whole`);
  for (const { file, line, text } of of.damage) say("damage", `${file}${line === null ? "" : `:${line}`} ${text}`);
  if (of.damageCount > of.damage.length) say("damage", `${of.damageCount - of.damage.length} further places`);
  const left = { align: "left", dropOrder: 0 } as const;
  const right = { align: "right", dropOrder: 0 } as const;
  lines.push(
    ...renderTable(
      [
        { header: "stream", ...left, widthMin: 8 },
        { header: "records", ...right },
        { header: "first", ...left },
        { header: "last", ...left },
        { header: "per s", ...right },
        { header: "silence", ...right },
        { header: "disorder", ...right },
        { header: "twice", ...right },
      ],
      of.streams.map((row) => ({
        cells: [
          row.stream,
          String(row.records),
          instant(row.firstRxMs).slice(5, 16),
          instant(row.lastRxMs).slice(5, 16),
          row.perSecond === null ? "-" : row.perSecond.toFixed(2),
          seconds(row.longestSilenceMs),
          String(row.outOfOrder),
          String(row.duplicates),
        ],
      })),
      { width: WIDTH, paint: plainPaint },
    ),
  );
  for (const { stream, unknownFields } of of.streams) {
    const names = unknownFields.map(({ name, share }) => `${name} on ${(share * 100).toFixed(1)} %`);
    if (names.length > 0) say("unknown", `${stream}: ${names.join(", ")}`);
  }
  if (clockSkewMs !== null) {
    const { p1, p50, p99, min, max } = clockSkewMs;
    say("clock", `received - exchange: p1 ${p1} ms, p50 ${p50} ms, p99 ${p99} ms, min ${min} ms, max ${max} ms`);
  }
  const grid = market.gridMs === null ? "no grid" : `grid ${seconds(market.gridMs)}`;
  const quoted = market.quoteShare === null ? "" : `, quotes on ${(market.quoteShare * 100).toFixed(1)} %`;
  say("market", `${market.symbolsWithRows} of ${market.symbols} symbols, ${market.events} events, ${grid}${quoted}`);
  const { longestGap: gap } = market;
  const longest = gap === null ? "" : `, longest ${seconds(gap.lengthMs)} ${gap.symbol} from ${instant(gap.startRxMs)}`;
  say("gaps", `${market.gaps} over ${market.gapMs / 1000} s${longest}`);
  for (const { symbol, lengthMs, startRxMs, rows } of market.frozen) {
    say("frozen", `${symbol} ${seconds(lengthMs)} from ${instant(startRxMs)}, ${rows} rows`);
  }
  say("intents", String(intents.records));
  const counts = (entries: readonly { name: string; records: number }[]) =>
    entries.map(({ name, records }) => `${name} ${records}`).join(", ");
  if (intents.records > 0) {
    say(" symbol", counts(intents.bySymbol));
    say(" side", counts(intents.bySide));
    say(" confid.", counts(intents.byConfidence));
  }
  for (const { name, records, file, firstLine } of intents.problems) {
    say(" problem", `${name}: ${records}, first at ${file}:${firstLine}`);
  }
  for (const { symbol, near } of intents.unknownSymbols) {
    say(" unknown", `${symbol}${near.length === 0 ? "" : `, near ${near.join(", ")}`}`);
  }
  const { notOnVenue } = of;
  say("venue", notOnVenue === null ? "no exchangeInfo" : `not listed: ${notOnVenue.join(", ") || "none"}`);
  for (const { use, ok, reason } of of.usableFor) say("usable for", `${use}: ${ok ? "yes" : "no"} (${reason})`);
  say("secrets", `${of.secretCount} found`);
  for (const { file, line, kind } of of.secrets) say("", `${file}:${line} ${kind}`);
  return lines.join("\n");
}

function instant(timeMs: number): string {
  const date = new Date(timeMs);
  return Number.isNaN(date.getTime()) ? `${timeMs} ms` : date.toISOString();
}

function seconds(lengthMs: number): string {
  return `${lengthMs / 1000} s`;
}
