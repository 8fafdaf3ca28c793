import { existsSync } from "node:fs";
import { join } from "node:path";
import { EXIT, UserError } from "../../diagnostics/user-error.ts";
import type { JournalHeader } from "../../engine/domain/journal.ts";
import { decodeJournalLine } from "../../recording/journal-codec.ts";
import type { MarketMove } from "../ports.ts";
import { readMoveLine } from "./applied-row.ts";
import { JOURNAL_FILE, type JournalEnds, type LiveEntry, MARKET_FILE } from "./file-journal.ts";
import { fileLines } from "./file-lines.ts";

/** What a session folder holds, in the order in which it happened. */
export type FolderItem =
  | { readonly kind: "move"; readonly move: MarketMove }
  /** `ends`: where the files would end if this entry were the last one. */
  | { readonly kind: "entry"; readonly entry: LiveEntry; readonly ends: JournalEnds };

export interface SessionFolder {
  readonly header: JournalHeader;
  /**
   * Everything that was written whole. An entry whose market is not there ends it: such an entry was never confirmed, so
   * none of its effects has left. Moves behind the last entry are left out; nobody has decided on them.
   */
  items(): Generator<FolderItem, void, undefined>;
}

/**
 * Reads the write-ahead journal of a live session, whole or cut short by a crash at any byte.
 *
 * @throws {UserError} exit 14 when the folder holds none, or a line that was written whole is damaged
 */
export function openSessionFolder(folder: string): SessionFolder {
  const journal = join(folder, JOURNAL_FILE);
  const market = join(folder, MARKET_FILE);
  if (!existsSync(journal) || !existsSync(market)) {
    const text = `Cannot read the session: the folder has no ${JOURNAL_FILE} with a ${MARKET_FILE}, that of a live session is needed`;
    throw new UserError([{ file: folder, text }], EXIT.recordingUnusable);
  }
  const lines = fileLines(journal);
  const first = lines.next();
  lines.return();
  if (first.done === true) {
    const text = "Cannot read the session: its journal has no whole header, the session had not begun";
    throw new UserError([{ file: journal, text, hint: "begin a new session in a new folder" }], EXIT.recordingUnusable);
  }
  return { header: decodeJournalLine(first.value.text) as JournalHeader, items: () => itemsOf(journal, market) };
}

function* itemsOf(journal: string, market: string): Generator<FolderItem, void, undefined> {
  const moves = fileLines(market);
  const entries = fileLines(journal);
  let moveCount = 0;
  let marketBytes = 0;
  let lineNumber = 1;
  entries.next();
  try {
    for (const { text, endByte } of entries) {
      lineNumber += 1;
      const entry = decodeEntry(text, journal, lineNumber);
      while (moveCount < entry.marketBefore) {
        const next = moves.next();
        if (next.done === true) return;
        const move = readMoveLine(next.value.text);
        moveCount += 1;
        if (move === null) throw damaged(market, moveCount, "it is no market move");
        marketBytes = next.value.endByte;
        yield { kind: "move", move };
      }
      yield { kind: "entry", entry, ends: { journalBytes: endByte, marketBytes, moves: moveCount } };
    }
  } finally {
    moves.return();
    entries.return();
  }
}

function decodeEntry(text: string, file: string, line: number): LiveEntry {
  let entry: LiveEntry;
  try {
    entry = decodeJournalLine(text) as LiveEntry;
  } catch (error) {
    throw damaged(file, line, error instanceof Error ? error.message : String(error));
  }
  if (typeof entry.envelope?.seq === "number" && Number.isSafeInteger(entry.marketBefore)) return entry;
  throw damaged(file, line, "it is no entry of a live session");
}

function damaged(file: string, line: number, what: string): UserError {
  const text = `Cannot read the session: the line does not decode (${what}), a whole line is needed`;
  return new UserError([{ file, line, text, hint: "restore the file from a copy" }], EXIT.recordingUnusable);
}
