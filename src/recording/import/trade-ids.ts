import type { GapPayload } from "../tally.ts";

/** A damaged id can claim any hole; sums of a manifest must stay whole numbers. The cause of a gap has the ids, exact. */
const COUNT_MAX = 2n ** 52n;

/** Follows the trade ids of symbols, which rise by one: a jump is a gap, an id not above the last was there before. */
export class TradeIds {
  readonly #last = new Map<string, { id: bigint; tsMs: number }>();
  #counted = 0n;
  holes = 0;
  missing = 0n;
  repeated = 0;

  next(symbol: string, id: bigint, tsMs: number): "next" | "repeated" | GapPayload {
    const last = this.#last.get(symbol);
    if (last !== undefined && id <= last.id) {
      this.repeated++;
      return "repeated";
    }
    this.#last.set(symbol, { id, tsMs });
    if (last === undefined || id === last.id + 1n) return "next";
    const missing = id - last.id - 1n;
    this.holes++;
    this.missing += missing;
    const room = COUNT_MAX - this.#counted;
    const counted = missing < room ? missing : room;
    this.#counted += counted;
    const cause = `trade ids ${last.id + 1n} to ${id - 1n} are missing`;
    return { sym: symbol, startTsMs: last.tsMs, endTsMs: tsMs, missing: Number(counted), cause };
  }

  notes(): string[] {
    const notes: string[] = [];
    if (this.holes > 0) notes.push(`holes in trade ids: ${this.holes}, trades missing in them: ${this.missing}`);
    if (this.repeated > 0) notes.push(`trades with an id not above the last, carried but no price: ${this.repeated}`);
    return notes;
  }
}
