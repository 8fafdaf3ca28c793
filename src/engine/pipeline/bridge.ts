import { formatDurationMs } from "../domain/duration.ts";
import type { IntentReceived } from "../domain/event.ts";
import { lotsToQty } from "../domain/instrument.ts";
import { type Intent, sideSign } from "../domain/intent.ts";
import { bridgePlanId } from "../formulas/plan-id.ts";
import { govern, type PlanDraft } from "./govern.ts";
import { type ParsedIntent, parseIntent } from "./intent-codec.ts";
import { isRemembered, remember } from "./key-memory.ts";
import { qtyLotsOf } from "./position-book.ts";
import { decide, hasQuirk, instrumentOf, markPriceOf, noteFindingOnce, type Step } from "./state.ts";
import {
  collectDrivers,
  collectInputs,
  isFrozen,
  measurePosition,
  scoreSymbol,
  taintsOf,
  viewPortfolio,
} from "./trackers.ts";

/** A producer clock may be ahead of ours by so much before its intents are refused. */
const FUTURE_TOLERANCE_MS = 5000;

/**
 * The intent bridge (pipeline.md 1.3): one `trade.intent` entry becomes one judged plan or one named rejection.
 *
 * The order of refusals is fixed: seen, parse, universe, allowlist, age, frozen input, reduce-only on a flat symbol,
 * shorts, exposure. The origin dropped several of them without a trace; the quirk `silent-sell` brings that back.
 */
export function onIntent(step: Step, event: IntentReceived): void {
  const { state, tsMs } = step;
  const { bridge } = state.policy;
  if (isRemembered(state.seenIntents, event.entryId)) {
    reject(step, event.entryId, null, "duplicate_intent", `entry ${event.entryId} was handled before`);
    return;
  }
  remember(state.seenIntents, event.entryId, tsMs + bridge.seenTtl);
  const { parsed, planId } = readIntent(event);
  if (!parsed.ok) {
    const { problem } = parsed;
    decide(step, { type: "intent.rejected", entryId: event.entryId, ...problem });
    return;
  }
  const { intent } = parsed;
  const refusal = refuse(step, intent);
  if (refusal === "silently") return;
  if (refusal !== null) {
    reject(step, intent.entryId, intent, refusal.reason, refusal.detail);
    return;
  }
  state.lastIntentTsMs.set(intent.symbol, tsMs);
  plan(step, intent, planId);
}

interface ReadIntent {
  readonly parsed: ParsedIntent;
  /** Empty when there is no intent to plan. */
  readonly planId: string;
}

// allow(module-state): what follows from the event alone, for the other variants that get the same event next
let lastEvent: IntentReceived | null = null;
// allow(module-state): of `lastEvent`
let lastRead: ReadIntent | null = null;

function readIntent(event: IntentReceived): ReadIntent {
  if (event === lastEvent && lastRead !== null) return lastRead;
  const parsed = parseIntent(event.entryId, event.fields);
  let planId = "";
  if (parsed.ok) {
    const { entryId, symbol, side, qty } = parsed.intent;
    planId = bridgePlanId(entryId, symbol, side, qty);
  }
  lastEvent = event;
  lastRead = { parsed, planId };
  return lastRead;
}

interface Refusal {
  readonly reason: string;
  readonly detail: string;
}

function refuse(step: Step, intent: Intent): Refusal | "silently" | null {
  const { state, tsMs } = step;
  const { bridge } = state.policy;
  const instrument = state.instrumentBySymbol.get(intent.symbol);
  if (instrument === undefined) return { reason: "unknown_symbol", detail: `${intent.symbol} is not in the universe` };
  if (bridge.allowlist !== null && !bridge.allowlist.includes(intent.symbol)) {
    return { reason: "not_in_allowlist", detail: `${intent.symbol} is not in bridge.allowlist` };
  }
  const ageMs = tsMs - intent.createdTsMs;
  if (!hasQuirk(step, "stale-backlog")) {
    if (ageMs > bridge.intentAgeMax)
      return { reason: "stale_intent", detail: `age ${ageMs} ms, limit ${bridge.intentAgeMax} ms` };
    if (ageMs < -FUTURE_TOLERANCE_MS) return { reason: "intent_from_future", detail: `${-ageMs} ms ahead` };
  } else if (ageMs > bridge.intentAgeMax) {
    noteFindingOnce(step, "stale-backlog", {
      code: "stale_intent_executed",
      severity: "error",
      symbol: intent.symbol,
      text: `Intents older than the limit of ${bridge.intentAgeMax} ms are executed`,
      evidence: { entryId: intent.entryId, ageMs },
    });
  }
  if (isFrozen(step, instrument.index)) {
    noteFindingOnce(step, `frozen:${intent.symbol}`, {
      code: "frozen_ticker",
      severity: "warn",
      symbol: intent.symbol,
      text: `The price of ${intent.symbol} has not moved for ${formatDurationMs(tsMs - state.market.movedTsMs[instrument.index]!)}: a dead ticker`,
      evidence: { entryId: intent.entryId, price: state.market.price[instrument.index]! },
    });
    if (!hasQuirk(step, "ungated-frozen-input")) {
      return { reason: "symbol_quarantined", detail: "price frozen" };
    }
  }
  const positionLots = qtyLotsOf(state.positions, intent.symbol);
  if (intent.side === "SELL" && hasQuirk(step, "silent-sell")) {
    noteFindingOnce(step, "silent-sell", {
      code: "silent_sell_drop",
      severity: "error",
      symbol: intent.symbol,
      text: "Every SELL intent disappears: the bridge asks a ledger key that nobody writes, and drops without a result",
      evidence: { entryId: intent.entryId },
    });
    return "silently";
  }
  if (intent.isReduceOnly && !isAgainst(intent, positionLots)) {
    return {
      reason: "nothing_to_reduce",
      detail: `${intent.side} reduces nothing at a position of ${positionLots} lots`,
    };
  }
  if (isAgainst(intent, positionLots)) return null;
  if (intent.side === "SELL" && !bridge.isShortAllowed) {
    return { reason: "short_not_allowed", detail: "bridge.isShortAllowed is false" };
  }
  const portfolio = viewPortfolio(step);
  if (portfolio.equity <= 0 || portfolio.grossNotional / portfolio.equity >= bridge.exposureMax) {
    return {
      reason: "exposure_limit",
      detail: `gross ${portfolio.grossNotional.toFixed(2)} of equity ${portfolio.equity.toFixed(2)}`,
    };
  }
  return null;
}

function plan(step: Step, intent: Intent, planId: string): void {
  const { state, tsMs } = step;
  const instrument = instrumentOf(step, intent.symbol);
  const positionLots = qtyLotsOf(state.positions, intent.symbol);
  const isExit = isAgainst(intent, positionLots);
  const heldQty = lotsToQty(instrument, Math.abs(positionLots));
  const qty = isExit ? Math.min(intent.qty, heldQty) : intent.qty;
  const mark = markPriceOf(step, instrument);
  const position = state.positions.open.get(intent.symbol);
  const measures = position === undefined || mark === null ? null : measurePosition(step, position, mark);
  const score = scoreSymbol(step, instrument.index, measures?.ageSec ?? 0);
  const inputs = collectInputs(step, instrument.index, false);
  const draft: PlanDraft = {
    planId,
    origin: "bridge",
    evalType: isExit ? "EXIT" : "ENTRY",
    action: isExit ? "FULL_CLOSE_PROPOSED" : "ENTRY",
    symbol: intent.symbol,
    side: intent.side,
    qty,
    isReduceOnly: isExit,
    createdTsMs: tsMs,
    intentEntryId: intent.entryId,
    confidence: intent.confidence,
    causes: [isExit ? "opposite_intent" : "intent"],
    killScore: score,
    rNet: null,
    rNetOrigin: null,
    newStopPrice: isExit ? null : intent.stopLossPrice,
    takeProfitPrice: isExit ? null : intent.takeProfitPrice,
    positionQtyLots: positionLots,
    markPrice: mark,
    inputs,
    taints: taintsOf(step, instrument.index, inputs),
    episodeKey: `intent:${intent.symbol}:${intent.side}`,
    decision: "SKIP",
    reasonCodes: [],
    verdict: null,
  };
  const drivers = collectDrivers(step, {
    symbolIndex: instrument.index,
    killScore: score,
    confidence: intent.confidence,
    planNotional: mark === null ? null : qty * mark,
    position: measures,
    rNet: null,
  });
  govern(step, draft, drivers);
}

/** Against the open position: such an intent can only lower it, and its quantity is cut so that it never flips it. */
function isAgainst(intent: Intent, positionLots: number): boolean {
  return positionLots !== 0 && sideSign(intent.side) !== Math.sign(positionLots);
}

function reject(step: Step, entryId: string, intent: Intent | null, reason: string, detail: string): void {
  decide(step, {
    type: "intent.rejected",
    entryId,
    symbol: intent?.symbol ?? null,
    side: intent?.side ?? null,
    reason,
    detail,
  });
}
