import { referencePrice } from "../venue/venue-market.ts";
import type { Fault } from "./faults.ts";
import type { ServeContext } from "./serve-context.ts";

/** Faults that hit by themselves when their time comes, not when somebody asks. */
export class TimedFaults {
  readonly #context: ServeContext;
  /** Halts by symbol index, until when. */
  readonly #halts = new Map<number, number>();

  constructor(context: ServeContext) {
    this.#context = context;
  }

  run(tsMs: number): void {
    const { faults, session, listenKeys, disconnectListeners } = this.#context;
    for (const [symbolIndex, untilTsMs] of [...this.#halts]) {
      if (untilTsMs > tsMs) continue;
      this.#halts.delete(symbolIndex);
      session.venue.setStatus(symbolIndex, "TRADING", tsMs);
    }
    if (faults.isIdle) return;
    if (faults.take(["disconnect"], tsMs, "every stream connection") !== null) {
      for (const listener of disconnectListeners) listener();
    }
    if (faults.take(["listen-key-expired"], tsMs, "every listen key") !== null) listenKeys.expireAll(tsMs);
    if (faults.take(["testnet-reset"], tsMs, "every account") !== null) this.#reset();
    for (let fault = this.#takeOfSymbol(tsMs); fault !== null; fault = this.#takeOfSymbol(tsMs)) {
      this.#change(fault, tsMs);
    }
  }

  #takeOfSymbol(tsMs: number): Fault | null {
    return this.#context.faults.take(["symbol-halted", "symbol-delisted", "tick-size-changed"], tsMs, "its symbol");
  }

  #change({ kind, symbol = "", status, tickSize, untilTsMs }: Fault, tsMs: number): void {
    const { faults, session } = this.#context;
    const symbolIndex = session.venue.symbolIndex(symbol);
    if (symbolIndex === undefined) return;
    if (kind === "tick-size-changed") {
      faults.ticks.set(symbol, tickSize!);
      return;
    }
    session.venue.setStatus(symbolIndex, status === "reduce-only" ? "REDUCE_ONLY" : "CLOSED", tsMs);
    if (kind === "symbol-halted") this.#halts.set(symbolIndex, untilTsMs);
    else this.#settleAll(symbolIndex, tsMs);
  }

  /** A delisted symbol is settled: every position is closed at the mark. */
  #settleAll(symbolIndex: number, tsMs: number): void {
    const { venue, market } = this.#context.session;
    const mark = referencePrice(market, symbolIndex);
    for (const account of venue.accounts) {
      for (const position of [...account.positions.values()]) {
        if (position.symbolIndex !== symbolIndex || position.qtyLots === 0) continue;
        const side = position.qtyLots > 0 ? "SELL" : "BUY";
        venue.tradeBeside(account, symbolIndex, side, Math.abs(position.qtyLots), mark > 0 ? mark : null, tsMs);
      }
    }
  }

  /** As the testnet does every month: accounts as on their first day, orders and listen keys gone, nobody told. */
  #reset(): void {
    const { session, listenKeys } = this.#context;
    for (const account of session.venue.accounts) session.venue.resetAccount(account);
    listenKeys.forgetAll();
  }
}
