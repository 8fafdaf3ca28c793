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
    for (let halt = this.#takeHalt(tsMs); halt !== null; halt = this.#takeHalt(tsMs)) {
      const symbolIndex = session.venue.symbolIndex(halt.symbol ?? "");
      if (symbolIndex === undefined) continue;
      session.venue.setStatus(symbolIndex, "CLOSED", tsMs);
      this.#halts.set(symbolIndex, halt.untilTsMs);
    }
  }

  #takeHalt(tsMs: number): Fault | null {
    return this.#context.faults.take(["symbol-halted"], tsMs, "its symbol");
  }

  /** As the testnet does every month: accounts as on their first day, orders and listen keys gone, nobody told. */
  #reset(): void {
    const { session, listenKeys } = this.#context;
    for (const account of session.venue.accounts) session.venue.resetAccount(account);
    listenKeys.forgetAll();
  }
}
