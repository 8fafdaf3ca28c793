import { textOrBase64 } from "./entry-fields.ts";

export const KEY_STREAM = "redis.key";

/** What `GET` and `PTTL` answered. */
export interface KeyLook {
  /** `null` when there is no such key. */
  readonly value: Buffer | null;
  /** Milliseconds until it expires, below 0 when it never does. */
  readonly ttlMs: number;
  /** Clock of the record, and a clock that never steps. */
  readonly rxMs: number;
  readonly monotonicMs: number;
}

interface Known {
  readonly value: Buffer | null;
  /** On the clock that never steps. */
  readonly expiresMs: number | null;
}

/** Two looks at one expiry differ by the way to the server and back. */
const EXPIRY_TOLERANCE_MS = 500;

/**
 * Tells looks at a key that show something new: the first one (`seen`, `absent`), another value (`changed`), another
 * time to live (`renewed`), and the end of the key (`expired` when its time had come, `deleted` before).
 */
export class KeyWatch {
  readonly #known = new Map<string, Known>();

  /** Payload of the record, `null` when nothing is new. */
  look(key: string, { value, ttlMs, rxMs, monotonicMs }: KeyLook): Readonly<Record<string, unknown>> | null {
    const known = this.#known.get(key);
    const expiresMs = value === null || ttlMs < 0 ? null : monotonicMs + ttlMs;
    const event = eventOf(known, value, expiresMs, monotonicMs);
    if (event === null) return null;
    this.#known.set(key, { value, expiresMs });
    if (value === null) return { key, event };
    const content = textOrBase64(value);
    const shown = "text" in content ? { value: content.text } : { valueBase64: content.base64 };
    const ttl = expiresMs === null ? null : ttlMs;
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

function eventOf(
  known: Known | undefined,
  value: Buffer | null,
  expiresMs: number | null,
  nowMs: number,
): string | null {
  if (known === undefined) return value === null ? "absent" : "seen";
  if (value === null) {
    if (known.value === null) return null;
    return known.expiresMs !== null && nowMs >= known.expiresMs - EXPIRY_TOLERANCE_MS ? "expired" : "deleted";
  }
  if (known.value === null) return "seen";
  if (!known.value.equals(value)) return "changed";
  if ((expiresMs === null) !== (known.expiresMs === null)) return "renewed";
  if (expiresMs !== null && Math.abs(expiresMs - known.expiresMs!) > EXPIRY_TOLERANCE_MS) return "renewed";
  return null;
}
