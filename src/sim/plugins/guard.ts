import { UserError } from "../../diagnostics/user-error.ts";
import type { Verdict } from "../../engine/domain/plan.ts";
import type { GovernorDefinition } from "../../engine/governors/governor.ts";
import type { RankerDefinition, RankerView, Ranking } from "../../engine/rankers/ranker.ts";
import type { Strategy, StrategyDefinition, StrategySignal } from "../strategies/strategy.ts";

/**
 * A plug-in's definition with every answer checked: what it throws and what the engine could not use becomes an error
 * of its file, and not a defect of the program.
 */
export function guardGovernor(definition: GovernorDefinition, file: string): GovernorDefinition {
  const attempt = attempts(file, `governor "${definition.name}"`);
  const { name, summary, params: schema } = definition;
  return {
    name,
    summary,
    params: schema,
    // JavaScript may leave it out.
    createMemory: (params) =>
      attempt(
        "make a memory",
        () => (definition.createMemory as typeof definition.createMemory | undefined)?.call(definition, params) ?? null,
      ),
    observe: (memory, evaluation, params) => attempt("observe", () => definition.observe?.(memory, evaluation, params)),
    judge: (input) =>
      attempt("judge a plan", () => {
        const verdict: unknown = definition.judge(input);
        requireVerdict(verdict);
        return verdict;
      }),
  };
}

export function guardRanker(definition: RankerDefinition, file: string): RankerDefinition {
  const attempt = attempts(file, `ranker "${definition.name}"`);
  const { name, summary, params: schema } = definition;
  return {
    name,
    summary,
    params: schema,
    rank: (view, params) =>
      attempt("rank", () => {
        const ranking: unknown = definition.rank(view, params);
        requireRanking(ranking, view);
        return ranking;
      }),
  };
}

export function guardStrategy(definition: StrategyDefinition, file: string): StrategyDefinition {
  const attempt = attempts(file, `strategy "${definition.name}"`);
  return {
    ...definition,
    create: (params, symbolCount) =>
      attempt("begin", () => {
        const strategy: unknown = definition.create(params, symbolCount);
        requireStrategy(strategy);
        return {
          intervalMs: strategy.intervalMs,
          memory: strategy.memory,
          evaluate: (tsMs, prices) =>
            attempt("evaluate", () => {
              const signals: unknown = strategy.evaluate(tsMs, prices);
              requireSignals(signals, symbolCount);
              return signals;
            }),
        };
      }),
  };
}

type Attempt = <T>(what: string, run: () => T) => T;

function attempts(file: string, who: string): Attempt {
  return (what, run) => {
    try {
      return run();
    } catch (error) {
      if (error instanceof UserError) throw error;
      const is = error instanceof Unfit ? error.message : `it threw ${shown(error)}, an answer`;
      throw new UserError(
        [{ file, ...placeOf(error), text: `Cannot let ${who} ${what}: ${is} is needed` }],
        undefined,
        {
          cause: error,
        },
      );
    }
  };
}

/** What a plug-in answered is not what the engine can use; the text ends with what is needed. */
class Unfit extends Error {}

function requireVerdict(value: unknown): asserts value is Verdict {
  const verdict = recordOf(value);
  if (verdict === null) throw new Unfit("it answered nothing, a verdict made with execute(...) or block(...)");
  const { decision, reasonCode, qtyScale, terms } = verdict;
  if (decision !== "EXECUTE" && decision !== "BLOCKED") {
    throw new Unfit(`its decision is ${shown(decision)}, EXECUTE or BLOCKED`);
  }
  if (typeof reasonCode !== "string" || !/^[a-z][a-z0-9_]*$/.test(reasonCode)) {
    throw new Unfit(`its reasonCode is ${shown(reasonCode)}, a code of a-z, 0-9 and _`);
  }
  if (typeof qtyScale !== "number" || !(qtyScale > 0 && qtyScale <= 1)) {
    throw new Unfit(`its qtyScale is ${shown(qtyScale)}, a share above 0 and at most 1`);
  }
  const numbers: readonly (readonly [string, unknown])[] = [
    ["value", verdict["value"]],
    ["cutoff", verdict["cutoff"]],
    ["margin", verdict["margin"]],
    // allow(unordered): the first one that is wrong is told, whichever it is
    ...Object.entries(recordOf(terms) ?? {}),
  ];
  for (const [name, number] of numbers) {
    if (number === null || Number.isFinite(number)) continue;
    throw new Unfit(`its ${name} is ${shown(number)}, a finite number or null`);
  }
}

function requireRanking(value: unknown, view: RankerView): asserts value is Ranking {
  const ranking = recordOf(value);
  const symbols = ranking?.["symbols"];
  if (!Array.isArray(symbols) || recordOf(ranking?.["tierCounts"]) === null) {
    throw new Unfit("it answered no symbols and tierCounts, what TierCollector.finish() gives");
  }
  if (symbols.length > view.budgetCalls) {
    throw new Unfit(`it asked for ${symbols.length} symbols, at most the budget of ${view.budgetCalls}`);
  }
  if (new Set(symbols).size !== symbols.length) throw new Unfit("it names a symbol twice, each once");
  for (const symbol of symbols) {
    if (Number.isInteger(symbol) && symbol >= 0 && symbol < view.symbols.length) continue;
    throw new Unfit(`it ranked ${shown(symbol)}, an index below ${view.symbols.length}`);
  }
}

function requireStrategy(value: unknown): asserts value is Strategy {
  const strategy = recordOf(value);
  const intervalMs = strategy?.["intervalMs"];
  if (typeof intervalMs !== "number" || !(Number.isInteger(intervalMs) && intervalMs > 0)) {
    throw new Unfit(`its intervalMs is ${shown(intervalMs)}, a whole number of milliseconds`);
  }
  if (typeof strategy?.["evaluate"] !== "function") throw new Unfit("it has no function evaluate, one");
  const columns = recordOf(strategy["memory"]);
  if (columns === null) throw new Unfit("it has no memory, an object of typed arrays (or an empty one)");
  // allow(unordered): the first one that is wrong is told, whichever it is
  for (const [name, column] of Object.entries(columns)) {
    if (!ArrayBuffer.isView(column)) throw new Unfit(`memory.${name} is no typed array, one`);
  }
}

function requireSignals(value: unknown, symbolCount: number): asserts value is readonly StrategySignal[] {
  if (!Array.isArray(value)) throw new Unfit("it answered no list, a list of signals");
  for (const signal of value) {
    const { symbol, side, confidence, entryPrice } = recordOf(signal) ?? {};
    if (typeof symbol !== "number" || !Number.isInteger(symbol) || symbol < 0 || symbol >= symbolCount) {
      throw new Unfit(`a signal is for symbol ${shown(symbol)}, an index below ${symbolCount}`);
    }
    if (side !== "BUY" && side !== "SELL") throw new Unfit(`a signal's side is ${shown(side)}, BUY or SELL`);
    if (typeof confidence !== "number" || !(confidence >= 0 && confidence <= 1)) {
      throw new Unfit(`a signal's confidence is ${shown(confidence)}, a number from 0 to 1`);
    }
    if (typeof entryPrice !== "number" || !(entryPrice > 0) || !Number.isFinite(entryPrice)) {
      throw new Unfit(`a signal's entryPrice is ${shown(entryPrice)}, a price`);
    }
  }
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> | null {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : null;
}

function shown(value: unknown): string {
  if (value instanceof Error) return `"${value.message}"`;
  return typeof value === "string" ? `"${value}"` : String(value);
}

/** Line and column of the plug-in's own code in the stack of what it threw. */
function placeOf(error: unknown): { readonly line?: number; readonly column?: number } {
  if (!(error instanceof Error) || error instanceof Unfit) return {};
  const match = /\?sha256=[0-9a-f]+:(\d+):(\d+)/.exec(error.stack ?? "");
  return match === null ? {} : { line: Number(match[1]), column: Number(match[2]) };
}
