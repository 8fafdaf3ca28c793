import { EXIT, UserError } from "../../diagnostics/user-error.ts";
import type { FindingNoted } from "../../engine/domain/decision.ts";
import { type EngineEvent, type KillSwitchSet, RESTART_CAUSE, type RunEnded } from "../../engine/domain/event.ts";
import type { JournalEntry } from "../../engine/domain/journal.ts";
import { isRemembered } from "../../engine/pipeline/key-memory.ts";
import {
  type DeliveredIntent,
  liveFinding,
  type SessionEnd,
  type SessionState,
  type SessionStatus,
  type SessionStep,
} from "../ports.ts";
import { closingIntents } from "./closing-intents.ts";
import { EngineLane } from "./engine-lane.ts";
import { Fifo } from "./fifo.ts";
import { MarketInlet } from "./market-inlet.ts";
import type { LiveSessionOptions } from "./options.ts";
import { OrderDesk } from "./order-desk.ts";
import { reconcileBooks, refuseForeign } from "./reconcile-books.ts";
import { settleOrders } from "./settle-orders.ts";
import { Shadow } from "./shadow.ts";
import { Stamps } from "./stamps.ts";
import { TimerQueue } from "./timer-queue.ts";
import { WriteAhead } from "./write-ahead.ts";

const TICK_MS = 1000;

/**
 * One pipeline in the real world: the engine of a simulation, fed by ports.
 *
 * Everything that comes in passes one inbox, is stamped with a number and a time that never decreases, decided on,
 * written ahead, and only then acted on. Prices move the market the moment they come; of what waits, answers of the
 * exchange go first, then timers, then intents. Entries share flushes of the journal: while one is under way the next
 * ones are decided, up to a bound.
 */
export class LiveSession {
  /** Settles when the session is over, failed or suspended; never rejects. */
  readonly ended: Promise<SessionEnd>;

  readonly #options: LiveSessionOptions;
  readonly #lane: EngineLane;
  readonly #timers: TimerQueue;
  readonly #desk: OrderDesk;
  readonly #ahead: WriteAhead;
  readonly #stamps: Stamps;
  readonly #inlet: MarketInlet;
  readonly #shadows: readonly Shadow[];
  readonly #events = new Fifo<EngineEvent>();
  readonly #intents = new Fifo<DeliveredIntent>();
  /** Timers that came due while nothing may be decided but the fate of orders. */
  #timersHeld: string[] = [];
  #isPumping = false;
  #isIntentSourcePaused = false;
  #arePlansBehind = false;
  #areEventsOver = false;
  #findings: FindingNoted[] = [];
  #flattenCount = 0;
  #state: SessionState = "starting";
  #cancelled: readonly string[] = [];
  #onResolved: (() => void) | null = null;
  #onQuiet: (() => void) | null = null;
  #cancelTick: (() => void) | null = null;
  #resolveEnded!: (end: SessionEnd) => void;

  constructor(options: LiveSessionOptions) {
    const { from, clock } = options;
    this.#options = options;
    this.#lane = from?.lane ?? new EngineLane(options.parts);
    this.#stamps = new Stamps(clock, from);
    this.#shadows = (options.shadows ?? []).map((shadow) => new Shadow(shadow, clock));
    this.#timers = new TimerQueue(clock, () => this.#pump());
    this.#desk = new OrderDesk({
      exchange: options.exchange,
      gate: options.gate,
      notFoundAfterMs: options.notFoundAfterMs ?? 10_000,
      askAgainMs: this.#lane.parts.policy.executor.queryInterval,
      nowMs: () => clock.nowMs(),
      schedule: (dueTsMs, action) => clock.schedule(dueTsMs, action),
      answer: (event) => this.#takeEvent(event),
      probe: (step) => this.#probe(step),
    });
    this.#ahead = new WriteAhead({
      journal: options.journal,
      waitingMax: options.bounds?.entriesUnflushedMax ?? 4096,
      effects: (entry) => this.#act(entry),
      flushed: () => {
        this.#desk.release();
        this.#pump();
      },
      failed: (error) => this.#crash(error),
      probe: (step) => this.#probe(step),
    });
    const shadows = options.shadows ?? [];
    this.#inlet = new MarketInlet({
      symbolCount: this.#lane.parts.instruments.length,
      stamps: this.#stamps,
      exchanges: [options.exchange, ...shadows.map(({ exchange }) => exchange)],
      markets: [...new Set([this.#lane.parts.market, ...shadows.map(({ parts }) => parts.market)])],
      journal: options.journal,
      recording: options.recording,
      isHeld: () => this.#ahead.isFull,
      seq: () => this.#lane.seq,
      note: (code, severity, text, evidence) => this.#note(code, severity, text, evidence),
    });
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
  }

  get status(): SessionStatus {
    return {
      state: this.#state,
      seq: this.#lane.seq,
      rows: this.#stamps.rows,
      intentsWaiting: this.#intents.size,
      eventsWaiting: this.#events.size,
      entriesUnflushed: this.#ahead.waiting,
      ordersUnresolved: this.#desk.unknownCount,
      ordersParked: this.#desk.parkedCount,
      isIntentSourcePaused: this.#isIntentSourcePaused,
    };
  }

  /**
   * Connects, settles what a crash left open, compares the books, and begins to take intents.
   *
   * @throws {UserError} exit 15, naming every difference, when the books do not agree and nothing is adopted; the
   * session is suspended then, and nothing was sent but queries
   */
  async start(): Promise<void> {
    try {
      await this.#begin();
    } catch (error) {
      if (!this.#isOver()) {
        if (error instanceof UserError) await this.#suspend(error);
        else this.#crash(error);
      }
      throw error;
    }
  }

  /** As a Ctrl-C: the first one drains, the second cancels own orders and leaves. */
  stop(): void {
    if (this.#isGone()) return;
    if (this.#state === "draining" || this.#state !== "running") {
      void this.#leave("interrupted");
      return;
    }
    this.#state = "draining";
    // It refuses new risk and never lets through what a stricter hand has stopped.
    if (this.#lane.look().killSwitch !== "all") {
      this.#takeEvent({ type: "operator.kill-switch-set", scope: "entries", source: "stop" });
    }
    if (this.#options.isFlatteningOnExit === true) this.#flatten();
    this.#endWhenDrained();
  }

  /** The time is up: own orders are cancelled, positions stay. */
  async end(): Promise<SessionEnd> {
    await this.#leave("stopped");
    return this.ended;
  }

  /** Stops without an end: what is decided is written and handed over, and a recovery goes on from there. */
  async suspend(): Promise<SessionEnd> {
    if (!this.#isOver()) await this.#suspend(null);
    return this.ended;
  }

  async #begin(): Promise<void> {
    const { exchange, feed, operator, intents, from, plans } = this.#options;
    await exchange.connect(
      { event: (event) => this.#onExchangeEvent(event), gap: (gap) => this.#onGap(gap) },
      from?.past,
    );
    await feed.connect({
      row: (row) => {
        if (!this.#isOver()) this.#inlet.row(row);
      },
      funding: (funding) => {
        if (!this.#isOver()) this.#inlet.funding(funding);
      },
      features: (event) => this.#takeEvent(event),
      gap: (gap) => this.#onGap(gap),
    });
    const publishedSeq = plans === null ? 0 : await plans.lastPublishedSeq();
    if (this.#isGone()) return;
    if (from === undefined) await this.#beginNew();
    else {
      await this.#resume(publishedSeq);
      if (this.#isGone()) return;
      this.#desk.letGo();
    }
    if (this.#isGone()) return;
    await operator?.start({
      killSwitch: (scope, source) => this.#onKillSwitch(scope, source),
      stop: () => this.stop(),
    });
    for (const shadow of this.#shadows) await shadow.start();
    if (this.#isGone()) return;
    this.#timers.start();
    this.#state = "running";
    await intents.start(
      { intent: (intent) => this.#onIntent(intent), gap: (gap) => this.#onGap(gap) },
      this.#options.intentStart,
    );
    this.#tick();
    this.#pump();
  }

  async #beginNew(): Promise<void> {
    const report = await this.#options.exchange.reconcile();
    if (this.#options.isAdopting !== true) refuseForeign(report, this.#lane.parts.instruments);
    this.#takeEvent({ type: "run.started", walletQuote: report.walletQuote });
  }

  async #resume(publishedSeq: number): Promise<void> {
    const { from, plans, exchange, clock } = this.#options;
    this.#state = "resolving";
    this.#desk.hold();
    for (const [timerId, dueTsMs] of from!.timers) this.#timers.set(timerId, dueTsMs);
    this.#timers.start();
    // Whether these were published is not known for sure, so it is done again; readers know plans by their id.
    if (plans !== null) for (const entry of from!.entriesAfter(publishedSeq)) plans.publish(entry);
    for (const { order } of this.#lane.look().activeOrders.values()) {
      this.#desk.recover(order, from!.leftBeforeTsMs.get(order.clientOrderId));
      this.#events.push({ type: "exchange.order-unknown", clientOrderId: order.clientOrderId, cause: RESTART_CAUSE });
    }
    for (const order of from!.givenUpOrders) {
      this.#desk.recoverGivenUp(order, from!.leftBeforeTsMs.get(order.clientOrderId));
    }
    for (const request of from!.snapshots.values()) exchange.requestSnapshot(request, clock.nowMs());
    this.#pump();
    if (this.#desk.unknownCount > 0) {
      await new Promise<void>((resolve) => {
        this.#onResolved = resolve;
      });
    }
    if (this.#isGone()) return;
    const report = await exchange.reconcile();
    if (this.#isGone() || this.#options.isAdopting === true) return;
    const { instruments } = this.#lane.parts;
    const differences = reconcileBooks(
      this.#lane.look(),
      report,
      instruments,
      this.#options.pnlToleranceQuote ?? 1_000_000n,
    );
    if (differences.length === 0) return;
    throw new UserError(
      differences.map(({ invariant, text }) => ({
        path: invariant,
        text: `Cannot resume the session: ${text}, equal books are needed`,
        hint: "look at the account, then resume with --adopt to go on with what the exchange says",
      })),
      EXIT.liveRefused,
    );
  }

  #onKillSwitch(asked: KillSwitchSet["scope"], source: string): void {
    // The end was asked for: nobody lets entries in again.
    const isEnding = this.#state === "draining" || this.#state === "leaving";
    const scope = isEnding && asked === "off" ? "entries" : asked;
    this.#takeEvent({ type: "operator.kill-switch-set", scope, source });
  }

  #onExchangeEvent(event: EngineEvent): void {
    if (this.#isOver()) return;
    if (!this.#desk.isConclusive(event)) return;
    if (
      (event.type === "exchange.order-filled" || event.type === "exchange.funding-settled") &&
      !this.#lane.parts.instruments.some(({ symbol }) => symbol === event.symbol)
    ) {
      this.#note("foreign_symbol", "warn", `The exchange tells of ${event.symbol}, which is not in the session`, {
        symbol: event.symbol,
        type: event.type,
      });
      return;
    }
    this.#takeEvent(event);
  }

  #takeEvent(event: EngineEvent): void {
    if (this.#isOver()) return;
    this.#events.push(event);
    const most = this.#options.bounds?.eventsWaitingMax ?? 10_000;
    if (this.#events.size === most + 1) {
      this.#note("events_waiting", "warn", `More than ${most} events wait to be judged`, { waiting: most + 1 });
    }
    this.#pump();
  }

  #onIntent(intent: DeliveredIntent): void {
    if (this.#isOver()) return;
    const { entryId } = intent.event;
    if (intent.isRedelivery && isRemembered(this.#lane.look().seenIntents, entryId)) {
      // Judged and journalled before: only the acknowledgement was lost.
      this.#ahead.acknowledge(() => intent.ack());
      return;
    }
    this.#intents.push(intent);
    const most = this.#options.bounds?.intentsWaitingMax ?? 1000;
    if (this.#intents.size > most && !this.#isIntentSourcePaused) {
      this.#isIntentSourcePaused = true;
      this.#options.intents.pause();
      this.#note("intents_waiting", "warn", `More than ${most} intents wait to be judged: the source is held back`, {
        waiting: this.#intents.size,
      });
    }
    this.#pump();
  }

  #onGap(gap: Parameters<NonNullable<LiveSessionOptions["recording"]>["gap"]>[0]): void {
    if (this.#isOver()) return;
    this.#options.recording?.gap(gap, this.#stamps.now());
    const { stream, startTsMs, endTsMs, missing, cause } = gap;
    this.#note(`gap.${gap.kind}`, "warn", `${stream} was away: ${cause}`, { stream, startTsMs, endTsMs, missing });
  }

  #note(code: string, severity: FindingNoted["severity"], text: string, evidence: FindingNoted["evidence"]): void {
    this.#findings.push(liveFinding(code, severity, text, evidence));
  }

  #isOver(): boolean {
    return this.#state === "ended" || this.#state === "failed" || this.#areEventsOver;
  }

  /** One that failed or was told to leave while it was starting must not come back to life. */
  #isGone(): boolean {
    return this.#isOver() || this.#state === "leaving";
  }

  /** Judges what waits, as long as anything may be judged. */
  #pump(): void {
    if (this.#isPumping || this.#isOver()) return;
    this.#isPumping = true;
    try {
      this.#pumpAll();
    } catch (error) {
      this.#crash(error);
    } finally {
      this.#isPumping = false;
    }
  }

  #pumpAll(): void {
    while (!this.#isOver()) {
      if (this.#ahead.isFull) {
        this.#noteBlocked();
        return;
      }
      this.#inlet.release();
      const event = this.#events.shift();
      if (event !== undefined) this.#handle(event, null);
      else if (!this.#handleTimer() && !this.#handleIntent()) break;
    }
    if (this.#state === "resolving" && this.#desk.unknownCount === 0) {
      this.#onResolved?.();
      this.#onResolved = null;
    }
    this.#timers.rearm();
    this.#endWhenDrained();
    if (this.#onQuiet !== null && this.#inFlight().length === 0) this.#onQuiet();
  }

  #handleTimer(): boolean {
    const isResolving = this.#state === "resolving";
    if (!isResolving) {
      const held = this.#timersHeld.shift();
      if (held !== undefined) {
        this.#handle({ type: "timer.fired", timerId: held }, null);
        return true;
      }
    }
    const timerId = this.#timers.takeDue(this.#options.clock.nowMs());
    if (timerId === null) return false;
    // Only the timers that ask for orders may run before all orders are known.
    if (isResolving && !timerId.startsWith("order:")) this.#timersHeld.push(timerId);
    else this.#handle({ type: "timer.fired", timerId }, null);
    return true;
  }

  #handleIntent(): boolean {
    if (this.#state !== "running" && this.#state !== "draining") return false;
    // What an order of unknown outcome did to the position decides what the next intent may do.
    if (this.#desk.unknownCount > 0 || this.#waitsForPlans()) return false;
    const intent = this.#intents.shift();
    if (intent === undefined) return false;
    this.#handle(intent.event, () => intent.ack());
    const most = this.#options.bounds?.intentsWaitingMax ?? 1000;
    if (this.#isIntentSourcePaused && this.#intents.size <= most / 2) {
      this.#isIntentSourcePaused = false;
      this.#options.intents.resume();
    }
    return true;
  }

  /** Plans wait in memory until their readers can have them; no new ones are made while too many do. */
  #waitsForPlans(): boolean {
    const { plans, bounds } = this.#options;
    const most = bounds?.plansWaitingMax ?? 10_000;
    if (this.#arePlansBehind || plans === null || plans.waiting <= most) return this.#arePlansBehind;
    this.#arePlansBehind = true;
    this.#note(
      "plans_behind",
      "warn",
      `${plans.waiting} entries wait to be published: no intent is judged until then`,
      {
        entries: plans.waiting,
      },
    );
    void plans.room(most / 2).then(() => {
      this.#arePlansBehind = false;
      this.#pump();
    });
    return true;
  }

  /** One envelope: decide, write ahead; its effects follow when it is on disk. */
  #handle(event: EngineEvent, ack: (() => void) | null): void {
    const stampMs = this.#stamps.now();
    const findings = this.#findings;
    this.#findings = [];
    const entry = this.#lane.handle(event, stampMs, findings);
    this.#stamps.inputs += 1;
    this.#ahead.write(entry, ack);
    this.#options.recording?.event(event, stampMs, this.#stamps.place(this.#lane.seq));
    this.#options.gate?.observe(entry);
    this.#desk.observe(entry);
    for (const decision of entry.decisions) {
      if (decision.type === "timer.set") this.#timers.set(decision.timerId, decision.dueTsMs);
    }
    if (isForShadows(event)) for (const shadow of this.#shadows) shadow.take(event);
  }

  /** What an entry that is on disk does in the world. */
  #act(entry: JournalEntry): void {
    const { exchange, plans, clock } = this.#options;
    for (const decision of entry.decisions) {
      if (decision.type === "order.submitted") this.#desk.submit(decision);
      else if (decision.type === "order.query-requested") this.#desk.query(decision);
      else if (decision.type === "snapshot.requested") {
        this.#probe("before-snapshot");
        exchange.requestSnapshot(decision, clock.nowMs());
      }
    }
    if (plans === null) return;
    this.#probe("before-publish");
    plans.publish(entry);
    this.#probe("after-publish");
  }

  #probe(step: SessionStep): void {
    this.#options.probe?.(step);
  }

  #noteBlocked(): void {
    if (this.#findings.some(({ code }) => code === "live.journal_behind")) return;
    const entries = this.#ahead.waiting;
    this.#note("journal_behind", "warn", `${entries} entries wait for the disk: nothing more is judged until then`, {
      entries,
    });
  }

  #tick(): void {
    const { clock, recording } = this.#options;
    this.#cancelTick = clock.schedule(clock.nowMs() + TICK_MS, () => {
      if (this.#isOver()) return;
      try {
        // Within the millisecond of the last stamp it would cut the order of that millisecond in two.
        if (clock.nowMs() > this.#stamps.lastMs) recording?.tick();
      } catch (error) {
        this.#crash(error);
        return;
      }
      this.#tick();
    });
  }

  #flatten(): void {
    const held = this.#lane.look().positions.open.values();
    for (const fields of closingIntents(held, this.#lane.parts.instruments)) {
      this.#flattenCount += 1;
      const entryId = `${this.#stamps.now()}-${900_000 + this.#flattenCount}`;
      this.#takeEvent({ type: "intent.received", entryId, fields });
    }
  }

  #endWhenDrained(): void {
    if (this.#state !== "draining" || this.#events.size > 0) return;
    const { positions, activeOrders, activePlans } = this.#lane.look();
    if (positions.open.size + activeOrders.size + activePlans.size > 0) return;
    void this.#leave("interrupted");
  }

  async #leave(cause: RunEnded["cause"]): Promise<void> {
    if (this.#isGone()) return;
    this.#state = "leaving";
    const { exchange, clock, intents, plans, operator, feed, recording, journal, leaveWaitMs = 30_000 } = this.#options;
    try {
      intents.pause();
      this.#cancelled = await settleOrders({
        exchange,
        clock,
        waitMs: leaveWaitMs,
        inFlight: () => this.#inFlight(),
        whenQuiet: (wake) => {
          this.#onQuiet = wake;
        },
        isOver: () => this.#isOver(),
      });
      this.#onQuiet = null;
      if (this.#isOver()) return;
      this.#pump();
      // An end cannot be taken back: what its readers have to know is with them before.
      await plans?.drain();
      if (this.#isOver()) return;
      this.#handle({ type: "run.ended", cause }, null);
      this.#areEventsOver = true;
      this.#timers.stop();
      this.#desk.stop();
      this.#cancelTick?.();
      await this.#ahead.settled();
      if (this.status.state === "failed") return;
      await feed.close();
      await operator?.close();
      await intents.close();
      await plans?.drain();
      await plans?.close();
      for (const shadow of this.#shadows) await shadow.close(cause === "interrupted" ? "interrupted" : "stopped");
      await exchange.close();
      await journal.close();
      const recordingDir = (await recording?.seal()) ?? null;
      this.#finish("ended", cause, recordingDir, null);
    } catch (error) {
      if (error instanceof UserError && error.exitCode === EXIT.liveRefused && !this.#isOver())
        await this.#suspend(error);
      else this.#crash(error);
    }
  }

  /** Orders whose outcome is open, by client order id; also those that the engine follows no more. */
  #inFlight(): readonly string[] {
    return [...new Set([...this.#lane.look().activeOrders.keys(), ...this.#desk.unknown])];
  }

  async #suspend(error: UserError | null): Promise<void> {
    const { exchange, intents, plans, operator, feed, recording, journal } = this.#options;
    this.#areEventsOver = true;
    this.#timers.stop();
    this.#desk.stop();
    this.#cancelTick?.();
    this.#onResolved?.();
    this.#onQuiet?.();
    try {
      intents.pause();
      await this.#ahead.settled();
      await feed.close();
      await operator?.close();
      await intents.close();
      // What is not published now is published after the resume.
      const unpublished = error === null ? await plans?.drain().catch((failure: unknown) => failure) : null;
      await plans?.close();
      for (const shadow of this.#shadows) await shadow.close("stopped");
      await exchange.close();
      await journal.close();
      recording?.close();
      this.#finish("ended", "suspended", null, error ?? unpublished ?? null);
    } catch (failure) {
      this.#crash(failure);
    }
  }

  /** Nothing leaves any more: what is on disk is what a recovery goes on with. */
  #crash(error: unknown): void {
    if (this.#state === "failed" || this.#state === "ended") return;
    this.#ahead.stop();
    this.#timers.stop();
    this.#desk.stop();
    this.#cancelTick?.();
    this.#finish("failed", "failed", null, error);
    this.#onResolved?.();
    this.#onQuiet?.();
  }

  #finish(state: "ended" | "failed", cause: SessionEnd["cause"], recordingDir: string | null, error: unknown): void {
    this.#state = state;
    const { positions } = this.#lane.look();
    this.#resolveEnded({
      cause,
      seq: this.#lane.seq,
      rows: this.#stamps.rows,
      openPositions: new Map([...positions.open.values()].map(({ symbol, qtyLots }) => [symbol, qtyLots])),
      cancelledOrders: this.#cancelled,
      recordingDir,
      error,
    });
  }
}

/** Shadows see the world, not what our own orders did in it. */
function isForShadows({ type }: EngineEvent): boolean {
  return type === "intent.received" || type === "market-features.received" || type === "operator.kill-switch-set";
}
