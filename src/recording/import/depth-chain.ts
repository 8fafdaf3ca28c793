import type { GapPayload } from "../tally.ts";
import type { DepthEvent } from "./depth-event.ts";

interface SymbolChain {
  /** `pu` of the first update since the start or the last break: what a snapshot must not be older than. */
  beginsAfter: bigint | null;
  u: bigint | null;
  tsMs: number;
  /** Snapshot that waits for the update it goes into. */
  pending: bigint | null;
  isJoined: boolean;
  isBroken: boolean;
  updates: number;
}

/**
 * Follows the update ids of depth events: on USD-M `pu` is the `u` of the event before, on spot (no `pu`) `U` is the
 * `u` before plus one. An event that begins later is a break; one that begins earlier repeats what was there.
 *
 * A chain is whole when it has no break and a snapshot that one of its updates goes on from (`U` <= last update id of
 * the snapshot <= `u`, or received later: Binance, "How to manage a local order book correctly").
 */
export class DepthChain {
  readonly #chains = new Map<string, SymbolChain>();
  breaks = 0;
  repeated = 0;

  next(symbol: string, event: Pick<DepthEvent, "kind" | "U" | "u" | "pu">, tsMs: number): GapPayload | null {
    const chain = this.#chain(symbol, tsMs);
    if (event.kind === "partial") return null;
    if (event.kind === "snapshot") {
      this.#snapshot(chain, event.u);
      return null;
    }
    const { u } = event;
    if (chain.u !== null && u <= chain.u) {
      this.repeated++;
      return null;
    }
    const last = { u: chain.u, tsMs: chain.tsMs };
    const previous = event.pu ?? (event.U ?? u) - 1n;
    chain.updates++;
    chain.u = u;
    chain.tsMs = tsMs;
    const isBreak = last.u !== null && previous > last.u;
    if (last.u === null || isBreak) chain.beginsAfter = previous;
    if (isBreak) {
      chain.isBroken = true;
      chain.isJoined = false;
    }
    this.#join(chain);
    if (last.u === null) return null;
    if (previous < last.u) this.repeated++;
    if (!isBreak) return null;
    this.breaks++;
    const cause = `depth updates: ${previous} should come before, the last one ended at ${last.u}`;
    // How many events were lost cannot be told from the ids: one at least.
    return { sym: symbol, startTsMs: last.tsMs, endTsMs: tsMs, missing: 1, cause };
  }

  /** Whether the book of the symbol can be followed from a snapshot to the end. */
  isWhole(symbol: string): boolean {
    const chain = this.#chains.get(symbol);
    return chain?.isJoined === true && !chain.isBroken;
  }

  /** Whether an update of the symbol covers the id, so that a snapshot of that id may be the symbol's. */
  covers(symbol: string, u: bigint): boolean {
    const chain = this.#chains.get(symbol);
    return chain !== undefined && chain.u !== null && chain.beginsAfter! <= u && u <= chain.u;
  }

  notes(): string[] {
    const notes: string[] = [];
    for (const [symbol, chain] of [...this.#chains].sort(([left], [right]) => (left < right ? -1 : 1))) {
      if (chain.updates === 0) continue;
      const snapshot = chain.isJoined ? "from a snapshot on" : "no snapshot joins them, the book is known in part";
      const breaks = chain.isBroken ? "broken" : "unbroken";
      notes.push(`depth of ${symbol}: ${chain.updates} updates, ${breaks}, ${snapshot}`);
    }
    if (this.breaks > 0) notes.push(`breaks in depth updates (U, u, pu): ${this.breaks}, each a gap record`);
    if (this.repeated > 0) notes.push(`depth updates that repeat update ids: ${this.repeated}`);
    return notes;
  }

  #snapshot(chain: SymbolChain, u: bigint): void {
    chain.pending = u;
    this.#join(chain);
  }

  #join(chain: SymbolChain): void {
    const { pending, beginsAfter, u } = chain;
    if (pending === null || beginsAfter === null || u === null || u < pending) return;
    chain.pending = null;
    if (beginsAfter <= pending) chain.isJoined = true;
  }

  #chain(symbol: string, tsMs: number): SymbolChain {
    const known = this.#chains.get(symbol);
    if (known !== undefined) return known;
    const fresh: SymbolChain = {
      ...{ beginsAfter: null, u: null, tsMs, pending: null },
      ...{ isJoined: false, isBroken: false, updates: 0 },
    };
    this.#chains.set(symbol, fresh);
    return fresh;
  }
}
