import type { Money } from "../../engine/domain/money.ts";
import type { EngineParts } from "../../engine/pipeline/state.ts";
import type {
  Clock,
  IntentSource,
  IntentStart,
  JournalSink,
  LiveExchange,
  MarketFeed,
  Operator,
  PlanStream,
  RecordingSink,
  SafetyGate,
  SessionStep,
} from "../ports.ts";
import type { RecoveredSession } from "./recover-session.ts";
import type { ShadowOptions } from "./shadow.ts";

/** Bounds of what may wait inside a session; each overflow is a finding and holds the source back. */
export interface SessionBounds {
  /** Intents read and not yet judged, above which the source is paused. 1000 when absent. */
  readonly intentsWaitingMax?: number;
  /** Entries whose effects wait for the disk, above which nothing more is judged. 4096 when absent. */
  readonly entriesUnflushedMax?: number;
  /** Entries decided and not published, above which no more intents are judged. 10,000 when absent. */
  readonly plansWaitingMax?: number;
  /** Events of the exchange that wait, above which a finding is noted; none is ever dropped. 10,000 when absent. */
  readonly eventsWaitingMax?: number;
}

export interface LiveSessionOptions {
  /** Of the engine; ignored when `from` is given, which brings its own. */
  readonly parts: EngineParts;
  readonly clock: Clock;
  readonly feed: MarketFeed;
  readonly intents: IntentSource;
  readonly intentStart: IntentStart;
  readonly exchange: LiveExchange;
  readonly plans: PlanStream | null;
  readonly gate: SafetyGate | null;
  readonly operator: Operator | null;
  readonly journal: JournalSink;
  readonly recording: RecordingSink | null;
  readonly shadows?: readonly ShadowOptions[];
  readonly bounds?: SessionBounds;
  /** Goes on where a crashed or suspended session stopped. */
  readonly from?: RecoveredSession;
  /** Takes over positions and differences instead of refusing them. */
  readonly isAdopting?: boolean;
  /** What the wallet may differ by after an absence. 0.01 when absent. */
  readonly pnlToleranceQuote?: Money;
  /** See `OrderDesk`; 10,000 when absent, the `recvWindow` of ccxt. */
  readonly notFoundAfterMs?: number;
  /** Closes what is open when it drains. */
  readonly isFlatteningOnExit?: boolean;
  /** How long it waits at the end for answers about own orders, and is suspended without them. 30,000 when absent. */
  readonly leaveWaitMs?: number;
  /** Called at every step of `SESSION_STEPS`; what it throws is a crash: nothing happens after it. */
  probe?(step: SessionStep): void;
}
