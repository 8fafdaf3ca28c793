import type { IntentReceived } from "../../engine/domain/event.ts";
import type { MarketState } from "../../engine/market/market-state.ts";
import type { Clock, IntentSource } from "../../live/ports.ts";
import type { RecordingSource } from "../../recording/batch.ts";
import { openRecording } from "../../recording/reader.ts";
import { createIntentFeed, type IntentFeed } from "../../sim/run/intent-feed.ts";
import { recordedInputs } from "../../sim/run/recorded-input.ts";
import { FeedIntents } from "./feed-intents.ts";
import { readIntentFile } from "./intent-file.ts";
import type { LivePlan } from "./live-plan.ts";
import { type StrategyPast, strategyFeed } from "./strategy-past.ts";

/**
 * Intents that need no Redis: of the scenario's strategy on the session's market, of a file, or of the recording whose
 * prices are played.
 *
 * @param place `startTsMs` of the session; of one that is resumed `knownUntilTsMs` is its last stamp, and `past` what its
 * strategy remembers
 */
export function localIntents(
  plan: LivePlan,
  parts: { readonly clock: Clock; readonly market: MarketState; readonly symbols: readonly string[] },
  place: { readonly startTsMs: number; readonly knownUntilTsMs: number; readonly past: StrategyPast | null },
): IntentSource {
  const { clock, market, symbols } = parts;
  const { startTsMs, knownUntilTsMs, past } = place;
  return new FeedIntents({ feed: feedOf(), clock, market, knownUntilTsMs });

  function feedOf(): IntentFeed {
    const { intents, scenario } = plan;
    if (intents === "recording") return new RecordedIntents(openRecording(scenario.recordingPath), startTsMs);
    if (typeof intents === "object") return createIntentFeed(readIntentFile(intents.file), symbols, startTsMs);
    // A list is told again from its start, its known entries are passed over; a strategy looks from now on.
    const isList = scenario.strategy?.name === "replay";
    const feed = strategyFeed(plan, symbols, isList ? startTsMs : Math.max(startTsMs, clock.nowMs()));
    return past?.goOnAt(feed.nextTsMs) ?? feed;
  }
}

/** `trade.intent` of a recording, at the times at which they were received. */
class RecordedIntents implements IntentFeed {
  readonly #events: Iterator<{ readonly tsMs: number; readonly event: IntentReceived }>;
  #next: { readonly tsMs: number; readonly event: IntentReceived } | null;

  constructor(recording: RecordingSource, fromTsMs: number) {
    this.#events = intentsOf(recording, fromTsMs);
    this.#next = this.#read();
  }

  get nextTsMs(): number {
    return this.#next?.tsMs ?? Number.POSITIVE_INFINITY;
  }

  take(): readonly IntentReceived[] {
    const tsMs = this.nextTsMs;
    const taken: IntentReceived[] = [];
    while (this.#next !== null && this.#next.tsMs === tsMs) {
      taken.push(this.#next.event);
      this.#next = this.#read();
    }
    return taken;
  }

  save(): ReturnType<IntentFeed["save"]> {
    return { place: this.nextTsMs, memory: {} };
  }

  load({ place }: ReturnType<IntentFeed["save"]>): void {
    while (this.nextTsMs < place) this.#next = this.#read();
  }

  #read(): { readonly tsMs: number; readonly event: IntentReceived } | null {
    const next = this.#events.next();
    return next.done === true ? null : next.value;
  }
}

function* intentsOf(
  recording: RecordingSource,
  fromTsMs: number,
): Generator<{ readonly tsMs: number; readonly event: IntentReceived }> {
  for (const input of recordedInputs(recording, true)) {
    if (input.kind !== "event" || input.event.type !== "intent.received" || input.tsMs < fromTsMs) continue;
    yield { tsMs: input.tsMs, event: input.event };
  }
}
