/** Market features of one symbol as the decisions use them (pipeline.md 1.4). */
export interface MarketFeatures {
  /** Volatility of one bar's log return. */
  readonly sigma: number;
  /** Robust slope of the log price per bar. */
  readonly mu: number;
  /** Trend strength |mu| / sigma, 6 decimals. */
  readonly trendStrength: number;
  readonly pTrend: number;
  readonly pMeanReversion: number;
  readonly pChop: number;
}
