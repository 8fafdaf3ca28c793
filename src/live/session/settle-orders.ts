import { EXIT, UserError } from "../../diagnostics/user-error.ts";
import type { Clock, LiveExchange } from "../ports.ts";

const CANCEL_AGAIN_MS = 1000;

export interface SettlementParts {
  readonly exchange: LiveExchange;
  readonly clock: Clock;
  /** How long the exchange may be silent. */
  readonly waitMs: number;
  /** Orders of which an answer is awaited, by client order id. */
  inFlight(): readonly string[];
  /** Calls back when nothing is in flight, or when the session is over. */
  whenQuiet(wake: () => void): void;
  isOver(): boolean;
}

/**
 * Cancels own orders and waits until the exchange has said what became of each.
 *
 * @returns client order ids that were cancelled
 * @throws {UserError} exit 15 when something is still open after `waitMs`: an end would say that nothing is
 */
export async function settleOrders(parts: SettlementParts): Promise<readonly string[]> {
  const { exchange, clock, waitMs, inFlight, whenQuiet, isOver } = parts;
  const endTsMs = clock.nowMs() + waitMs;
  let cancelled: readonly string[] | null = null;
  while (cancelled === null) {
    try {
      cancelled = await exchange.cancelOwnOrders();
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      if (isOver()) return [];
      if (clock.nowMs() >= endTsMs) throw cannotEnd(`its own orders are not cancelled (${cause})`);
      await new Promise<void>((resolve) => clock.schedule(clock.nowMs() + CANCEL_AGAIN_MS, resolve));
    }
  }
  if (inFlight().length > 0 && !isOver()) {
    await new Promise<void>((resolve) => {
      const cancel = clock.schedule(Math.max(endTsMs, clock.nowMs()), resolve);
      whenQuiet(() => {
        cancel();
        resolve();
      });
    });
  }
  const open = inFlight();
  if (open.length > 0 && !isOver()) throw cannotEnd(`nobody knows what became of ${[...open].sort().join(", ")}`);
  return cancelled;
}

function cannotEnd(what: string): UserError {
  const text = `Cannot end the session: ${what}, an answer of the exchange is needed`;
  const hint = "it is suspended; live --resume with its folder asks again";
  return new UserError([{ text, hint }], EXIT.liveRefused);
}
