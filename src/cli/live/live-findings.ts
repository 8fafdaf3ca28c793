import type { JournalEntry, JournalHeader } from "../../engine/domain/journal.ts";
import { JOURNAL_FILE } from "../../live/session/file-journal.ts";
import { answerCoverage, answerLane, answerSymbol, type LaneAnswer } from "../../reports/doctor/lane-answers.ts";
import { VerdictBook } from "../../reports/doctor/verdict-book.ts";
import { type Ask, createFindings, type Finding } from "../../reports/findings/index.ts";

/** Findings and answers as they stand; part of `/status` of a running session, and what `live doctor` prints. */
export interface LiveFindingsDocument {
  readonly schema: "live.findings/1";
  readonly runId: string;
  readonly startTsMs: number;
  /** Time of the last entry; `null` before the first one. */
  readonly lastTsMs: number | null;
  readonly entries: number;
  readonly isEnded: boolean;
  readonly symbols: readonly string[];
  readonly findings: readonly Finding[];
  readonly answers: { readonly noExecute: LaneAnswer; readonly noExit: LaneAnswer; readonly coverage: LaneAnswer };
  /** `why-blocked` for every symbol that was judged. */
  readonly bySymbol: Readonly<Record<string, LaneAnswer>>;
}

export interface LiveFindings {
  /** Every entry once, in order; those that a recovery reads back first. */
  observe(entry: JournalEntry): void;
  report(): LiveFindingsDocument;
}

/**
 * The findings engine on a session that goes on.
 *
 * @param folder of the session: findings then name the command that shows them there
 */
export function createLiveFindings(header: JournalHeader, folder: string | null = null): LiveFindings {
  const engine = createFindings({ header, ask: askOfSession(folder) });
  const book = new VerdictBook();
  let entries = 0;
  return {
    observe(entry) {
      entries += 1;
      engine.observe(entry);
      book.observe(entry);
    },
    report: () => ({
      schema: "live.findings/1",
      runId: header.runId,
      startTsMs: header.startTsMs,
      lastTsMs: engine.facts.lastTsMs,
      entries,
      isEnded: book.isEnded,
      symbols: header.symbols,
      findings: engine.report(),
      answers: {
        noExecute: answerLane(book, "entries"),
        noExit: answerLane(book, "exits"),
        coverage: answerCoverage(engine.facts),
      },
      bySymbol: Object.fromEntries(
        [...book.bySymbol.keys()].sort().map((symbol) => [symbol, answerSymbol(book, symbol)]),
      ),
    }),
  };
}

/** A running journal is no finished run: its lines show what a finding rests on. */
export function askOfSession(folder: string | null): Ask {
  const place = folder === null ? "" : ` ${quoted(folder)}`;
  const overview = () => `live doctor${place}`;
  return {
    explain: (id) =>
      folder !== null && /^[\w.:-]+$/.test(id) ? `grep -F ${id} ${quoted(`${folder}/${JOURNAL_FILE}`)}` : overview(),
    at: (symbol) => (/^[A-Z0-9_]+$/.test(symbol) ? `${overview()} --question why-blocked ${symbol}` : overview()),
    overview,
  };
}

/** As a shell reads it back. */
function quoted(path: string): string {
  return /^[\w./:-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
