import type { Command } from "commander";
import type { SealedRecording } from "../../recording/writer.ts";
import { visibleText } from "../../reports/visible-text.ts";
import type { Shell } from "../shell.ts";

interface OutFlags {
  readonly out: string;
  readonly id?: string;
  readonly json?: boolean;
}

interface VenueFlags extends OutFlags {
  readonly exchangeInfo?: string;
  readonly brackets?: string;
}

interface CandleFlags extends VenueFlags {
  readonly funding?: string;
}

interface RedisFlags extends VenueFlags {
  readonly stream?: string;
}

interface TradesFlags extends VenueFlags {
  readonly symbol?: string;
  readonly depth?: readonly string[];
}

interface RecordsFlags extends OutFlags {
  readonly stream: string;
  readonly time: string;
}

interface AdditionFlags extends OutFlags {
  readonly from: string;
}

const EXAMPLES = `
Examples:
  sim import candles BTCUSDT-1m-2025-05.zip ETHUSDT-1m-2025-05.zip --out recordings/may
  sim import trades BTCUSDT-aggTrades-2025-06-21.zip --out recordings/june
  sim import ws capture.ndjson.gz --exchange-info exchangeInfo.json --out recordings/capture
  sim import redis intents.txt --stream quantum:stream:trade.intent --out recordings/intents

Files are read from CSV, gzip or zip. A line has at most 16 MiB and a file 1 GiB unpacked; it is in memory while it is
imported, with about 50 bytes a line to put lines in the order of the time received.`;

/** `sim import ...`: turns files from elsewhere into recordings. A sealed recording is never changed. */
export function registerImport(program: Command, shell: Shell): void {
  const command = program
    .command("import")
    .description("turn market data files into a recording")
    .addHelpText("after", EXAMPLES);
  venueOptions(
    command
      .command("candles")
      .description("one-minute candles into a new recording: CSV, klines of the public archive, feather; gzip and zip")
      .argument("<files...>", "files named SYMBOL-1m..., several of one symbol when their times do not overlap")
      .option("--funding <file>", 'funding rates (CSV, "symbol,funding_time_ms,funding_rate")'),
  ).action(async (files: string[], flags: CandleFlags) => {
    const { importCandles } = await import("../../recording/import/import-recording.ts");
    print(shell, flags, await importCandles({ ...flags, candles: files, createdBy: "sim import candles" }));
  });
  venueOptions(
    command
      .command("redis")
      .description("dumps of Redis streams (redis-cli XRANGE or XREVRANGE text, or NDJSON) into a new recording")
      .argument("<files...>", 'what redis-cli printed, or lines {"stream","id","fields"}, or a list of XINFO rows')
      .option("--stream <name>", "Redis name of the stream of text dumps, told by event_type when absent"),
  ).action(async (files: string[], flags: RedisFlags) => {
    const { importRedis } = await import("../../recording/import/import-redis.ts");
    print(shell, flags, importRedis({ ...flags, files, createdBy: "sim import redis" }));
  });
  venueOptions(
    command
      .command("ws")
      .description("captures of Binance websockets into a new recording")
      .argument("<files...>", 'lines {"local_ns","frame"} (NDJSON or NDJSON.gz), plain or combined-stream frames'),
  ).action(async (files: string[], flags: VenueFlags) => {
    const { importWs } = await import("../../recording/import/import-ws.ts");
    print(shell, flags, importWs({ ...flags, files, createdBy: "sim import ws" }));
  });
  venueOptions(
    command
      .command("trades")
      .description("trades or aggTrades (CSV, gzip or zip; archive files with or without header) into a new recording")
      .argument("<files...>", "files with columns trade_id, price, qty and time_ms, or those of the public archive")
      .option("--depth <files...>", "recorded depth updates (CSV, one level a row)")
      .option("--symbol <symbol>", "symbol of all files, told by each file's name when absent"),
  ).action(async (files: string[], flags: TradesFlags) => {
    const { importTrades } = await import("../../recording/import/import-trades.ts");
    print(shell, flags, importTrades({ ...flags, files, createdBy: "sim import trades" }));
  });
  venueOptions(
    command
      .command("bars")
      .description("mark-price candles of any interval, or minute bars of bid and ask, into a new recording")
      .argument("<files...>", "CSV or CSV.gz"),
  ).action(async (files: string[], flags: VenueFlags) => {
    const { importBars } = await import("../../recording/import/import-bars.ts");
    print(shell, flags, importBars({ ...flags, files, createdBy: "sim import bars" }));
  });
  outOptions(
    command
      .command("records")
      .description("JSON records of any shape, as inputs of one stream, into a new recording")
      .argument("<files...>", "NDJSON, or one JSON list")
      .requiredOption("--stream <name>", "stream of the recording, e.g. trades.closed")
      .requiredOption("--time <path>", "field with the time of a record, e.g. timestamp or item.time"),
  ).action(async (files: string[], flags: RecordsFlags) => {
    const { importRecords } = await import("../../recording/import/import-records.ts");
    print(shell, flags, importRecords({ ...flags, files, createdBy: "sim import records" }));
  });
  addition(command, shell, "funding", "funding rates (CSV)", (file) => ({ funding: file }));
  addition(command, shell, "exchange-info", "exchangeInfo of the venue (JSON)", (file) => ({ exchangeInfo: file }));
  addition(command, shell, "brackets", "leverage brackets (JSON or JSON.gz)", (file) => ({ brackets: file }));
}

function outOptions(command: Command): Command {
  return command
    .requiredOption("--out <dir>", "folder of the new recording")
    .option("--id <id>", "id of the recording, the name of the folder when absent")
    .option("--json", "one JSON document on stdout");
}

function venueOptions(command: Command): Command {
  return outOptions(command)
    .option("--exchange-info <file>", "exchangeInfo of the venue (JSON)")
    .option("--brackets <file>", "leverage brackets (JSON or JSON.gz)");
}

function addition(
  command: Command,
  shell: Shell,
  name: string,
  what: string,
  source: (file: string) => { funding?: string; exchangeInfo?: string; brackets?: string },
): void {
  outOptions(
    command
      .command(name)
      .description(`${what} added to a recording, as a new recording`)
      .argument("<file>", what)
      .requiredOption("--from <dir>", "recording to start from; it stays as it is"),
  ).action(async (file: string, flags: AdditionFlags) => {
    const { extendRecording } = await import("../../recording/import/extend-recording.ts");
    print(shell, flags, extendRecording({ ...flags, ...source(file), createdBy: `sim import ${name}` }));
  });
}

function print(shell: Shell, { json }: OutFlags, sealed: SealedRecording): void {
  const { dir, manifest, hash } = sealed;
  if (json !== true) {
    shell.print(importResultText(sealed));
    return;
  }
  const { id, fidelity, symbols, streams, gaps, inputs, notes } = manifest;
  const mappers = manifest["mappers"] ?? [];
  const document = { schema: "sim.import/1", recording: { id, hash, dir, fidelity } };
  shell.print(JSON.stringify({ ...document, symbols, streams, gaps, mappers, inputs, notes }, null, 2));
}

/** The result block: identity, span, records by stream, gaps, and what the import had to note. */
export function importResultText({ dir, manifest }: Pick<SealedRecording, "dir" | "manifest">): string {
  const times = manifest.parts.flatMap(({ firstTs, lastTs }) =>
    firstTs === null || lastTs === null ? [] : [firstTs, lastTs],
  );
  const bytes = manifest.parts.reduce((sum, part) => sum + part.bytes, 0);
  const gaps = manifest.gaps.reduce((sum, gap) => sum + gap.gaps, 0);
  const missing = manifest.gaps.reduce((sum, gap) => sum + gap.missing, 0);
  const rows = [
    ["recording", `${manifest.id}  ${manifest.fidelity}  ${manifest.hash}`],
    ["folder", `${dir}  ${manifest.parts.length} parts, ${bytes} bytes`],
    ["span", times.length === 0 ? "empty" : `${iso(Math.min(...times))} to ${iso(Math.max(...times))}`],
    ["symbols", String(manifest.symbols.length)],
    ["records", manifest.streams.map(({ stream, records }) => `${stream} ${records}`).join(", ")],
    ["gaps", gaps === 0 ? "none" : `${gaps}, records missing ${missing}, symbols ${manifest.gaps.length}`],
    ...mapperRows(manifest["mappers"]),
    ...manifest.notes.map((note) => ["note", note]),
  ];
  // Names and notes hold texts of the files: what could move a cursor is made visible.
  return rows.map(([name, value]) => `${name!.padEnd(10)} ${visibleText(value!)}\n`).join("");
}

/** With what the records were read: `mapper x records unit`. */
function mapperRows(mappers: unknown): string[][] {
  if (!Array.isArray(mappers) || mappers.length === 0) return [];
  const used = mappers as readonly { mapper: string; records: number; unit: string }[];
  return [["mappers", used.map(({ mapper, records, unit }) => `${mapper} ${records} (${unit})`).join(", ")]];
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
