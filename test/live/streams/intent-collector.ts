import type { DeliveredIntent, IntentListener, IntentStart } from "../../../src/live/ports.ts";
import { parseRedisUrl } from "../../../src/live/redis/redis-target.ts";
import type { RedisIntentsOptions, StreamProblem } from "../../../src/live/streams/options.ts";
import { createRedisIntents, type RedisIntents } from "../../../src/live/streams/redis-intents.ts";

export const STREAM = "quantum:stream:trade.intent";
export const GROUP = "rehearsal";

export type Gap = Parameters<IntentListener["gap"]>[0];

const running: RedisIntents[] = [];

/** A session that only takes intents: what it was told, in order. */
export class IntentCollector implements IntentListener {
  readonly source: RedisIntents;
  readonly intents: DeliveredIntent[] = [];
  readonly gaps: Gap[] = [];
  readonly problems: StreamProblem[] = [];
  /** Whether it acknowledges what it is given at once. */
  isAcking = true;

  constructor(url: string, options: Partial<RedisIntentsOptions> = {}) {
    this.source = createRedisIntents({
      target: parseRedisUrl(url),
      stream: STREAM,
      group: GROUP,
      consumer: "one",
      blockMs: 50,
      onProblem: (problem) => this.problems.push(problem),
      ...options,
    });
    running.push(this.source);
  }

  start(kind: IntentStart["kind"] | IntentStart): ReturnType<RedisIntents["start"]> {
    return this.source.start(this, typeof kind === "string" ? ({ kind } as IntentStart) : kind);
  }

  intent(intent: DeliveredIntent): void {
    this.intents.push(intent);
    if (this.isAcking) intent.ack();
  }

  gap(gap: Gap): void {
    this.gaps.push(gap);
  }

  get ids(): string[] {
    return this.intents.map(({ event }) => event.entryId);
  }

  /** Ids that were said to be delivered again. */
  get again(): string[] {
    return this.intents.filter(({ isRedelivery }) => isRedelivery).map(({ event }) => event.entryId);
  }

  gapsOf(kind: Gap["kind"]): Gap[] {
    return this.gaps.filter((gap) => gap.kind === kind);
  }
}

export async function closeCollectors(): Promise<void> {
  await Promise.all(running.splice(0).map((source) => source.close()));
}

/** Waits until it is so. */
export async function until(what: () => boolean | Promise<boolean>, withinMs = 10_000): Promise<void> {
  const endMs = performance.now() + withinMs;
  while (!(await what())) {
    if (performance.now() > endMs) throw new Error(`It did not come about within ${withinMs} ms: ${what}`);
    await new Promise((done) => setTimeout(done, 5));
  }
}
