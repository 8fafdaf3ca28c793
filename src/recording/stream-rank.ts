/** Market streams; the kinds of `MARKET_KIND` in the same words. */
export const MARKET_STREAMS = ["mark", "book", "trade"] as const;

export type MarketStream = (typeof MARKET_STREAMS)[number];

/**
 * What happened to the recording itself, each kind a stream of its own: where a source was away (`disconnect`,
 * `reconnect`, `trimmed`, `silence`), where the recorder was (`restart`), where its clock jumped (`clock-step`), and
 * where records were lost on the disk (`torn`). Their payload is `LiveGapPayload`.
 */
export const INTERRUPTIONS = [
  "disconnect",
  "reconnect",
  "restart",
  "clock-step",
  "trimmed",
  "silence",
  "torn",
] as const;

export type Interruption = (typeof INTERRUPTIONS)[number];

/**
 * Order of records received in the same millisecond: lower goes first, equal ranks go by `seq`.
 *
 * A gap is announced before the price that ends it; the market moves before money settles on it; features and intents
 * come last, because whoever made them had already seen that price (docs/architecture.md, rule 5).
 */
const RANKS: ReadonlyMap<string, number> = new Map<string, number>([
  ["gap", 0],
  ...INTERRUPTIONS.map((kind): [string, number] => [kind, 0]),
  ["mark", 10],
  ["book", 10],
  ["trade", 10],
  // What was in the book and what was traded stand as they came.
  ["depth", 10],
  ["funding", 20],
  ["marketstate", 30],
  ["trade.intent", 50],
]);

const OTHER_RANK = 40;

/** `streamRank("mark")` is 10; a stream without a rank of its own goes between market state and intents. */
export function streamRank(stream: string): number {
  return RANKS.get(stream) ?? OTHER_RANK;
}

export const MARKET_RANK: number = streamRank("mark");
