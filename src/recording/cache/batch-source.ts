import type { MarketBatch } from "../batch.ts";

/**
 * Where the market rows of a recording come from. Every implementation gives the same rows, bit for bit: a faster
 * format goes in behind this seam.
 */
export interface BatchSource {
  /** One phrase for people: the format and where it lies. */
  describe(): string;
  /**
   * Rows in replay order, from the beginning. Synchronous: one step per batch, none per row, and only a bounded number
   * of batches in memory.
   */
  batches(): Iterable<MarketBatch>;
}
