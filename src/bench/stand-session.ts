import { join } from "node:path";
import { parseMoney } from "../engine/domain/money.ts";
import { createStageMeter, type JournalWatcher, type StageMeterOptions } from "../live/ops/stage-meter.ts";
import type { RedisTarget } from "../live/redis/redis-target.ts";
import { createSafetyGate } from "../live/safety/gate.ts";
import { systemClock } from "../live/session/clock.ts";
import { openFileJournal } from "../live/session/file-journal.ts";
import { LiveSession } from "../live/session/live-session.ts";
import { recordingSink } from "../live/session/recording-sink.ts";
import { createRedisIntents } from "../live/streams/redis-intents.ts";
import { createRedisPlans } from "../live/streams/redis-plans.ts";
import { createLiveRecording } from "../recording/live/live-recording.ts";
import {
  FixedFeed,
  INSTRUMENTS,
  InstantExchange,
  PRICE,
  STREAM,
  SYMBOL_NAMES,
  standHeader,
  standParts,
} from "./stand-world.ts";

export interface StandSession {
  readonly target: RedisTarget;
  /** Gets the journal and the recording. */
  readonly folder: string;
  readonly entry: JournalWatcher["entry"];
  readonly stage: StageMeterOptions["stage"];
}

/**
 * A session with everything that `live` plugs into it: journal, recording, safety gate, published plans. Only the
 * exchange is none, because a real one's time is not ours.
 */
export function openStandSession({ target, folder, entry, stage }: StandSession): LiveSession {
  const meter = createStageMeter({ stage });
  const journal = openFileJournal(folder, standHeader(), "process");
  const recording = createLiveRecording({
    dir: join(folder, "recording"),
    id: "bench",
    createdBy: "rehearsal bench",
    fidelity: "mark",
    symbols: SYMBOL_NAMES,
  });
  return new LiveSession({
    parts: standParts(),
    clock: systemClock(),
    feed: new FixedFeed(),
    intents: meter.intents(createRedisIntents({ target, stream: STREAM, group: "bench", consumer: "one", batch: 256 })),
    intentStart: { kind: "new" },
    exchange: meter.exchange(new InstantExchange()),
    plans: createRedisPlans({
      target,
      session: "bench",
      instruments: INSTRUMENTS,
      shape: "strict",
      leverageOf: () => null,
    }),
    gate: createSafetyGate({
      instruments: INSTRUMENTS,
      maxNotionalQuote: parseMoney("1000"),
      maxPositionQuote: parseMoney("100000"),
      maxExposureQuote: parseMoney("100000000"),
      maxOrdersPerMinute: 10_000_000,
      maxLossQuote: parseMoney("100000000"),
      prices: () => PRICE,
    }),
    operator: null,
    journal: meter.journal(journal, { entry, price: () => undefined }),
    recording: recordingSink(recording, SYMBOL_NAMES),
  });
}
