import type { FindingNoted, OrderQueryRequested, OrderSubmitted } from "../../engine/domain/decision.ts";
import type { EngineEvent } from "../../engine/domain/event.ts";
import type { Instrument } from "../../engine/domain/instrument.ts";
import type { Side } from "../../engine/domain/intent.ts";
import type { Money } from "../../engine/domain/money.ts";
import type { RecordingSource } from "../../recording/batch.ts";
import type { LeverageBracket } from "../../recording/leverage-brackets.ts";
import type { FillModelOptions } from "../../venue/liquidity.ts";
import type { VenueMarket } from "../../venue/venue-market.ts";
import type { RandomStreams } from "../time/random-streams.ts";
import type { Fault, TroubleRates } from "./faults/fault.ts";
import type { FaultDue } from "./faults/timed-faults.ts";
import type { LatencyModels } from "./latency.ts";
import type { SnapshotCall } from "./snapshot-calls.ts";

/** What the venue does with a symbol it lists but does not trade normally. */
export type Suspension = "reduce-only" | "closed";

/** Something on its way to the exchange. Plain data, so that a checkpoint can hold it. */
export type ExchangeArrival = OrderSubmitted | OrderQueryRequested | SnapshotCall | FaultDue;

export interface InitialPosition {
  readonly symbol: string;
  /** Signed. */
  readonly qtyLots: number;
  readonly entryPrice: number;
}

export interface SimulatedExchangeOptions {
  /** One per symbol of the run, `index` equal to its place. */
  readonly instruments: readonly Instrument[];
  /** Symbols this venue does not list, besides those whose instrument says so. */
  readonly symbolsMissing: readonly string[];
  /** Symbols that are listed but closed, or closed to new positions. */
  readonly suspended?: ReadonlyMap<string, Suspension>;
  readonly market: VenueMarket;
  readonly fidelity: RecordingSource["fidelity"];
  /** Entries of the recorded exchangeInfo, and leverage brackets, by symbol; Binance's usual ones where absent. */
  readonly venueInfo?: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  readonly leverageBrackets?: ReadonlyMap<string, readonly LeverageBracket[]>;
  /** `false` never liquidates; `true` when absent. */
  readonly isLiquidationEnabled?: boolean;
  /** Fractions of notional as decimal text; a negative one is a rebate. */
  readonly fees: { readonly maker: string; readonly taker: string };
  readonly fill: FillModelOptions;
  readonly latency: LatencyModels;
  /** Trouble by declared faults and by probabilities; none when absent. */
  readonly faults?: readonly Fault[];
  readonly trouble?: TroubleRates;
  /** Streams `latency/<way>`, `trouble/<kind>` and `faults/<place>` are drawn from it. */
  readonly random: RandomStreams;
  readonly walletQuote: Money;
  /** Whole number, the same for every symbol; Binance starts accounts at 20. */
  readonly leverage: number;
  readonly initialPositions: readonly InitialPosition[];
  /** Brings the arrival back through `arrive` at that time, before the engine sees anything of the same time. */
  schedule(dueTsMs: number, arrival: ExchangeArrival): void;
  /** Delivers the event to the engine at that time. */
  emit(dueTsMs: number, event: EngineEvent): void;
  /** Findings of the simulated world itself: which fault began to act. */
  note?(finding: FindingNoted): void;
  /** Told when `watched` changes, for a run loop that keeps one table for several exchanges. */
  watch?(symbolIndex: number, isWatched: boolean): void;
  /** Rows of income and ended orders kept; 10,000 of each by default. */
  readonly historyMax?: number;
}

export interface ExternalFill {
  readonly symbol: string;
  readonly side: Side;
  readonly qtyLots: number;
  /** `null` trades at the market, as any taker does. */
  readonly price: number | null;
  readonly tsMs: number;
}
