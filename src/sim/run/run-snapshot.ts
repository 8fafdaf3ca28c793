import type { MarketSnapshot } from "../../engine/market/market-state.ts";
import type { VenueMarketSnapshot } from "../../venue/venue-market.ts";
import type { RandomStreamState } from "../time/random-streams.ts";
import type { MarketFeedSnapshot } from "./market-feed.ts";
import type { TimelineItem, TimelineSnapshot } from "./timeline.ts";
import type { VariantSnapshot } from "./variant.ts";

/**
 * A run between two things that happen: everything its future depends on besides the scenario and the recording. Plain
 * data without instances of classes; objects that several parts share are shared here too.
 */
export interface RunSnapshot {
  readonly clockMs: number;
  readonly nextBeatMs: number;
  /** Items of the timeline that have been taken and not yet delivered, and the variant the first one goes to next. */
  readonly inbox: readonly TimelineItem[];
  readonly inboxVariant: number;
  /** One per way of looking at the market, in the order in which variants ask for them. */
  readonly markets: readonly MarketSnapshot[];
  readonly venueMarket: VenueMarketSnapshot;
  readonly feed: MarketFeedSnapshot;
  readonly feedStreams: ReadonlyMap<string, RandomStreamState>;
  readonly timeline: TimelineSnapshot;
  readonly variants: readonly VariantSnapshot[];
}
