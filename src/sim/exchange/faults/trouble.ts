import type { OrderSubmitted } from "../../../engine/domain/decision.ts";
import { REFUSALS } from "../../../venue/refusal.ts";
import type { RandomStream, RandomStreams } from "../../time/random-streams.ts";
import type { Fault, FaultKind, TroubleRates } from "./fault.ts";
import type { FaultPlan } from "./fault-plan.ts";

/** What becomes of a new order before the venue looks at it; `null` is nothing. */
export type OrderTrouble =
  | { readonly kind: "refused"; readonly code: number; readonly text: string }
  | { readonly kind: "unknown"; readonly isArrived: boolean; readonly cause: string }
  | null;

interface ErrorAnswer {
  readonly code: number;
  readonly text: string;
}

/** Every call is refused, whatever it asks for: Binance's codes and texts. */
const EVERY_CALL = {
  maintenance: { code: -1016, text: "This service is no longer available." },
  ban: { code: -1003, text: "Way too many requests; IP banned. Please use the websocket for live updates." },
  "rate-limit": { code: -1003, text: "Too many requests; current limit is exceeded." },
  "clock-skew": { code: -1021, text: "Timestamp for this request is outside of the recvWindow." },
} as const satisfies Partial<Record<FaultKind, ErrorAnswer>>;
const EVERY_CALL_KINDS = ["maintenance", "ban", "rate-limit", "clock-skew"] as const;

/** The answer does not say what became of the order; `arrives` is the share that reached the exchange. */
const UNKNOWN = {
  "ack-lost": { cause: "the answer was lost after the order was accepted", arrives: 1 },
  "server-error": { cause: "HTTP 503: unknown error, the execution status is unknown", arrives: 0.5 },
  "timeout-unknown": { cause: `${REFUSALS.statusUnknown.code}: ${REFUSALS.statusUnknown.text}`, arrives: 0 },
} as const satisfies Partial<Record<FaultKind, { cause: string; arrives: number }>>;
const UNKNOWN_KINDS = ["ack-lost", "server-error", "timeout-unknown"] as const;

export interface TroubleOptions {
  readonly faults: FaultPlan;
  readonly rates: TroubleRates;
  readonly random: RandomStreams;
  /** Price in quote of a limit order. */
  priceOf(order: OrderSubmitted): number | null;
}

/** Decides which requests come to nothing, or to something nobody hears of. */
export class Trouble {
  readonly #options: TroubleOptions;
  readonly #rejects: RandomStream | null;
  readonly #unknown: RandomStream | null;

  constructor(options: TroubleOptions) {
    const { rates, random } = options;
    this.#options = options;
    this.#rejects = rates.rejects === undefined ? null : random.stream("trouble/rejects");
    this.#unknown = rates.unknown === undefined ? null : random.stream("trouble/unknown");
  }

  onOrder(order: OrderSubmitted, tsMs: number): OrderTrouble {
    const { faults, rates } = this.#options;
    const refused = this.#refusal(tsMs, order.symbol);
    if (refused !== null) return { kind: "refused", ...refused };
    if (!order.isReduceOnly && faults.take(["server-busy"], tsMs, order.symbol) !== null) {
      return { kind: "refused", code: REFUSALS.serverBusy.code, text: REFUSALS.serverBusy.text };
    }
    if (this.#isOffTick(order, tsMs)) return { kind: "refused", ...offTick() };
    const fault = faults.take(UNKNOWN_KINDS, tsMs, order.symbol);
    if (fault !== null) return this.#unknownBy(fault);
    if (this.#rejects !== null && this.#rejects.next() < rates.rejects!.rate) {
      return { kind: "refused", code: rates.rejects!.code, text: "Refused by the exchange for a technical reason." };
    }
    if (this.#unknown === null || this.#unknown.next() >= rates.unknown!.rate) return null;
    const isArrived = this.#unknown.next() < rates.unknown!.arrives;
    return { kind: "unknown", isArrived, cause: UNKNOWN["timeout-unknown"].cause };
  }

  /** Why a query or a snapshot call has no answer; `null` when it has one. */
  onCall(tsMs: number, symbol: string | null): string | null {
    const refused = this.#refusal(tsMs, symbol);
    if (refused !== null) return `${refused.code}: ${refused.text}`;
    return this.#options.faults.take(["disconnect"], tsMs, null) === null ? null : "the connection was lost";
  }

  #refusal(tsMs: number, symbol: string | null): ErrorAnswer | null {
    const fault = this.#options.faults.take(EVERY_CALL_KINDS, tsMs, symbol);
    return fault === null ? null : EVERY_CALL[fault.kind as keyof typeof EVERY_CALL];
  }

  #unknownBy(fault: Fault): OrderTrouble {
    const { cause, arrives } = UNKNOWN[fault.kind as keyof typeof UNKNOWN];
    const share = fault.arrives ?? arrives;
    const isArrived = share >= 1 || (share > 0 && this.#options.faults.isDrawn(fault, share));
    return { kind: "unknown", isArrived, cause };
  }

  /** A price that was on the grid until the tick grew. */
  #isOffTick(order: OrderSubmitted, tsMs: number): boolean {
    const { faults, priceOf } = this.#options;
    const price = priceOf(order);
    if (price === null) return false;
    return (
      faults.take(["tick-size-changed"], tsMs, order.symbol, ({ tickSize }) => !isOnGrid(price, Number(tickSize))) !==
      null
    );
  }
}

function isOnGrid(price: number, tick: number): boolean {
  const ticks = price / tick;
  return Math.abs(ticks - Math.round(ticks)) < 1e-6;
}

function offTick(): ErrorAnswer {
  return { code: REFUSALS.priceOffTick.code, text: REFUSALS.priceOffTick.text };
}
