import type { z } from "zod";
import type { Side } from "../../engine/domain/intent.ts";

/** What a strategy wants at one instant; it becomes one `trade.intent` entry. */
export interface StrategySignal {
  /** Index into the run's symbol table. */
  readonly symbol: number;
  readonly side: Side;
  /** 0 to 1. */
  readonly confidence: number;
  readonly entryPrice: number;
}

/** Columns of numbers; a strategy keeps nothing else from one look to the next. */
export type StrategyMemory = Readonly<Record<string, Float64Array | Int32Array | Int8Array>>;

/**
 * A deterministic producer of intents that sees prices only: the same prices give the same intents, whatever the
 * variants do with them, so that variants are compared on one stream of intents.
 */
export interface Strategy {
  /** How often it looks, in ms. */
  readonly intervalMs: number;
  /** All it remembers, by name. A checkpoint writes the columns down and fills those of a new strategy with them. */
  readonly memory: StrategyMemory;
  /**
   * @param prices last price the engine has seen per symbol, NaN when it has seen none
   * @returns signals in the order of their symbols
   */
  evaluate(tsMs: number, prices: Float64Array): readonly StrategySignal[];
}

/** Confidence of a signal of a size: 0.50 plus the size, at most 0.80, as the origin's bot had it (pipeline.md 1.1). */
export function confidenceOf(size: number): number {
  return Math.min(0.8, 0.5 + Math.abs(size));
}

/** A strategy of a plug-in: a name, a zod schema of its parameters, and how one is made for so many symbols. */
export interface StrategyDefinition<Params = unknown> {
  readonly name: string;
  /** One sentence for people. */
  readonly summary: string;
  readonly params: z.ZodType<Params>;
  create(params: Params, symbolCount: number): Strategy;
}

export function defineStrategy<Params>(definition: StrategyDefinition<Params>): StrategyDefinition<Params> {
  return definition;
}
