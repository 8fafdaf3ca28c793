import type { Side } from "../engine/domain/intent.ts";
import type { Contract } from "./contract.ts";
import type { DepthBook } from "./depth-book.ts";
import { minuteVolumeQty, referencePrice, type VenueMarket } from "./venue-market.ts";

/** How a fill is modelled where the recording leaves room. */
export type ExecutionProfile = "optimistic" | "neutral" | "adverse";

/** What a taker loses against the best price of the other side, in basis points of price. */
export interface FillModelOptions {
  /** Used where the recording has no bid and ask: the quotes are then the price and this much on either side. */
  readonly halfSpreadBps: number;
  /** Loss of every taker fill. */
  readonly slippageBps: number;
  /** Further loss of an order as large as the last minute's volume; it grows in proportion to the order. */
  readonly impactBps: number;
  /** `neutral` when absent: see docs/exchange.md. */
  readonly profile?: ExecutionProfile;
}

/** Lots that a source without sizes offers: all that is asked for. */
const UNBOUNDED_LOTS = Number.MAX_SAFE_INTEGER;

/** Levels remembered as taken before those that are long out of date are forgotten. */
const TAKEN_LEVELS_MAX = 1_000;

interface Taken {
  readonly lots: Float64Array;
  readonly price: Float64Array;
  readonly qty: Float64Array;
}

interface TakenLevel {
  readonly version: number;
  readonly lots: number;
}

/** Slippage of the adverse profile as a multiple of the neutral one. */
const ADVERSE_FACTOR = 2;

/**
 * What recorded strangers offer to a taker.
 *
 * - With depth: the levels of the book, each until it is used up.
 * - With best prices and sizes: the size at the touch, then the rest at the touch plus slippage and impact.
 * - Otherwise: the whole order at the touch (or the price plus half a spread) plus slippage and impact.
 *
 * The optimistic profile leaves slippage and impact out, the adverse one doubles them.
 */
export class Liquidity {
  readonly #model: FillModelOptions;
  readonly #market: VenueMarket;
  readonly #factor: number;
  /** Lots taken at the touch, by symbol and side, and the quotes they were taken from. */
  readonly #taken: Taken;
  /** Lots taken of levels of a book, by symbol and side, then by price. */
  readonly #levels = new Map<number, Map<number, TakenLevel>>();

  constructor(model: FillModelOptions, market: VenueMarket) {
    this.#model = model;
    this.#market = market;
    const profile = model.profile ?? "neutral";
    this.#factor = profile === "optimistic" ? 0 : profile === "adverse" ? ADVERSE_FACTOR : 1;
    const rows = 2 * market.mark.length;
    this.#taken = { lots: new Float64Array(rows), price: new Float64Array(rows), qty: new Float64Array(rows) };
  }

  get profile(): ExecutionProfile {
    return this.#model.profile ?? "neutral";
  }

  /** Price in ticks that a taker of that side gets next; NaN when nobody offers. `qtyLots` is what it still wants. */
  takerTicks(contract: Contract, side: Side, qtyLots: number, tsMs: number): number {
    const { index } = contract.instrument;
    const depth = this.#market.depth[index];
    if (depth !== null && depth !== undefined) {
      const place = this.#firstOpenLevel(depth, index, side);
      return place < 0 ? Number.NaN : depth.ticksAt(side === "BUY" ? -1 : 1, place);
    }
    if (this.#touchLots(contract, side) > 0) return nearestTicks(contract, this.bestPrice(index, side), side);
    return this.modelTicks(contract, side, qtyLots, tsMs);
  }

  /** Lots that trade at `takerTicks`. */
  takerLots(contract: Contract, side: Side): number {
    const { index } = contract.instrument;
    const depth = this.#market.depth[index];
    if (depth !== null && depth !== undefined) {
      const place = this.#firstOpenLevel(depth, index, side);
      return place < 0 ? 0 : this.#levelLots(depth, index, side, place);
    }
    const lots = this.#touchLots(contract, side);
    return lots > 0 ? lots : UNBOUNDED_LOTS;
  }

  take(contract: Contract, side: Side, lots: number): void {
    const { index } = contract.instrument;
    const depth = this.#market.depth[index];
    if (depth !== null && depth !== undefined) {
      this.#takeLevel(depth, index, side, lots);
      return;
    }
    const offered = side === "BUY" ? this.#market.askQty[index]! : this.#market.bidQty[index]!;
    if (!(offered > 0)) return;
    this.#refreshTaken(index, side);
    this.#taken.lots[rowOf(index, side)]! += lots;
  }

  /** Lots that a taker could trade within a limit without changing anything; NaN limit means any price. */
  fillableLots(contract: Contract, side: Side, limitTicks: number, qtyLots: number, tsMs: number): number {
    const { index } = contract.instrument;
    const sign = side === "BUY" ? 1 : -1;
    const isWithin = (ticks: number) =>
      !Number.isNaN(ticks) && (Number.isNaN(limitTicks) || sign * (limitTicks - ticks) >= 0);
    const depth = this.#market.depth[index];
    if (depth !== null && depth !== undefined) {
      const book = sign > 0 ? -1 : 1;
      let lots = 0;
      for (let place = 0; place < depth.size(book) && lots < qtyLots; place++) {
        if (!isWithin(depth.ticksAt(book, place))) break;
        lots += this.#levelLots(depth, index, side, place);
      }
      return Math.min(lots, qtyLots);
    }
    const touch = this.#touchLots(contract, side);
    if (touch >= qtyLots) return isWithin(nearestTicks(contract, this.bestPrice(index, side), side)) ? qtyLots : 0;
    if (isWithin(this.modelTicks(contract, side, qtyLots - touch, tsMs))) return qtyLots;
    return touch > 0 && isWithin(nearestTicks(contract, this.bestPrice(index, side), side)) ? touch : 0;
  }

  /**
   * Price in ticks that a taker pays or gets by the model, slippage and impact included, rounded to the tick against
   * the taker and never below one tick. NaN when the market has no price yet.
   *
   * With a bid of 99.9, an ask of 100.1, 5 bps of slippage and a tick of 0.1 a buyer pays 100.2 (100.15005 rounded up).
   * A market whose volume is unknown is taken for one the order is as large as: the whole impact applies.
   */
  modelTicks(contract: Contract, side: Side, qtyLots: number, tsMs: number): number {
    const { slippageBps, impactBps } = this.#model;
    const sign = side === "BUY" ? 1 : -1;
    const { index } = contract.instrument;
    const best = this.bestPrice(index, side);
    let lossBps = slippageBps;
    if (impactBps > 0) {
      const volume = minuteVolumeQty(this.#market, index, tsMs);
      lossBps += volume > 0 ? (impactBps * qtyLots * contract.qtyPerLot) / volume : impactBps;
    }
    return nearestTicks(contract, best * (1 + (sign * lossBps * this.#factor) / 10_000), side);
  }

  /**
   * Best price a taker of that side meets: the ask for a buyer, the bid for a seller, and half a spread away from the
   * price where there is no quote. NaN when nothing is known.
   */
  bestPrice(symbolIndex: number, side: Side): number {
    const depth = this.#market.depth[symbolIndex];
    const quote = (side === "BUY" ? this.#market.ask : this.#market.bid)[symbolIndex]!;
    if (quote > 0 && (depth === null || depth === undefined)) return quote;
    const price = referencePrice(this.#market, symbolIndex);
    if (quote > 0) return quote;
    if (!(price > 0)) return Number.NaN;
    return price * (1 + ((side === "BUY" ? 1 : -1) * this.#model.halfSpreadBps) / 10_000);
  }

  save(): unknown {
    return { taken: this.#taken, levels: this.#levels };
  }

  load(saved: unknown): void {
    const { taken, levels } = saved as { taken: Taken; levels: Map<number, Map<number, TakenLevel>> };
    this.#taken.lots.set(taken.lots);
    this.#taken.price.set(taken.price);
    this.#taken.qty.set(taken.qty);
    this.#levels.clear();
    for (const [row, side] of levels) this.#levels.set(row, side);
  }

  /** First level with lots left; -1 when there is none. */
  #firstOpenLevel(depth: DepthBook, symbolIndex: number, side: Side): number {
    const levels = depth.size(side === "BUY" ? -1 : 1);
    for (let place = 0; place < levels; place++) {
      if (this.#levelLots(depth, symbolIndex, side, place) > 0) return place;
    }
    return -1;
  }

  /** Lots of a level that this venue's takers have left since it was last told. */
  #levelLots(depth: DepthBook, symbolIndex: number, side: Side, place: number): number {
    const book = side === "BUY" ? -1 : 1;
    const lots = depth.lotsOf(book, place);
    const taken = this.#levels.get(rowOf(symbolIndex, side))?.get(depth.ticksAt(book, place));
    return taken === undefined || taken.version !== depth.versionOf(book, place) ? lots : lots - taken.lots;
  }

  /** Recorded traders did not see our order: what it took of a level stays taken until the level is told anew. */
  #takeLevel(depth: DepthBook, symbolIndex: number, side: Side, lots: number): void {
    const place = this.#firstOpenLevel(depth, symbolIndex, side);
    const book = side === "BUY" ? -1 : 1;
    const row = rowOf(symbolIndex, side);
    let levels = this.#levels.get(row);
    if (levels === undefined) {
      levels = new Map();
      this.#levels.set(row, levels);
    }
    const version = depth.versionOf(book, place);
    const ticks = depth.ticksAt(book, place);
    const known = levels.get(ticks);
    levels.set(ticks, { version, lots: (known?.version === version ? known.lots : 0) + lots });
    // Levels that were told anew since are of no use; the list is bounded by sweeping it now and then.
    if (levels.size > TAKEN_LEVELS_MAX) {
      for (const [each, taken] of levels) if (taken.version < version - TAKEN_LEVELS_MAX) levels.delete(each);
    }
  }

  /** Lots left at the touch; 0 where the recording has no sizes or they are used up. */
  #touchLots(contract: Contract, side: Side): number {
    const { index } = contract.instrument;
    const qty = side === "BUY" ? this.#market.askQty[index]! : this.#market.bidQty[index]!;
    if (!(qty > 0)) return 0;
    this.#refreshTaken(index, side);
    const lots = Math.floor(qty / contract.qtyPerLot + 1e-9) - this.#taken.lots[rowOf(index, side)]!;
    return Math.max(0, lots);
  }

  /** A quote that has changed since is a new offer. */
  #refreshTaken(symbolIndex: number, side: Side): void {
    const row = rowOf(symbolIndex, side);
    const price = (side === "BUY" ? this.#market.ask : this.#market.bid)[symbolIndex]!;
    const qty = (side === "BUY" ? this.#market.askQty : this.#market.bidQty)[symbolIndex]!;
    if (this.#taken.price[row] === price && this.#taken.qty[row] === qty) return;
    this.#taken.price[row] = price;
    this.#taken.qty[row] = qty;
    this.#taken.lots[row] = 0;
  }
}

/** Whole ticks of a price, rounded against the taker; binary noise does not count as a part of a tick. */
function nearestTicks(contract: Contract, price: number, side: Side): number {
  const exactTicks = price / contract.tickSize;
  const nearest = Math.round(exactTicks);
  if (Math.abs(exactTicks - nearest) < 1e-9 * Math.max(1, nearest)) return Math.max(1, nearest);
  const against = side === "BUY" ? Math.ceil(exactTicks) : Math.floor(exactTicks);
  return Number.isNaN(against) ? Number.NaN : Math.max(1, against);
}

/** Row of a symbol's offers (for buyers) and bids (for sellers). */
function rowOf(symbolIndex: number, side: Side): number {
  return 2 * symbolIndex + (side === "BUY" ? 0 : 1);
}
