import type {
  FindingNoted,
  OrderQueryRequested,
  OrderSubmitted,
  Severity,
  SnapshotRequested,
} from "../engine/domain/decision.ts";
import type {
  EngineEvent,
  IntentReceived,
  KillSwitchSet,
  MarketFeaturesReceived,
  RunEnded,
} from "../engine/domain/event.ts";
import type { Side } from "../engine/domain/intent.ts";
import type { JournalEntry } from "../engine/domain/journal.ts";
import type { Money } from "../engine/domain/money.ts";
import type { LiveGap } from "../recording/live/live-types.ts";
import type { MarketStream } from "../recording/stream-rank.ts";

/**
 * The seams between a live session and the world. A session owns the order of things and the write-ahead journal; what
 * implements these ports owns sockets, files and retries. All of them can be replaced by scripted ones, so a session can
 * be tested in virtual time.
 *
 * Listeners are called synchronously and never throw; a port may call them at any time between `connect` (or `start`)
 * and the end of `close`, but not from inside a call of the session to the same port.
 */

/** Takes back what was scheduled; without effect when it has happened. */
export type Cancel = () => void;

/** The wall clock. It may jump: the session makes stamps of it that never decrease. */
export interface Clock {
  /** UTC in whole milliseconds. */
  nowMs(): number;
  /** Calls once when `nowMs` has reached that time, never from inside `schedule`. */
  schedule(dueTsMs: number, action: () => void): Cancel;
}

/** One price as it came, in decimal texts so that the recording holds what the exchange said. */
export interface FeedRow {
  readonly symbolIndex: number;
  /** Exchange time, whole milliseconds; `null` when the source gives none. */
  readonly tsMs: number | null;
  readonly kind: MarketStream;
  /** Mark price, last trade price, or middle of a book; above 0. */
  readonly price: string;
  readonly bid?: string;
  readonly ask?: string;
  /** Base quantity traded since the previous row of the symbol. */
  readonly qty?: string;
  readonly bidQty?: string;
  readonly askQty?: string;
  /**
   * Something that was known before the session began, told during `connect` in order of time: it is stamped with its
   * own time, so that trackers begin with a past.
   */
  readonly isHistory?: true;
}

/** A funding rate that has been settled for everybody; what our account paid comes from the exchange port. */
export interface FeedFunding {
  readonly symbolIndex: number;
  readonly tsMs: number | null;
  /** Positive when longs pay. */
  readonly rate: number;
  readonly markPrice: number | null;
}

export interface MarketListener {
  row(row: FeedRow): void;
  funding(funding: FeedFunding): void;
  features(event: MarketFeaturesReceived): void;
  /** The feed was away; prices of that time are missing. */
  gap(gap: Omit<LiveGap, "rxMs">): void;
}

/** Prices of the instruments of a session. It reconnects by itself, and tells every absence as a gap. */
export interface MarketFeed {
  /** Resolves when it is subscribed. @throws {UserError} when it cannot be reached at all */
  connect(listener: MarketListener): Promise<void>;
  close(): Promise<void>;
}

/** One entry of the intent stream. */
export interface DeliveredIntent {
  readonly event: IntentReceived;
  /** It may have been delivered before: a pending entry after a restart, or one claimed from a dead consumer. */
  readonly isRedelivery: boolean;
  /** The session calls it once, after the journal entry is on disk and its effects have been handed over. */
  ack(): void;
}

export interface IntentListener {
  intent(intent: DeliveredIntent): void;
  /** Entries were trimmed before they were read, or the source was away. */
  gap(gap: Omit<LiveGap, "rxMs">): void;
}

/** Where a session begins to read: what is there already is old, or is wanted, and somebody has to say which. */
export type IntentStart =
  | { readonly kind: "new" }
  | { readonly kind: "beginning" }
  | { readonly kind: "after"; readonly entryId: string }
  /** Where the consumer group stopped, pending entries first. */
  | { readonly kind: "resume" };

/** What lay there at the start. */
export interface IntentBacklog {
  /** Entries delivered earlier and never acknowledged. */
  readonly pending: number;
  /** Entries not delivered to anybody yet; `null` when the source cannot say. */
  readonly unread: number | null;
  readonly oldestEntryId: string | null;
}

export interface IntentSource {
  start(listener: IntentListener, start: IntentStart): Promise<IntentBacklog>;
  /** Delivers nothing more until `resume`; a batch that was read already may still come. */
  pause(): void;
  resume(): void;
  /** Acknowledgements handed over are sent before it resolves. */
  close(): Promise<void>;
}

/** An order that rests or is being filled, as the exchange reports it. */
export interface OpenOrderReport {
  readonly clientOrderId: string;
  readonly orderId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly qtyLots: number;
  readonly filledQtyLots: number;
}

export interface HeldPosition {
  readonly symbol: string;
  /** Signed; never 0 here. */
  readonly qtyLots: number;
  readonly entryPrice: number;
}

/** What the exchange says of the account, all of it true for the same moment as far as the exchange allows. */
export interface AccountReport {
  readonly asOfTsMs: number;
  /** Wallet without unrealized profit. */
  readonly walletQuote: Money;
  /** Open positions; every symbol that is absent is flat. */
  readonly positions: readonly HeldPosition[];
  readonly openOrders: readonly OpenOrderReport[];
}

export interface ExchangeListener {
  /**
   * Events about orders, fills, funding and snapshots. Of one order they come in the order in which they happened.
   * Telling a fill twice is harmless: the trade id tells them apart.
   */
  event(event: EngineEvent): void;
  /** The user stream was away. The port has looked up what it missed before it tells new events. */
  gap(gap: Omit<LiveGap, "rxMs">): void;
}

/** What a session that goes on has been told already. */
export interface ExchangePast {
  readonly startTsMs: number;
  /** Stamp of the last funding of each symbol; absent symbols have had none. */
  readonly fundingTold: ReadonlyMap<string, number>;
}

/**
 * The engine's exchange in the real world. Calls return at once; answers come to the listener.
 *
 * - `submit` ends in accepted, rejected, filled or ended events, or in `exchange.order-unknown` when nobody can say
 *   what became of the order. It never sends a second order for one client order id.
 * - `query` ends in `exchange.order-queried`; fills the engine may not have heard of come before it. No answer at all is
 *   allowed: the engine asks again.
 * - `requestSnapshot` always ends in a final `exchange.snapshot-received`, `failed` when there was no answer. Its
 *   `asOfTsMs` (exchange time, as `exchangeTsMs` of fills) is a moment whose fills the report surely contains: the time
 *   the request left, not the time the answer came. Fills after it may or may not be in the report.
 */
export interface LiveExchange {
  /** @param past of a session that goes on: funding it has not been told of is told before this resolves */
  connect(listener: ExchangeListener, past?: ExchangePast): Promise<void>;
  submit(order: OrderSubmitted, tsMs: number): void;
  /** @param order what was submitted under that client order id: after a restart the port has not seen it */
  query(request: OrderQueryRequested, tsMs: number, order: OrderSubmitted): void;
  requestSnapshot(request: SnapshotRequested, tsMs: number): void;
  reconcile(): Promise<AccountReport>;
  /** Cancels the open orders whose client order id is ours (`isOwnClientOrderId`), and no other. */
  cancelOwnOrders(): Promise<readonly string[]>;
  close(): Promise<void>;
  /** A simulated exchange lives on the same prices: told of every row before the engine. */
  onRow?(row: AppliedRow): void;
  onFunding?(funding: FeedFunding): void;
}

/** Orders of the engine are named after their plan (`engine/pipeline/execute.ts`). */
export const OWN_ORDER_PREFIX = "rh-";

export function isOwnClientOrderId(clientOrderId: string): boolean {
  return clientOrderId.startsWith(OWN_ORDER_PREFIX);
}

/** A row with the time the session stamped on it: what MarketState, journal and simulated venue see. NaN is unknown. */
export interface AppliedRow {
  readonly symbolIndex: number;
  /** Stamp of the session. */
  readonly tsMs: number;
  readonly exchangeTsMs: number;
  /** One of `MARKET_KIND`. */
  readonly kind: number;
  readonly price: number;
  readonly bid: number;
  readonly ask: number;
  readonly qty: number;
  readonly bidQty: number;
  readonly askQty: number;
}

/**
 * Publishes what other services read: `apply.plan`, permit keys, `apply.result`, ledger and snapshot keys. It picks what
 * it publishes from the entries, keeps their order, and remembers with what it writes how far it is.
 *
 * An entry may be handed over again after a crash; a port that cannot write atomically with its mark writes at least once.
 */
export interface PlanStream {
  /** Entries handed over and not written yet. */
  readonly waiting: number;
  publish(entry: JournalEntry): void;
  /** No more than so many wait, or it has been closed. */
  room(waitingMax: number): Promise<void>;
  /** Number of the last entry that is known to be published; 0 when none is. */
  lastPublishedSeq(): Promise<number>;
  /** Everything handed over has been written. @throws {UserError} exit 15 when nobody takes it for long */
  drain(): Promise<void>;
  close(): Promise<void>;
}

export interface SafetyRefusal {
  /** `max-notional`, `position`, `order-rate`, `loss`, `kill-switch`, ... */
  readonly limit: string;
  readonly text: string;
}

/** Code of the `exchange.order-rejected` event that a refusal of the safety gate becomes. */
export const SAFETY_REFUSAL_CODE = -90_001;

/**
 * Limits of the session, checked a second time beside the engine's own, right before an order leaves the process. It
 * learns what it needs from the entries, so it must not depend on anything that a recovery would not bring back.
 */
export interface SafetyGate {
  check(order: OrderSubmitted, tsMs: number): SafetyRefusal | null;
  /** Every entry in order, also those that a recovery reads back, before any effect of it. */
  observe(entry: JournalEntry): void;
}

export interface OperatorListener {
  killSwitch(scope: KillSwitchSet["scope"], source: string): void;
  /** As the first, second, ... Ctrl-C. */
  stop(): void;
}

/** A person's hand on the session: a file, a signal, a Redis key. */
export interface Operator {
  start(listener: OperatorListener): Promise<void>;
  close(): Promise<void>;
}

/** What moves the shared market between two envelopes. */
export type MarketMove =
  | { readonly kind: "row"; readonly row: AppliedRow }
  | { readonly kind: "funding"; readonly symbolIndex: number; readonly rate: number };

/**
 * The write-ahead journal: market and entries in one order. `append` and `move` buffer; what `flush` has confirmed
 * survives a crash of the kind the sink promises (of the process, or of the machine).
 */
export interface JournalSink {
  /** Moves go before the entry that is appended next. */
  move(move: MarketMove): void;
  append(entry: JournalEntry): void;
  /**
   * Everything handed over before the call is durable when it resolves. One call at a time.
   *
   * @throws {UserError} when it is not; the sink is unusable from then on
   */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** What one record of an input needs beside its payload, so that a replay meets the market as the engine did. */
export interface InputPlace {
  /** Number of the input in delivery order, envelopes and funding counted together, from 1. */
  readonly order: number;
  /** Market rows that were applied before it. */
  readonly rowsBefore: number;
  /** Number of its envelope, or of the last one before it. */
  readonly seq: number;
}

/** Every input at the boundary in delivery order (src/recording/live). */
export interface RecordingSink {
  row(row: FeedRow, stampMs: number): void;
  event(event: EngineEvent, stampMs: number, place: InputPlace): void;
  funding(funding: FeedFunding, stampMs: number, place: InputPlace): void;
  gap(gap: Omit<LiveGap, "rxMs">, stampMs: number): void;
  /** Call now and then, at a time after the last stamp: writes what is due. */
  tick(): void;
  /** Ends the recording for good and gives its folder; `null` when it has none. */
  seal(): Promise<string | null>;
  /** Leaves it as it is, to be resumed. */
  close(): void;
}

/** Places where a crash is interesting; a test throws there (`LiveSessionOptions.probe`). */
export const SESSION_STEPS = [
  "before-append",
  "after-append",
  "before-flush",
  "after-flush",
  "before-submit",
  "after-submit",
  "before-query",
  "before-snapshot",
  "before-publish",
  "after-publish",
  "before-ack",
  "after-ack",
] as const;

export type SessionStep = (typeof SESSION_STEPS)[number];

/** Findings of the session itself: a replay does not find them again, so parity leaves them out. */
export const LIVE_FINDING_PREFIX = "live.";

/** A finding of the session; it is journalled beside what the engine decides next. */
export function liveFinding(
  code: string,
  severity: Severity,
  text: string,
  evidence: FindingNoted["evidence"],
): FindingNoted {
  return { type: "finding.noted", code: `${LIVE_FINDING_PREFIX}${code}`, severity, symbol: null, text, evidence };
}

/** How far a session is and what it holds; plain numbers for metrics, status lines and `live doctor`. */
export interface SessionStatus {
  readonly state: SessionState;
  readonly seq: number;
  readonly rows: number;
  readonly intentsWaiting: number;
  readonly eventsWaiting: number;
  /** Entries whose effects wait for the disk. */
  readonly entriesUnflushed: number;
  readonly ordersUnresolved: number;
  readonly ordersParked: number;
  readonly isIntentSourcePaused: boolean;
}

/**
 * `resolving`: orders of the crashed session are asked for, and nothing else is sent. `draining`: no new entries, exits
 * keep working. `leaving`: own orders are cancelled.
 */
export type SessionState = "starting" | "resolving" | "running" | "draining" | "leaving" | "ended" | "failed";

export interface SessionEnd {
  /** `suspended` leaves the journal open for a recovery. */
  readonly cause: RunEnded["cause"] | "suspended" | "failed";
  readonly seq: number;
  readonly rows: number;
  /** Signed lots by symbol that stay open. */
  readonly openPositions: ReadonlyMap<string, number>;
  readonly cancelledOrders: readonly string[];
  readonly recordingDir: string | null;
  readonly error: unknown;
}
