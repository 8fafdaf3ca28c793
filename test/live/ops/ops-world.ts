import type { Decision } from "../../../src/engine/domain/decision.ts";
import type { EngineEvent } from "../../../src/engine/domain/event.ts";
import type { JournalEntry } from "../../../src/engine/domain/journal.ts";
import { createMetrics, type MetricsOptions, type SessionMetrics } from "../../../src/live/ops/metrics.ts";
import type { SessionStatus } from "../../../src/live/ports.ts";
import { HEADER, START_MS } from "../session/session-world.ts";

export const RUNNING: SessionStatus = {
  state: "running",
  seq: 0,
  rows: 0,
  intentsWaiting: 0,
  eventsWaiting: 0,
  entriesUnflushed: 0,
  ordersUnresolved: 0,
  ordersParked: 0,
  isIntentSourcePaused: false,
};

let seq = 0;

export function entry(event: EngineEvent, decisions: readonly Decision[] = [], tsMs = START_MS): JournalEntry {
  seq += 1;
  return { envelope: { seq, tsMs, event }, decisions };
}

export function fill(tradeId: string, qtyLots: number, side: "BUY" | "SELL" = "BUY"): EngineEvent {
  return {
    type: "exchange.order-filled",
    clientOrderId: "rh-1",
    orderId: "1",
    tradeId,
    symbol: "BTCUSDT",
    side,
    qtyLots,
    priceTicks: 950_000,
    cumulativeQtyLots: qtyLots,
    isOrderComplete: true,
    isMaker: false,
    feeQuote: 0n,
    realizedPnlQuote: 0n,
    exchangeTsMs: START_MS,
  };
}

export function killed(scope: "off" | "entries" | "all"): EngineEvent {
  return { type: "operator.kill-switch-set", scope, source: "test" };
}

export function metricsAt(nowMs: () => number, more: Pick<MetricsOptions, "limits" | "gate"> = {}): SessionMetrics {
  return createMetrics({ sessionId: "live-test", header: HEADER, nowMs, ...more });
}

/** Value of one sample of the text format; labels in any order, the session's own left out. `null` when absent. */
export function sampleOf(text: string, name: string, labels: Readonly<Record<string, string>> = {}): number | null {
  for (const line of text.split("\n")) {
    const match = /^([a-z_]+)\{([^}]*)\} (\S+)$/.exec(line);
    if (match === null || match[1] !== name) continue;
    const found = new Map([...match[2]!.matchAll(/([a-z_]+)="([^"]*)"/g)].map((each) => [each[1]!, each[2]!]));
    found.delete("session_id");
    const isSame = found.size === Object.keys(labels).length;
    if (isSame && Object.entries(labels).every(([label, value]) => found.get(label) === value)) return Number(match[3]);
  }
  return null;
}
