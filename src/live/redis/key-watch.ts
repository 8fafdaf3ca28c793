import { textOrBase64 } from "./entry-fields.ts";

export const KEY_STREAM = "redis.key";

/** What `GET` and `PTTL` answered. */
export interface KeyLook {
  /** `null` when there is no such key. */
  readonly value: Buffer | null;
  /** Milliseconds until it expires, below 0 when it never does. */
  readonly ttlMs: number;
  /** Clock of the record, and when the question went and the answer came on a clock that never steps. */
  readonly rxMs: number;
  readonly askedMs: number;
  readonly answeredMs: number;
}

interface Known {
  readonly value: Buffer | null;
  readonly expiry: Expiry | null;
}

/** When a key ends, on the clock that never steps: the server looked at some time between question and answer. */
interface Expiry {
  readonly earliestMs: number;
  readonly latestMs: number;
}

/** Clocks run a little differently, and the server rounds. */
const EXPIRY_TOLERANCE_MS = 50;

/**
 * Tells looks at a key that show something new: the first one (`seen`, `absent`), another value (`changed`), another
 * time to live (`renewed`), and the end of the key (`expired` when its time had come, `deleted` before).
 */
export class KeyWatch {
  readonly #known = new Map<string, Known>();

  /** Payload of the record, `null` when nothing is new. */
  look(key: string, { value, ttlMs, rxMs, askedMs, answeredMs }: KeyLook): Readonly<Record<string, unknown>> | null {
    const known = this.#known.get(key);
    const isEnding = value !== null && ttlMs >= 0;
    const expiry = isEnding ? { earliestMs: askedMs + ttlMs, latestMs: answeredMs + ttlMs } : null;
    const event = eventOf(known, value, expiry, answeredMs);
    if (event === null) return null;
    this.#known.set(key, { value, expiry });
    if (value === null) return { key, event };
    const content = textOrBase64(value);
    const shown = "text" in content ? { value: content.text } : { valueBase64: content.base64 };
    const ttl = isEnding ? ttlMs : null;
    return { key, event, ...shown, ttlMs: ttl, expiresTsMs: ttl === null ? null : rxMs + ttl };
  }

  /** Keys that were there at the last look. */
  present(): string[] {
    return [...this.#known].filter(([, { value }]) => value !== null).map(([key]) => key);
  }

  /** A key that is gone and that no name asks for; it would be looked at for ever. */
  forget(key: string): void {
    this.#known.delete(key);
  }
}

function eventOf(known: Known | undefined, value: Buffer | null, expiry: Expiry | null, nowMs: number): string | null {
  if (known === undefined) return value === null ? "absent" : "seen";
  if (value === null) {
    if (known.value === null) return null;
    return known.expiry !== null && nowMs >= known.expiry.earliestMs - EXPIRY_TOLERANCE_MS ? "expired" : "deleted";
  }
  if (known.value === null) return "seen";
  if (!known.value.equals(value)) return "changed";
  if (expiry === null || known.expiry === null) return expiry === known.expiry ? null : "renewed";
  const isLater = expiry.earliestMs > known.expiry.latestMs + EXPIRY_TOLERANCE_MS;
  const isEarlier = expiry.latestMs < known.expiry.earliestMs - EXPIRY_TOLERANCE_MS;
  return isLater || isEarlier ? "renewed" : null;
}
