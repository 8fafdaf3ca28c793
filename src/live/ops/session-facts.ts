import type { Decision } from "../../engine/domain/decision.ts";
import type { EngineEvent, KillSwitchSet, OrderFilled } from "../../engine/domain/event.ts";
import type { EvalType } from "../../engine/domain/intent.ts";
import type { JournalEntry, JournalHeader } from "../../engine/domain/journal.ts";
import type { Money } from "../../engine/domain/money.ts";

/** Trades that are remembered, so that one told twice is counted once. */
const TRADES_KEPT = 10_000;

/** Plans of one kind and what became of them; entries and exits are never added up. */
export interface PlanTally {
  /** With a terminal answer, `executed` and `refused` together with those that failed on the way. */
  readonly answered: number;
  /** Something filled. */
  readonly executed: number;
  /** A governor, a permit or the venue said no. */
  readonly refused: number;
}

type Counted = { -readonly [Key in keyof PlanTally]: number };

/**
 * What a session has done and holds, from its entries alone. Memory grows with symbols, not with time.
 *
 * Fed with the entries a recovery reads back first, it goes on where the session stopped.
 */
export class SessionFacts {
  readonly stepSizes: ReadonlyMap<string, number>;
  readonly #tallies: Record<EvalType, Counted> = { ENTRY: tally(), EXIT: tally(), UNKNOWN: tally() };
  readonly #positions = new Map<string, number>();
  readonly #ledger = new Map<string, number>();
  readonly #trades = new Set<string>();
  intentsRejected = 0;
  /** Trades, each counted once however often it is told. */
  fills = 0;
  killSwitch: KillSwitchSet["scope"] = "off";
  startWalletQuote: Money | null = null;
  walletQuote: Money | null = null;
  equityQuote: Money | null = null;
  grossNotional = 0;
  portfolioHeat = 0;
  drawdown = 0;
  lastEntryTsMs: number | null = null;
  lastIntentTsMs: number | null = null;
  lastPriceTsMs: number | null = null;

  constructor({ symbols, stepSizes }: Pick<JournalHeader, "symbols" | "stepSizes">) {
    this.stepSizes = new Map(symbols.map((symbol, index) => [symbol, Number(stepSizes[index])]));
  }

  observe({ envelope, decisions }: JournalEntry): void {
    this.lastEntryTsMs = envelope.tsMs;
    this.#event(envelope.event, envelope.tsMs);
    for (const decision of decisions) this.#decision(decision);
  }

  /** A price has been applied; prices are no entries. */
  price(tsMs: number): void {
    this.lastPriceTsMs = tsMs;
  }

  get entries(): PlanTally {
    return this.#tallies.ENTRY;
  }

  get exits(): PlanTally {
    return this.#tallies.EXIT;
  }

  /** Signed lots by symbol as the engine believes; a symbol that has been held stays with 0. */
  get positions(): ReadonlyMap<string, number> {
    return this.#positions;
  }

  get openPositions(): number {
    let open = 0;
    for (const qtyLots of this.#positions.values()) if (qtyLots !== 0) open += 1;
    return open;
  }

  /** Lots that the ledger has not heard of yet: position minus ledger, signed, for every symbol ever held. */
  ledgerBehindLots(symbol: string): number {
    return (this.#positions.get(symbol) ?? 0) - (this.#ledger.get(symbol) ?? 0);
  }

  /** Equity, or the wallet where no position was ever open, against the wallet of the start. */
  get pnlQuote(): Money | null {
    const now = this.equityQuote ?? this.walletQuote;
    return now === null || this.startWalletQuote === null ? null : now - this.startWalletQuote;
  }

  #isNewTrade({ symbol, tradeId }: OrderFilled): boolean {
    const key = `${symbol} ${tradeId}`;
    if (this.#trades.has(key)) return false;
    if (this.#trades.size >= TRADES_KEPT) this.#trades.delete(this.#trades.values().next().value!);
    this.#trades.add(key);
    return true;
  }

  #event(event: EngineEvent, tsMs: number): void {
    switch (event.type) {
      case "run.started":
        this.startWalletQuote = event.walletQuote;
        this.walletQuote = event.walletQuote;
        break;
      case "intent.received":
        this.lastIntentTsMs = tsMs;
        break;
      case "exchange.order-filled": {
        if (!this.#isNewTrade(event)) break;
        this.fills += 1;
        const signed = event.side === "BUY" ? event.qtyLots : -event.qtyLots;
        this.#positions.set(event.symbol, (this.#positions.get(event.symbol) ?? 0) + signed);
        break;
      }
      case "exchange.snapshot-received":
        if (event.status === "ok") this.walletQuote = event.walletQuote;
        break;
      case "operator.kill-switch-set":
        this.killSwitch = event.scope;
        break;
      default:
    }
  }

  #decision(decision: Decision): void {
    switch (decision.type) {
      case "intent.rejected":
        this.intentsRejected += 1;
        break;
      case "result.recorded": {
        const tally = this.#tallies[decision.evalType];
        tally.answered += 1;
        if (decision.isExecuted) tally.executed += 1;
        else if (/^(?:BLOCKED|REJECTED|SKIPPED)/.test(decision.status)) tally.refused += 1;
        break;
      }
      case "ledger.committed":
        this.#ledger.set(decision.symbol, decision.ledgerQtyLots);
        break;
      case "position.reconciled":
        this.#positions.set(decision.symbol, decision.exchangeQtyLots);
        if (decision.ledgerQtyLots !== null) this.#ledger.set(decision.symbol, decision.ledgerQtyLots);
        break;
      case "account.sampled":
        this.walletQuote = decision.walletQuote;
        this.equityQuote = decision.equityQuote;
        this.grossNotional = decision.grossNotional;
        this.portfolioHeat = decision.portfolioHeat;
        this.drawdown = decision.drawdown;
        break;
      default:
    }
  }
}

function tally(): Counted {
  return { answered: 0, executed: 0, refused: 0 };
}
