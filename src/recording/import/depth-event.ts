const DECIMAL = /^\d+(?:\.\d+)?$/;

/** Price and quantity as texts; quantity 0 takes the level away. */
export type DepthLevel = readonly [price: string, qty: string, ...rest: unknown[]];

/**
 * `update` goes on from the event before it, `snapshot` is the whole book of a REST answer, `partial` the best levels
 * of a stream such as `depth20`, which take the place of each other.
 */
export type DepthKind = "update" | "snapshot" | "partial";

export interface DepthEvent {
  readonly kind: DepthKind;
  /** First and last update id; a snapshot has only the last. */
  readonly U: bigint | null;
  readonly u: bigint;
  /** Last update id of the event before; absent on spot. */
  readonly pu: bigint | null;
  readonly bids: readonly DepthLevel[];
  readonly asks: readonly DepthLevel[];
}

/**
 * Payload of a record of stream `depth`: nothing of the event is lost. Update ids are texts, because they may exceed
 * 2^53; levels are texts as they came.
 */
export function depthPayload(
  symbol: string,
  { kind, U, u, pu, bids, asks }: DepthEvent,
  more: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return {
    sym: symbol,
    kind,
    ...(U === null ? {} : { U: String(U) }),
    u: String(u),
    ...(pu === null ? {} : { pu: String(pu) }),
    b: bids,
    a: asks,
    ...more,
  };
}

/** What is wrong with a list of levels, or `null`. */
export function levelsProblem(name: string, levels: unknown): string | null {
  if (!Array.isArray(levels)) return `${name} is no list, levels [price, quantity] are needed`;
  for (const [index, level] of (levels as unknown[]).entries()) {
    const isPair = Array.isArray(level) && isDecimal(level[0]) && isDecimal(level[1]);
    if (!isPair) {
      return `${name}[${index}] is ${String(JSON.stringify(level)).slice(0, 80)}, two decimal texts are needed`;
    }
  }
  return null;
}

/** Exchanges write decimals; only these can become ticks again without loss. */
function isDecimal(value: unknown): boolean {
  return typeof value === "string" && DECIMAL.test(value);
}

/** Middle of the best bid and ask, for telling symbols apart; NaN when a side is empty. */
export function roughMiddle({ bids, asks }: DepthEvent): number {
  // No spread into Math.max: a book may have more levels than a call has arguments.
  const bid = bids.reduce((best, [price]) => Math.max(best, Number(price)), Number.NEGATIVE_INFINITY);
  const ask = asks.reduce((best, [price]) => Math.min(best, Number(price)), Number.POSITIVE_INFINITY);
  return Number.isFinite(bid) && Number.isFinite(ask) ? (bid + ask) / 2 : Number.NaN;
}
