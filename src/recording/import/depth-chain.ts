import type { GapPayload } from "../tally.ts";

interface UpdateIds {
  readonly U: bigint;
  readonly u: bigint;
  readonly pu: bigint | null;
}

/**
 * Follows the update ids of depth events: on USD-M `pu` is the `u` of the event before, on spot (no `pu`) `U` is the
 * `u` before plus one. An event that begins later is a break; one that begins earlier repeats what was there.
 */
export class DepthChain {
  readonly #last = new Map<string, { u: bigint; tsMs: number }>();
  breaks = 0;
  repeated = 0;

  next(symbol: string, { U, u, pu }: UpdateIds, tsMs: number): GapPayload | null {
    const last = this.#last.get(symbol);
    if (last !== undefined && u <= last.u) {
      this.repeated++;
      return null;
    }
    this.#last.set(symbol, { u, tsMs });
    if (last === undefined) return null;
    const previous = pu ?? U - 1n;
    if (previous < last.u) this.repeated++;
    if (previous <= last.u) return null;
    this.breaks++;
    const cause = `depth updates: ${previous} should come before, the last one ended at ${last.u}`;
    // How many events were lost cannot be told from the ids: one at least.
    return { sym: symbol, startTsMs: last.tsMs, endTsMs: tsMs, missing: 1, cause };
  }

  notes(): string[] {
    const notes: string[] = [];
    if (this.breaks > 0) notes.push(`breaks in depth updates (U, u, pu): ${this.breaks}, each a gap record`);
    if (this.repeated > 0) notes.push(`depth updates that repeat update ids: ${this.repeated}`);
    return notes;
  }
}
