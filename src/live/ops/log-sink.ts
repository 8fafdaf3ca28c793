import { type FileHandle, open } from "node:fs/promises";

/** What may wait for a slow disk or a reader that does not read; beyond it lines are dropped and counted. */
export const WAITING_BYTES_MAX = 8 * 1024 * 1024;

/** Where finished lines go. Nothing here throws or waits: a log must never hold a session up. */
export interface LogSink {
  /** `false` when the line was dropped. */
  write(line: string): boolean;
  /** Opens the file anew, after the system has moved it away; without effect on a stream. */
  reopen(): void;
  /** Resolves when what was written has gone, or will not go. */
  close(): Promise<void>;
}

/** The part of a stream that is needed: stderr, or anything like it. */
export interface LogStream {
  readonly writableLength: number;
  write(text: string): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
}

/** A stream whose reader may leave (EPIPE) or stand still. The stream is not ours: closing leaves it open. */
export function streamSink(stream: LogStream): LogSink {
  let isBroken = false;
  // Stays for good: an error that is still on its way would end the process once nobody listens.
  stream.on("error", () => {
    isBroken = true;
  });
  return {
    write(line) {
      if (isBroken || stream.writableLength > WAITING_BYTES_MAX) return false;
      stream.write(line);
      return true;
    },
    reopen: () => {},
    close: async () => {},
  };
}

/**
 * A file, appended to in the background. What a full disk refuses is kept within `WAITING_BYTES_MAX` and tried again with
 * the next line; not pino's own destination, which can hang when it is closed while it reopens.
 *
 * @throws {Error} of the system when it cannot be opened
 */
export async function openFileSink(file: string): Promise<LogSink> {
  return new FileSink(file, await open(file, "a"));
}

class FileSink implements LogSink {
  readonly #file: string;
  #handle: FileHandle;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #mustReopen = false;
  #writing: Promise<void> | null = null;

  constructor(file: string, handle: FileHandle) {
    this.#file = file;
    this.#handle = handle;
  }

  write(line: string): boolean {
    const bytes = Buffer.from(line);
    if (this.#waitingBytes + bytes.length > WAITING_BYTES_MAX) {
      this.#writeSoon();
      return false;
    }
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#writeSoon();
    return true;
  }

  reopen(): void {
    this.#mustReopen = true;
    this.#writeSoon();
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#writeAll();
    await this.#handle.close().catch(() => {});
  }

  #writeSoon(): void {
    if (this.#waiting.length > 0 || this.#mustReopen) this.#writing ??= this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    try {
      while (this.#waiting.length > 0 || this.#mustReopen) {
        if (this.#mustReopen) await this.#reopen();
        await this.#writeBatch();
      }
    } catch {
      // Whatever is left waits for the next line, or is dropped at its bound.
    } finally {
      // In the turn of the last look: a line that comes later starts the next round.
      this.#writing = null;
    }
  }

  async #reopen(): Promise<void> {
    this.#mustReopen = false;
    const next = await open(this.#file, "a");
    await this.#handle.close().catch(() => {});
    this.#handle = next;
  }

  async #writeBatch(): Promise<void> {
    if (this.#waiting.length === 0) return;
    let rest = Buffer.concat(this.#waiting);
    this.#waiting = [];
    try {
      while (rest.length > 0) {
        const { bytesWritten } = await this.#handle.write(rest);
        rest = rest.subarray(bytesWritten);
        this.#waitingBytes -= bytesWritten;
      }
    } finally {
      if (rest.length > 0) this.#waiting.unshift(rest);
    }
  }
}
