import { performance } from "node:perf_hooks";
import type { LiveRecording } from "../../recording/live/live-recording.ts";
import { GROUP_STREAM, groupStates } from "./group-state.ts";
import { KEY_STREAM, KeyWatch } from "./key-watch.ts";
import { RedisRefusal, type Reply } from "./link.ts";
import { numberOf, textOf } from "./stream-info.ts";

export interface SideLookOptions {
  readonly recording: LiveRecording;
  readonly nowMs: () => number;
  readonly streams: readonly string[];
  readonly groups: readonly string[];
  /** Names, and patterns of names. */
  readonly keys: readonly string[];
  readonly groupIntervalMs: number;
  readonly ask: (command: string, ...args: (string | number)[]) => Promise<Reply>;
}

/** Looks at what is not in the streams: keys with their time to live, and how far consumer groups are. */
export class SideLooks {
  readonly #options: SideLookOptions;
  readonly #watch = new KeyWatch();
  readonly #refused = new Set<string>();
  #groupsAtMs = Number.NEGATIVE_INFINITY;
  keyRecords = 0;
  groupRecords = 0;

  constructor(options: SideLookOptions) {
    this.#options = options;
  }

  async look(): Promise<void> {
    const { keys, groups, groupIntervalMs } = this.#options;
    if (keys.length > 0) await this.#lookAtKeys();
    if (groups.length === 0 || performance.now() - this.#groupsAtMs < groupIntervalMs) return;
    this.#groupsAtMs = performance.now();
    await this.#lookAtGroups();
  }

  async #lookAtKeys(): Promise<void> {
    const { keys, ask } = this.#options;
    const names = new Set(keys.filter((key) => !isPattern(key)));
    const patterns = keys.filter(isPattern);
    // A key that a pattern found is looked at until it is gone, and then that is told.
    for (const key of patterns.length > 0 ? this.#watch.present() : []) names.add(key);
    for (const pattern of patterns) for (const key of await keysLike(ask, pattern)) names.add(key);
    for (const key of [...names].sort()) await this.#lookAt(key, keys.includes(key));
  }

  async #lookAt(key: string, isNamed: boolean): Promise<void> {
    const { ask, nowMs, recording } = this.#options;
    const askedMs = performance.now();
    let value: Reply;
    let ttlMs: Reply;
    try {
      // Both are on their way before the first answer: nothing of ours comes between them.
      [value, ttlMs] = await Promise.all([ask("GET", key), ask("PTTL", key)]);
    } catch (error) {
      if (!(error instanceof RedisRefusal)) throw error;
      this.#tellRefusal(key, error);
      return;
    }
    this.#refused.delete(key);
    const rxMs = nowMs();
    const bytes = Buffer.isBuffer(value) ? value : null;
    const payload = this.#watch.look(key, {
      value: bytes,
      ttlMs: numberOf(ttlMs),
      rxMs,
      askedMs,
      answeredMs: performance.now(),
    });
    if (bytes === null && !isNamed) this.#watch.forget(key);
    if (payload === null) return;
    recording.input({ rxMs, stream: KEY_STREAM, payload });
    if (payload["event"] !== "absent") this.keyRecords++;
  }

  /** `GET` is only for keys that hold a text; others are told once and stay named. */
  #tellRefusal(key: string, { code }: RedisRefusal): void {
    if (this.#refused.has(key)) return;
    this.#refused.add(key);
    const payload = { key, event: "refused", code };
    this.#options.recording.input({ rxMs: this.#options.nowMs(), stream: KEY_STREAM, payload });
  }

  async #lookAtGroups(): Promise<void> {
    const { streams, groups, ask, nowMs, recording } = this.#options;
    for (const redisStream of streams) {
      for (const payload of await groupStates(ask, redisStream, groups)) {
        recording.input({ rxMs: nowMs(), stream: GROUP_STREAM, payload });
        this.groupRecords++;
      }
    }
  }
}

function isPattern(key: string): boolean {
  return /[*?[]/.test(key);
}

async function keysLike(ask: SideLookOptions["ask"], pattern: string): Promise<string[]> {
  const keys: string[] = [];
  let cursor = "0";
  do {
    const reply = await ask("SCAN", cursor, "MATCH", pattern, "COUNT", 1000, "TYPE", "string");
    if (!Array.isArray(reply) || !Array.isArray(reply[1])) break;
    cursor = textOf(reply[0]);
    for (const key of reply[1]) keys.push(textOf(key));
  } while (cursor !== "0");
  return keys;
}
