const ID = /^(\d{1,20})-(\d{1,20})$/;

/** Before every entry: `XREAD` after it gives a stream from its first one. */
export const FIRST_ID = "0-0";

/** `1770253357846` becomes `1770253357846-0`; `null` when the text is no entry id. */
export function normalId(text: string): string | null {
  const whole = /^\d{1,20}$/.test(text) ? `${text}-0` : text;
  return ID.test(whole) ? whole : null;
}

/** Below 0 when `left` comes before `right`. Both parts have 64 bits in Redis, so they are compared exactly. */
export function compareIds(left: string, right: string): number {
  if (left === right) return 0;
  const [leftMs, leftNumber] = parts(left);
  const [rightMs, rightNumber] = parts(right);
  if (leftMs !== rightMs) return leftMs < rightMs ? -1 : 1;
  if (leftNumber === rightNumber) return 0;
  return leftNumber < rightNumber ? -1 : 1;
}

/** Time part of an id, server clock; `null` when it is no time (ids can be chosen freely by whoever adds). */
export function idTimeMs(id: string): number | null {
  const timeMs = Number(id.slice(0, id.indexOf("-")));
  return timeMs >= TIME_MS_MIN && timeMs < TIME_MS_MAX ? timeMs : null;
}

// No Redis stream is older than Redis.
const TIME_MS_MIN = Date.UTC(2009, 0);
const TIME_MS_MAX = Date.UTC(2100, 0);

function parts(id: string): [bigint, bigint] {
  const dash = id.indexOf("-");
  return [BigInt(id.slice(0, dash)), BigInt(id.slice(dash + 1))];
}
