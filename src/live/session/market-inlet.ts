import type { FindingNoted } from "../../engine/domain/decision.ts";
import type { MarketState } from "../../engine/market/market-state.ts";
import type { FeedFunding, FeedRow, JournalSink, LiveExchange, MarketMove, RecordingSink } from "../ports.ts";
import { applyMove, applyStamp, problemOfRow } from "./applied-row.ts";
import { RowHold } from "./row-hold.ts";
import type { Stamps } from "./stamps.ts";

const BAD_ROWS_NOTED = 10;

export interface MarketInletOptions {
  readonly symbolCount: number;
  readonly stamps: Stamps;
  /** Of the session and of its shadows; they see every price before the engine does (docs/architecture.md, rule 5). */
  readonly exchanges: readonly Pick<LiveExchange, "onRow" | "onFunding">[];
  readonly markets: readonly MarketState[];
  readonly journal: JournalSink;
  readonly recording: RecordingSink | null;
  /** Nothing can be written now: rows are held, the newest of each symbol. */
  isHeld(): boolean;
  /** Number of the last envelope. */
  seq(): number;
  note(code: string, severity: FindingNoted["severity"], text: string, evidence: FindingNoted["evidence"]): void;
}

/** The way of prices and funding rates into a session: looked at, stamped, recorded, and applied the moment they come. */
export class MarketInlet {
  readonly #options: MarketInletOptions;
  readonly #hold = new RowHold();
  #badRows = 0;

  constructor(options: MarketInletOptions) {
    this.#options = options;
  }

  row(row: FeedRow): void {
    const problem = problemOfRow(row, this.#options.symbolCount);
    if (problem !== null) {
      this.#badRows += 1;
      if (this.#badRows > BAD_ROWS_NOTED) return;
      this.#options.note("bad_row", "warn", `A price was left out: ${problem}`, { problem, rows: this.#badRows });
    } else if (this.#options.isHeld()) this.#hold.hold(row);
    else this.#apply(row);
  }

  funding(funding: FeedFunding): void {
    const { symbolCount, stamps, recording, exchanges, seq } = this.#options;
    const { symbolIndex, rate } = funding;
    const isKnown = Number.isInteger(symbolIndex) && symbolIndex >= 0 && symbolIndex < symbolCount;
    if (!isKnown || !Number.isFinite(rate)) return;
    const stampMs = stamps.now();
    stamps.inputs += 1;
    recording?.funding(funding, stampMs, stamps.place(seq()));
    for (const exchange of exchanges) exchange.onFunding?.(funding);
    this.#move({ kind: "funding", symbolIndex, rate });
  }

  /** What was held comes in now. */
  release(): void {
    for (const row of this.#hold.release((dropped) => this.#noteDropped(dropped))) this.#apply(row);
  }

  #apply(feedRow: FeedRow): void {
    const { stamps, recording, exchanges } = this.#options;
    const { isHistory, tsMs } = feedRow;
    const stampMs = isHistory === true && tsMs !== null ? stamps.history(tsMs) : stamps.now();
    const row = applyStamp(feedRow, stampMs);
    stamps.rows += 1;
    recording?.row(feedRow, stampMs);
    for (const exchange of exchanges) exchange.onRow?.(row);
    this.#move({ kind: "row", row });
  }

  #move(move: MarketMove): void {
    this.#options.journal.move(move);
    for (const market of this.#options.markets) applyMove(market, move);
  }

  #noteDropped(dropped: number): void {
    if (dropped === 0) return;
    const text = `${dropped} prices were skipped while the disk was behind`;
    this.#options.note("market_conflated", "warn", text, { dropped });
  }
}
