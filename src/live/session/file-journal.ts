import { closeSync, existsSync, fdatasync, ftruncateSync, mkdirSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { EXIT, UserError } from "../../diagnostics/user-error.ts";
import type { JournalEntry, JournalHeader } from "../../engine/domain/journal.ts";
import { encodeJournalLine } from "../../recording/journal-codec.ts";
import { syncDirectory } from "../../recording/live/durable-file.ts";
import type { JournalSink, MarketMove } from "../ports.ts";
import { moveLine } from "./applied-row.ts";

export const JOURNAL_FILE = "journal.ndjson";
/** Market moves in the order in which they were applied; entries say how many went before them. */
export const MARKET_FILE = "market.csv";

const sync = promisify(fdatasync);

/**
 * What a confirmed flush survives: `disk` a power failure (each flush waits for the disk), `process` the death of the
 * process, however sudden.
 */
export type Durability = "disk" | "process";

/** A line of a live journal: an entry, and the number of market moves before it. */
export interface LiveEntry extends JournalEntry {
  readonly marketBefore: number;
}

/** Where the files of a journal that goes on end; whatever lies behind is cut off. */
export interface JournalEnds {
  readonly journalBytes: number;
  readonly marketBytes: number;
  readonly moves: number;
}

/**
 * The write-ahead journal in a folder: `journal.ndjson`, which every reader of journals understands, and `market.csv`.
 * All entries are written, those too that a simulated run leaves out: a recovery needs them.
 *
 * @param ends of `recoverSession`; a new journal when absent
 * @throws {UserError} exit 15 when the folder has a journal already, or cannot be written
 */
export function openFileJournal(
  folder: string,
  header: JournalHeader,
  durability: Durability,
  ends: JournalEnds | null = null,
): JournalSink {
  return new FileJournal(folder, header, durability, ends);
}

class FileJournal implements JournalSink {
  readonly #folder: string;
  readonly #durability: Durability;
  readonly #journal: number;
  readonly #market: number;
  #moves: number;
  #journalText = "";
  #marketText = "";
  #journalAt = 0;
  #marketAt = 0;
  #failure: UserError | null = null;
  #isClosed = false;

  constructor(folder: string, header: JournalHeader, durability: Durability, ends: JournalEnds | null) {
    this.#folder = folder;
    this.#durability = durability;
    this.#moves = ends?.moves ?? 0;
    try {
      mkdirSync(folder, { recursive: true });
      const file = join(folder, JOURNAL_FILE);
      if (ends === null && existsSync(file)) {
        const text = "Cannot begin a journal in the folder: it holds one, a new folder is needed";
        throw new UserError(
          [{ file: folder, text, hint: "choose another folder, or resume the session" }],
          EXIT.liveRefused,
        );
      }
      this.#journal = openSync(file, ends === null ? "wx" : "r+");
      this.#market = openSync(join(folder, MARKET_FILE), ends === null ? "wx" : "r+");
      if (ends !== null) {
        ftruncateSync(this.#journal, ends.journalBytes);
        ftruncateSync(this.#market, ends.marketBytes);
        this.#journalAt = ends.journalBytes;
        this.#marketAt = ends.marketBytes;
      } else this.#journalText = `${encodeJournalLine(header)}\n`;
      if (durability === "disk") syncDirectory(folder);
    } catch (error) {
      throw error instanceof UserError ? error : this.#fail(error);
    }
  }

  move(move: MarketMove): void {
    this.#moves += 1;
    this.#marketText += `${moveLine(move)}\n`;
  }

  append(entry: JournalEntry): void {
    const line: LiveEntry = { ...entry, marketBefore: this.#moves };
    this.#journalText += `${encodeJournalLine(line)}\n`;
  }

  async flush(): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    const { hasMarket, hasJournal } = this.#write();
    if (this.#durability !== "disk") return;
    try {
      await Promise.all([hasMarket ? sync(this.#market) : null, hasJournal ? sync(this.#journal) : null]);
    } catch (error) {
      throw this.#fail(error);
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      if (this.#failure === null) await this.flush();
    } finally {
      closeSync(this.#journal);
      closeSync(this.#market);
    }
  }

  /** The market goes first: an entry in the file whose market is missing is an entry that was never confirmed. */
  #write(): { readonly hasMarket: boolean; readonly hasJournal: boolean } {
    const [market, journal] = [this.#marketText, this.#journalText];
    this.#marketText = "";
    this.#journalText = "";
    try {
      this.#marketAt = writeWhole(this.#market, market, this.#marketAt);
      this.#journalAt = writeWhole(this.#journal, journal, this.#journalAt);
    } catch (error) {
      throw this.#fail(error);
    }
    return { hasMarket: market !== "", hasJournal: journal !== "" };
  }

  #fail(error: unknown): UserError {
    const reason = (error as { code?: string }).code ?? String(error);
    const text = `Cannot write the journal: the system answers ${reason}, a writable folder with free space is needed; nothing is sent any more`;
    const hint = "make space and resume the session";
    this.#failure ??= new UserError([{ file: this.#folder, text, hint }], EXIT.liveRefused, { cause: error });
    return this.#failure;
  }
}

function writeWhole(descriptor: number, text: string, position: number): number {
  if (text === "") return position;
  const bytes = Buffer.from(text);
  let written = 0;
  while (written < bytes.length) {
    written += writeSync(descriptor, bytes, written, bytes.length - written, position + written);
  }
  return position + written;
}
