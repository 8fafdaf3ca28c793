import type { Command } from "commander";
import type { SealedRecording } from "../../recording/writer.ts";

interface CandleFlags {
  readonly out: string;
  readonly funding?: string;
  readonly exchangeInfo?: string;
  readonly brackets?: string;
  readonly id?: string;
}

interface VenueFlags {
  readonly out: string;
  readonly exchangeInfo?: string;
  readonly brackets?: string;
  readonly id?: string;
}

interface RedisFlags extends VenueFlags {
  readonly stream?: string;
}

interface TradesFlags extends VenueFlags {
  readonly symbol?: string;
}

interface AdditionFlags {
  readonly from: string;
  readonly out: string;
  readonly id?: string;
}

/** `sim import ...`: turns files from elsewhere into recordings. A sealed recording is never changed. */
export function registerImport(program: Command): void {
  const command = program.command("import").description("turn market data files into a recording");
  command
    .command("candles")
    .description("one-minute candles (CSV or CSV.gz, one file per symbol) into a new recording")
    .argument("<files...>", 'files with the header "open_time_ms,open,high,low,close,volume", named SYMBOL-1m.csv[.gz]')
    .requiredOption("--out <dir>", "folder of the new recording")
    .option("--funding <file>", 'funding rates (CSV, "symbol,funding_time_ms,funding_rate")')
    .option("--exchange-info <file>", "exchangeInfo of the venue (JSON)")
    .option("--brackets <file>", "leverage brackets (JSON or JSON.gz)")
    .option("--id <id>", "id of the recording, the name of the folder when absent")
    .action(async (files: string[], flags: CandleFlags) => {
      const { importRecording } = await import("../../recording/import/import-recording.ts");
      print(importRecording({ ...flags, candles: files, createdBy: "sim import candles" }));
    });
  venueOptions(
    command
      .command("redis")
      .description("dumps of Redis streams (redis-cli XRANGE or XREVRANGE text, or NDJSON) into a new recording")
      .argument("<files...>", 'what redis-cli printed, or lines {"stream","id","fields"}; .gz too')
      .option("--stream <name>", "Redis name of the stream of text dumps, told by event_type when absent"),
  ).action(async (files: string[], flags: RedisFlags) => {
    const { importRedis } = await import("../../recording/import/import-redis.ts");
    print(importRedis({ ...flags, files, createdBy: "sim import redis" }));
  });
  venueOptions(
    command
      .command("ws")
      .description("captures of Binance websockets into a new recording")
      .argument("<files...>", 'lines {"local_ns","frame"} (NDJSON or NDJSON.gz), plain or combined-stream frames'),
  ).action(async (files: string[], flags: VenueFlags) => {
    const { importWs } = await import("../../recording/import/import-ws.ts");
    print(importWs({ ...flags, files, createdBy: "sim import ws" }));
  });
  venueOptions(
    command
      .command("trades")
      .description("trades or aggTrades (CSV or CSV.gz with a header) into a new recording")
      .argument("<files...>", "files with columns trade_id, price, qty and time_ms, or the names of the public archive")
      .option("--symbol <symbol>", "symbol of all files, told by each file's name when absent"),
  ).action(async (files: string[], flags: TradesFlags) => {
    const { importTrades } = await import("../../recording/import/import-trades.ts");
    print(importTrades({ ...flags, files, createdBy: "sim import trades" }));
  });
  addition(command, "funding", "funding rates (CSV)", (file) => ({ funding: file }));
  addition(command, "exchange-info", "exchangeInfo of the venue (JSON)", (file) => ({ exchangeInfo: file }));
  addition(command, "brackets", "leverage brackets (JSON or JSON.gz)", (file) => ({ brackets: file }));
}

function venueOptions(command: Command): Command {
  return command
    .requiredOption("--out <dir>", "folder of the new recording")
    .option("--exchange-info <file>", "exchangeInfo of the venue (JSON)")
    .option("--brackets <file>", "leverage brackets (JSON or JSON.gz)")
    .option("--id <id>", "id of the recording, the name of the folder when absent");
}

function addition(
  command: Command,
  name: string,
  what: string,
  source: (file: string) => { funding?: string; exchangeInfo?: string; brackets?: string },
): void {
  command
    .command(name)
    .description(`${what} added to a recording, as a new recording`)
    .argument("<file>", what)
    .requiredOption("--from <dir>", "recording to start from; it stays as it is")
    .requiredOption("--out <dir>", "folder of the new recording")
    .option("--id <id>", "id of the recording, the name of the folder when absent")
    .action(async (file: string, flags: AdditionFlags) => {
      const { extendRecording } = await import("../../recording/import/extend-recording.ts");
      print(extendRecording({ ...flags, ...source(file), createdBy: `sim import ${name}` }));
    });
}

function print(sealed: SealedRecording): void {
  process.stdout.write(importResultText(sealed));
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
    ["recording", `${manifest.id}  ${manifest.hash}`],
    ["folder", `${dir}  ${manifest.parts.length} parts, ${bytes} bytes`],
    ["span", times.length === 0 ? "empty" : `${iso(Math.min(...times))} to ${iso(Math.max(...times))}`],
    ["symbols", String(manifest.symbols.length)],
    ["records", manifest.streams.map(({ stream, records }) => `${stream} ${records}`).join(", ")],
    ["gaps", gaps === 0 ? "none" : `${gaps}, records missing ${missing}, symbols ${manifest.gaps.length}`],
    ...manifest.notes.map((note) => ["note", note]),
  ];
  return rows.map(([name, value]) => `${name!.padEnd(10)} ${value}\n`).join("");
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
