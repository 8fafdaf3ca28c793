/**
 * What is known, to the last digit, about the pipeline around 2026-02-02 00:20 UTC.
 *
 * Entry ids, prices and plan ids of `RECOVERED_INTENTS` were found by searching for the inputs whose SHA-256 prefix is
 * a plan id that the incident document prints; nothing in them is estimated. Other constants name their source.
 */
export interface RecoveredIntent {
  readonly entryId: string;
  readonly symbol: string;
  readonly side: "BUY" | "SELL";
  readonly entryPrice: number;
  readonly planId: string;
}

/** All intents between 00:10 and 00:22; the bot sent 200 USD each, so the price gives the quantity. */
export const RECOVERED_INTENTS: readonly RecoveredIntent[] = [
  { entryId: "1769991002861-9", symbol: "ZECUSDT", side: "BUY", entryPrice: 308.97, planId: "ec9d5501b8ad9ceb" },
  { entryId: "1769991002874-0", symbol: "WAVESUSDT", side: "BUY", entryPrice: 1.3355, planId: "f15ede12d9dbae2a" },
  { entryId: "1769991064868-2", symbol: "ZECUSDT", side: "BUY", entryPrice: 310.03, planId: "f569b5f9d5237cb4" },
  { entryId: "1769991064873-2", symbol: "WAVESUSDT", side: "BUY", entryPrice: 1.3355, planId: "c2da191ccbd40797" },
  { entryId: "1769991436973-1", symbol: "ZECUSDT", side: "BUY", entryPrice: 316.67, planId: "27f33dbd4e6752ab" },
  { entryId: "1769991498876-8", symbol: "ZECUSDT", side: "BUY", entryPrice: 317.16, planId: "162956e940906e40" },
  { entryId: "1769991560822-1", symbol: "ZECUSDT", side: "BUY", entryPrice: 317.8, planId: "aaca3df5148bda97" },
  { entryId: "1769991622701-0", symbol: "ZECUSDT", side: "BUY", entryPrice: 318.29, planId: "d39b3a13242dd84c" },
  { entryId: "1769991622785-9", symbol: "WAVESUSDT", side: "BUY", entryPrice: 1.3355, planId: "2f09b9d0409dda89" },
  { entryId: "1769991684661-1", symbol: "ZECUSDT", side: "BUY", entryPrice: 316.59, planId: "fade715762e5ab39" },
];

/**
 * SELL intents that the documents list with their confidence but without ids; the bot repeated its list every cycle,
 * so they stand here in the cycle of 00:17:16 with ids of our own.
 */
export const LISTED_SELLS: readonly {
  readonly entryId: string;
  readonly symbol: string;
  readonly confidence: number;
}[] = [
  { entryId: "1769991436974-0", symbol: "GALAUSDT", confidence: 0.539 },
  { entryId: "1769991436974-1", symbol: "MKRUSDT", confidence: 0.534 },
  { entryId: "1769991436974-2", symbol: "VETUSDT", confidence: 0.543 },
  { entryId: "1769991436974-3", symbol: "HBARUSDT", confidence: 0.554 },
];

/** The allowlist P3.3 ran with, in its order (pipeline.md, embedded config record). */
export const P33_ALLOWLIST: readonly string[] = [
  "BTCUSDT",
  "ETHUSDT",
  "WAVESUSDT",
  "TRXUSDT",
  "MANAUSDT",
  "ZECUSDT",
  "GALAUSDT",
  "FILUSDT",
  "CRVUSDT",
  "DOTUSDT",
  "APTUSDT",
  "SEIUSDT",
];

/**
 * Market state of the two symbols the harvest lane judged. The trend strengths follow from the printed scores
 * (0.3 - 0.239760 and 0.3 - 0.288207); sigma at its reference means no spike, as printed. The probabilities are not
 * printed, only that they made a regime flip: the values are those of ETH and SOL on 2026-01-22.
 */
export const MARKET_STATES = [
  { symbol: "BTCUSDT", sigma: "0.01", mu: "0.0006024", ts: "0.060240", pTrend: "0.247", pMr: "0.126", pChop: "0.627" },
  { symbol: "ETHUSDT", sigma: "0.01", mu: "0.00011793", ts: "0.011793", pTrend: "0.235", pMr: "0.115", pChop: "0.65" },
] as const;
