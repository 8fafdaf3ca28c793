import { hostname } from "node:os";
import type { Instrument } from "../../engine/domain/instrument.ts";
import type { Clock } from "../../live/ports.ts";
import { parseRedisUrl, type RedisTarget, readPasswordFile } from "../../live/redis/redis-target.ts";
import type { StreamProblem } from "../../live/streams/options.ts";
import { createRedisIntents, type RedisIntents } from "../../live/streams/redis-intents.ts";
import { createRedisOperator, type RedisOperator } from "../../live/streams/redis-operator.ts";
import { createRedisPlans, type RedisPlans } from "../../live/streams/redis-plans.ts";
import type { LiveFlags } from "./live-flags.ts";

/** What a session has of a Redis server; each part only when it was asked for. */
export interface RedisWorld {
  readonly target: RedisTarget;
  readonly intents: RedisIntents | null;
  readonly plans: RedisPlans | null;
  readonly operator: RedisOperator | null;
}

/** `null` when no server is named. */
export function redisTarget(flags: LiveFlags): RedisTarget | null {
  const url = flags.redis ?? process.env["REDIS_URL"];
  if (url === undefined || url === "") return null;
  const target = parseRedisUrl(url);
  if (flags.redisPasswordFile === undefined) return target;
  return { ...target, password: readPasswordFile(flags.redisPasswordFile) };
}

/** The same in every process of a machine that goes on with a session: pending entries are its own again. */
export function consumerName(flags: LiveFlags): string {
  return flags.consumer ?? `rehearsal-${hostname()}`;
}

export function redisWorld(parts: {
  readonly target: RedisTarget;
  readonly flags: LiveFlags;
  readonly session: string;
  readonly instruments: readonly Instrument[];
  readonly clock: Clock;
  readonly hasIntents: boolean;
  onProblem(problem: StreamProblem): void;
}): RedisWorld {
  const { target, flags, session, instruments, clock, hasIntents, onProblem } = parts;
  const nowMs = () => clock.nowMs();
  const { stream, group, shape, prefix, killKey } = flags;
  return {
    target,
    intents: hasIntents
      ? createRedisIntents({ target, stream, group, consumer: consumerName(flags), nowMs, onProblem })
      : null,
    plans: flags.publish ? createRedisPlans({ target, session, instruments, shape, prefix, nowMs, onProblem }) : null,
    operator: killKey === undefined ? null : createRedisOperator({ target, key: killKey, nowMs, onProblem }),
  };
}
