/** Ids above this length are compared as they are, never with a letter changed. */
const ID_LENGTH_MAX = 64;

/** Two ids that differ by one letter: changed, missing or added. */
export interface NearId {
  readonly id: string;
  readonly near: string;
}

/**
 * Pairs of ids of two sets that are one letter apart. Each id of the first set is filed under itself with each letter
 * left out, and each id of the second is looked up in the same way: the work grows with the number of ids times their
 * length, not with the number of pairs.
 *
 * @param strayIds at most `strayMax` of them are looked at, in their order
 */
export function nearIds(strayIds: Iterable<string>, ids: Iterable<string>, strayMax = 20_000): NearId[] {
  const byKey = new Map<string, string[]>();
  const strays = new Set<string>();
  for (const id of strayIds) {
    if (strays.size >= strayMax) break;
    if (id.length > ID_LENGTH_MAX || id.length < 4) continue;
    strays.add(id);
    for (const key of keysOf(id)) {
      const filed = byKey.get(key);
      if (filed === undefined) byKey.set(key, [id]);
      else filed.push(id);
    }
  }
  const found = new Map<string, NearId>();
  for (const id of ids) {
    if (id.length > ID_LENGTH_MAX + 1) continue;
    for (const key of keysOf(id)) {
      for (const stray of byKey.get(key) ?? []) {
        if (stray === id || !isOneApart(stray, id)) continue;
        // Both may be strays: one pair is said once.
        const pair = strays.has(id) && id < stray ? { id, near: stray } : { id: stray, near: id };
        found.set(`${pair.id} ${pair.near}`, pair);
      }
    }
  }
  return [...found.values()].sort((left, right) =>
    left.id === right.id ? (left.near < right.near ? -1 : 1) : left.id < right.id ? -1 : 1,
  );
}

/** The id itself and every id with one letter less. */
function keysOf(id: string): Set<string> {
  const keys = new Set([id]);
  for (let at = 0; at < id.length; at++) keys.add(id.slice(0, at) + id.slice(at + 1));
  return keys;
}

/** Sharing a key allows two changes (one letter less on either side, at different places): those are no variants. */
function isOneApart(left: string, right: string): boolean {
  const [short, long] = left.length <= right.length ? [left, right] : [right, left];
  if (long.length - short.length > 1) return false;
  let at = 0;
  while (at < short.length && short[at] === long[at]) at++;
  return short.slice(short.length === long.length ? at + 1 : at) === long.slice(at + 1);
}
