import { EXIT, UserError } from "../../diagnostics/user-error.ts";
import { type LogSink, type LogStream, openFileSink, streamSink } from "./log-sink.ts";
import { prettyLine } from "./pretty-line.ts";

export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
type WrittenLevel = Exclude<LogLevel, "silent">;

export type LogFields = Readonly<Record<string, unknown>>;

export interface LogOptions {
  readonly level: LogLevel;
  /** A path, or a stream such as stderr, which stays open. */
  readonly destination: string | LogStream;
  /** Every line passes it whole, after it was written out: no field can go round it. */
  redact(text: string): string;
  readonly format: "json" | "pretty";
  /** In every line, e.g. the session id. */
  readonly base?: LogFields;
}

export type LogLine = (text: string, fields?: LogFields) => void;

export interface Log extends Readonly<Record<WrittenLevel, LogLine>> {
  /** Lines that a full disk, a slow reader or a closed pipe cost. */
  readonly droppedLines: number;
  /** For a system that moves the file away (logrotate `create`); with `copytruncate` nothing need be done. */
  reopen(): void;
  close(): Promise<void>;
}

/**
 * A structured log, one line of JSON for each message, or one plain line for people.
 *
 * Writing never throws and never waits: what does not fit is dropped, and the next line that goes is followed by one
 * that says how many. Log files are not rotated here, that is the system's: the file is appended to, so `copytruncate`
 * works, and `reopen` serves the rest.
 *
 * @throws {UserError} exit 2 when the file cannot be opened
 */
export async function createLog(options: LogOptions): Promise<Log> {
  const { default: createPino } = await import("pino");
  const { level, format, redact } = options;
  const sink = await openSink(options);
  let dropped = 0;
  let told = 0;
  const stream = {
    write(json: string): void {
      const line = format === "pretty" ? prettyLine(json) : json;
      if (!sink.write(safely(redact, line))) {
        dropped += 1;
        return;
      }
      if (dropped === told) return;
      const lines = dropped - told;
      // Before the line is written: that line comes back here.
      told = dropped;
      logger.warn({ lines }, "lines of the log were dropped");
    },
  };
  const logger = createPino(
    { level, base: options.base ?? null, timestamp: () => `,"tsMs":${Date.now()}`, formatters: { level: named } },
    stream,
  );
  const line =
    (name: WrittenLevel): LogLine =>
    (text, fields) => {
      try {
        if (fields === undefined) logger[name](text);
        else logger[name](fields, text);
      } catch {
        // Something in the fields does not let itself be read.
        dropped += 1;
      }
    };
  return {
    trace: line("trace"),
    debug: line("debug"),
    info: line("info"),
    warn: line("warn"),
    error: line("error"),
    fatal: line("fatal"),
    get droppedLines() {
      return dropped;
    },
    reopen: () => sink.reopen(),
    close: () => sink.close(),
  };
}

async function openSink({ destination }: LogOptions): Promise<LogSink> {
  if (typeof destination !== "string") return streamSink(destination);
  try {
    return await openFileSink(destination);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    const text = `Cannot write the log: the system answers ${reason}, a file that can be appended to is needed`;
    throw new UserError([{ file: destination, text }], EXIT.usage, { cause: error });
  }
}

function named(label: string): { readonly level: string } {
  return { level: label };
}

/** A line that could not be made safe is not written. */
function safely(redact: (text: string) => string, line: string): string {
  try {
    return redact(line);
  } catch {
    return '{"level":"error","msg":"a line of the log could not be redacted and was left out"}\n';
  }
}
