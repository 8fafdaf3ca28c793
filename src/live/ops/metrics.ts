import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Decision, FindingNoted, ResultRecorded } from "../../engine/domain/decision.ts";
import type { EngineEvent } from "../../engine/domain/event.ts";
import type { JournalEntry, JournalHeader } from "../../engine/domain/journal.ts";
import { type Money, moneyToNumber } from "../../engine/domain/money.ts";
import { REASONS, reasonHead } from "../../engine/domain/reason.ts";
import { INTERRUPTIONS } from "../../recording/stream-rank.ts";
import { LIVE_FINDING_PREFIX, SAFETY_REFUSAL_CODE, type SessionState, type SessionStatus } from "../ports.ts";
import type { SafetyLimits, SafetyStatus } from "../safety/gate.ts";
import { firstLabels, knownLabel } from "./bounded-label.ts";
import { SessionFacts } from "./session-facts.ts";

/** Ways through the process, each with its own distribution; the clock of the process measures all of them. */
export const STAGES = [
  "entry_to_decision",
  "decision_to_durable",
  "durable_to_sent",
  "sent_to_answer",
  "entry_to_sent",
] as const;

export type Stage = (typeof STAGES)[number];

/** What the engine lets a session use up; absent limits have no series. */
export interface EngineLimits {
  readonly openPositionsMax?: number;
  readonly notionalTotalMaxQuote?: Money;
  /** Share of the peak of equity, 0 to 1. */
  readonly drawdownMax?: number;
}

/** The safety gate as metrics see it: its limits, and what it counts against them. */
export interface WatchedGate {
  readonly limits: Pick<SafetyLimits, "maxExposureQuote" | "maxOrdersPerMinute" | "maxLossQuote">;
  status(tsMs: number): SafetyStatus;
}

export interface MetricsOptions {
  readonly sessionId: string;
  /** Gives symbols and step sizes: positions are exported in base units, of these symbols only. */
  readonly header: Pick<JournalHeader, "symbols" | "stepSizes">;
  readonly limits?: EngineLimits;
  readonly gate?: WatchedGate;
  /** The clock of the session, UTC milliseconds: ages are worked out when they are read. */
  nowMs(): number;
}

export interface SessionMetrics {
  readonly facts: SessionFacts;
  /** Every entry once, in order; those that a recovery reads back first, so that counters are those of the session. */
  observe(entry: JournalEntry): void;
  /** Call it when the metrics are asked for, or as often as the status line is drawn. */
  status(status: SessionStatus): void;
  stage(stage: Stage, durationMs: number): void;
  redisReconnected(): void;
  /** Prometheus text format. */
  text(): Promise<string>;
  readonly contentType: string;
}

const STATES: readonly SessionState[] = ["starting", "resolving", "running", "draining", "leaving", "ended", "failed"];
const KILL_LEVEL = { off: 0, entries: 1, all: 2 } as const;
const STAGE_BUCKETS = [0.0001, 0.00025, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
const AGE_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 120, 600];
const LAG_BUCKETS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const GATE_LIMITS_MAX = 16;
const FINDING_CODES_MAX = 100;

const reasonLabel = knownLabel(Object.keys(REASONS));
const gapLabel = knownLabel(INTERRUPTIONS);

/** Metrics of one live session in a registry of their own; labels are bounded, whatever comes from outside. */
export function createMetrics(options: MetricsOptions): SessionMetrics {
  const facts = new SessionFacts(options.header);
  const registry = new Registry();
  registry.setDefaultLabels({ session_id: options.sessionId });
  const meters = createMeters(registry);
  const limitName = firstLabels(GATE_LIMITS_MAX);
  const findingCode = firstLabels(FINDING_CODES_MAX);
  createGauges(registry, facts, options);

  const onEvent = (event: EngineEvent, tsMs: number): void => {
    switch (event.type) {
      case "intent.received": {
        const ageMs = tsMs - Number(event.entryId.split("-")[0]);
        if (Number.isFinite(ageMs)) meters.intentAge.observe(Math.max(0, ageMs) / 1000);
        if (ageMs < 0) meters.intentsFromFuture.inc();
        meters.intents.inc();
        break;
      }
      case "exchange.order-filled":
        meters.fills.inc({ side: event.side });
        break;
      case "exchange.order-rejected": {
        const isGate = event.code === SAFETY_REFUSAL_CODE;
        meters.rejects.inc({ by: isGate ? "safety-gate" : "exchange" });
        if (isGate) meters.gateRefusals.inc({ limit: limitName(limitIn(event.text)) });
        break;
      }
      case "exchange.order-unknown":
        meters.unknown.inc();
        break;
      default:
    }
  };
  const onDecision = (decision: Decision): void => {
    switch (decision.type) {
      case "plan.published": {
        const { decision: verdict, evalType, reasonCodes } = decision.plan;
        const reason = reasonCodes[0] === undefined || verdict === "EXECUTE" ? "none" : label(reasonCodes[0]);
        meters.decisions.inc({ verdict, eval_type: evalType, reason });
        break;
      }
      case "intent.rejected":
        meters.decisions.inc({ verdict: "REJECTED", eval_type: "none", reason: label(decision.reason) });
        break;
      case "result.recorded":
        meters.results.inc(labelsOfResult(decision));
        break;
      case "permit.granted":
        meters.permits.inc({ outcome: "granted", reason: "none" });
        break;
      case "permit.denied":
        meters.permits.inc({ outcome: "denied", reason: label(decision.reason) });
        break;
      case "order.submitted":
        meters.orders.inc({ eval_type: decision.evalType });
        break;
      case "order.query-requested":
        meters.queries.inc();
        break;
      case "ledger.committed":
        meters.ledgerLag.observe(Math.max(0, decision.lagMs) / 1000);
        break;
      case "finding.noted":
        onFinding(decision);
        break;
      default:
    }
  };
  const onFinding = ({ code, severity }: FindingNoted): void => {
    meters.findings.inc({ severity, code: findingCode(code) });
    const gap = `${LIVE_FINDING_PREFIX}gap.`;
    if (code.startsWith(gap)) meters.gaps.inc({ kind: gapLabel(code.slice(gap.length)) });
  };

  return {
    facts,
    observe(entry) {
      const { event, tsMs } = entry.envelope;
      const fillsBefore = facts.fills;
      facts.observe(entry);
      // A trade told twice is one fill.
      if (event.type !== "exchange.order-filled" || facts.fills > fillsBefore) onEvent(event, tsMs);
      for (const decision of entry.decisions) onDecision(decision);
    },
    status(status) {
      for (const state of STATES) meters.state.set({ state }, state === status.state ? 1 : 0);
      meters.seq.set(status.seq);
      meters.rows.set(status.rows);
      meters.queue.set({ queue: "intents" }, status.intentsWaiting);
      meters.queue.set({ queue: "events" }, status.eventsWaiting);
      meters.queue.set({ queue: "entries_unflushed" }, status.entriesUnflushed);
      meters.queue.set({ queue: "orders_unresolved" }, status.ordersUnresolved);
      meters.queue.set({ queue: "orders_parked" }, status.ordersParked);
      meters.paused.set(status.isIntentSourcePaused ? 1 : 0);
    },
    stage: (stage, durationMs) => meters.stages.observe({ stage }, durationMs / 1000),
    redisReconnected: () => meters.reconnects.inc(),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

function label(reason: string): string {
  return reasonLabel(reasonHead(reason));
}

/** `OrderDesk` writes `refused by the safety gate, <limit>: <text>`. */
function limitIn(text: string): string {
  return /safety gate, ([^:]*):/.exec(text)?.[1] ?? "";
}

function labelsOfResult({ status, evalType, reason, isExecuted }: ResultRecorded) {
  return { status, eval_type: evalType, reason: isExecuted ? "none" : label(reason) };
}

function createMeters(registry: Registry) {
  const registers = [registry];
  const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[] = []) =>
    new Counter<Label>({ name: `rehearsal_${name}`, help, labelNames: [...labelNames], registers });
  const gauge = <Label extends string>(name: string, help: string, labelNames: readonly Label[] = []) =>
    new Gauge<Label>({ name: `rehearsal_${name}`, help, labelNames: [...labelNames], registers });
  const histogram = <Label extends string>(
    name: string,
    help: string,
    buckets: number[],
    labelNames: readonly Label[] = [],
  ) => new Histogram<Label>({ name: `rehearsal_${name}`, help, buckets, labelNames: [...labelNames], registers });
  return {
    stages: histogram("stage_latency_seconds", "Time of a stage inside the process", STAGE_BUCKETS, ["stage"]),
    intentAge: histogram("intent_age_at_arrival_seconds", "Stream entry id to envelope, two clocks", AGE_BUCKETS),
    ledgerLag: histogram("ledger_lag_seconds", "Match on the exchange to commit in the ledger", LAG_BUCKETS),
    intents: counter("intents_total", "Intents received"),
    intentsFromFuture: counter("intents_from_future_total", "Intents whose entry id is after their arrival"),
    decisions: counter("decisions_total", "Plans judged and intents rejected", ["verdict", "eval_type", "reason"]),
    results: counter("results_total", "Terminal answers of plans", ["status", "eval_type", "reason"]),
    permits: counter("permits_total", "Permits granted and denied", ["outcome", "reason"]),
    orders: counter("orders_total", "Orders decided", ["eval_type"]),
    fills: counter("fills_total", "Fills, each trade once", ["side"]),
    rejects: counter("order_rejects_total", "Orders refused, by whom", ["by"]),
    gateRefusals: counter("gate_refusals_total", "Orders the safety gate held back", ["limit"]),
    unknown: counter("orders_unknown_total", "Orders whose outcome had to be asked for"),
    queries: counter("order_queries_total", "Questions about orders"),
    gaps: counter("gaps_total", "Absences of feeds, streams and exchange", ["kind"]),
    reconnects: counter("redis_reconnects_total", "Connections to Redis made again"),
    findings: counter("findings_total", "Findings the session noted", ["severity", "code"]),
    state: gauge("state", "1 for the state the session is in", ["state"]),
    seq: gauge("seq", "Number of the last envelope"),
    rows: gauge("market_rows", "Market rows applied"),
    queue: gauge("queue_depth", "What waits inside the session", ["queue"]),
    paused: gauge("intent_source_paused", "1 while the intent source is held back"),
  };
}

/** Gauges that are worked out when they are read. */
function createGauges(registry: Registry, facts: SessionFacts, { limits = {}, gate, nowMs }: MetricsOptions): void {
  const read = (name: string, help: string, value: () => number | null): void => {
    new Gauge({
      name: `rehearsal_${name}`,
      help,
      registers: [registry],
      collect() {
        const now = value();
        // No number yet is no sample: a zero would be one.
        if (now === null) this.remove();
        else this.set(now);
      },
    });
  };
  const ageOf = (tsMs: number | null) => (tsMs === null ? null : Math.max(0, nowMs() - tsMs) / 1000);
  const money = (amount: Money | null) => (amount === null ? null : moneyToNumber(amount));
  read("kill_switch", "0 off, 1 entries, 2 all", () => KILL_LEVEL[facts.killSwitch]);
  read("last_entry_age_seconds", "Since the last entry of the journal", () => ageOf(facts.lastEntryTsMs));
  read("last_intent_age_seconds", "Since the last intent", () => ageOf(facts.lastIntentTsMs));
  read("last_price_age_seconds", "Since the last price", () => ageOf(facts.lastPriceTsMs));
  read("open_positions", "Symbols with a position", () => facts.openPositions);
  read("wallet_quote", "Wallet without unrealized profit", () => money(facts.walletQuote));
  read("equity_quote", "Wallet and unrealized profit at the last sample", () => money(facts.equityQuote));
  read("pnl_quote", "Equity against the wallet of the start", () => money(facts.pnlQuote));
  read("gross_notional_quote", "Notional of all positions at the last sample", () => facts.grossNotional);
  read("drawdown_ratio", "Fall of equity from its peak", () => facts.drawdown);
  read("portfolio_heat", "Heat of the portfolio at the last sample", () => facts.portfolioHeat);
  perSymbol(registry, "position_base", "Signed position in base units", facts, (symbol) => {
    return facts.positions.get(symbol) ?? 0;
  });
  perSymbol(registry, "ledger_behind_base", "Position minus ledger in base units", facts, (symbol) => {
    return facts.ledgerBehindLots(symbol);
  });
  new Gauge({
    name: "rehearsal_limit_used_ratio",
    help: "Share of a limit that is used up; 1 is all of it",
    labelNames: ["limit"],
    registers: [registry],
    collect() {
      this.reset();
      const set = (limit: string, used: number | null, most: number | undefined) => {
        // A limit of 0 allows nothing: no share of it can be told.
        if (used !== null && most !== undefined && most > 0) this.set({ limit }, used / most);
      };
      const { openPositionsMax, notionalTotalMaxQuote, drawdownMax } = limits;
      set("open_positions", facts.openPositions, openPositionsMax);
      set("notional_total", facts.grossNotional, money(notionalTotalMaxQuote ?? null) ?? undefined);
      set("drawdown", facts.drawdown, drawdownMax);
      if (gate === undefined) return;
      const { maxExposureQuote, maxLossQuote, maxOrdersPerMinute } = gate.limits;
      const { exposureQuote, resultQuote, ordersLastMinute } = gate.status(nowMs());
      set("gate_exposure", moneyToNumber(exposureQuote), moneyToNumber(maxExposureQuote));
      set(
        "gate_loss",
        resultQuote === null ? null : Math.max(0, -moneyToNumber(resultQuote)),
        moneyToNumber(maxLossQuote),
      );
      set("gate_orders_per_minute", ordersLastMinute, maxOrdersPerMinute);
    },
  });
}

function perSymbol(
  registry: Registry,
  name: string,
  help: string,
  facts: SessionFacts,
  lots: (symbol: string) => number,
): void {
  new Gauge({
    name: `rehearsal_${name}`,
    help,
    labelNames: ["symbol"],
    registers: [registry],
    collect() {
      // Only symbols that were held: a universe of hundreds of zeros tells nobody anything.
      for (const symbol of facts.positions.keys()) {
        const stepSize = facts.stepSizes.get(symbol);
        if (stepSize !== undefined) this.set({ symbol }, lots(symbol) * stepSize);
      }
    },
  });
}
