import { naiveUtcText } from "../../engine/formulas/plan-id.ts";
import type { StrategySignal } from "./strategy.ts";

/** Size and protection of a strategy's intents: the origin's bot (pipeline.md 1.1). */
export interface IntentShape {
  readonly sizeUsd: number;
  readonly leverage: number;
  readonly stopLossPct: number;
  readonly takeProfitPct: number;
}

/** The `trade.intent` entry of a signal, in the wrapper and with the fields of pipeline.md 2.1. */
export function toIntentFields(
  signal: StrategySignal,
  context: { readonly symbolName: string; readonly model: string; readonly tsMs: number; readonly shape: IntentShape },
): Record<string, string> {
  const { shape } = context;
  const direction = signal.side === "BUY" ? 1 : -1;
  const payload = {
    symbol: context.symbolName,
    side: signal.side,
    confidence: signal.confidence,
    entry_price: signal.entryPrice,
    stop_loss: signal.entryPrice * (1 - direction * shape.stopLossPct),
    take_profit: signal.entryPrice * (1 + direction * shape.takeProfitPct),
    position_size_usd: shape.sizeUsd,
    leverage: shape.leverage,
    timestamp: naiveUtcText(context.tsMs),
    model: context.model,
  };
  return {
    event_type: "trade.intent",
    payload: JSON.stringify(payload),
    timestamp: naiveUtcText(context.tsMs),
    source: "strategy",
  };
}
