import { qtyToLots, ticksToPriceText } from "../engine/domain/instrument.ts";
import type { Contract } from "./contract.ts";
import { DepthBook } from "./depth-book.ts";
import type { VenueMarket } from "./venue-market.ts";

/** Price and quantity texts of a level; quantity 0 takes the level away. */
export type LevelText = readonly [price: string, qty: string];

/** What a depth record did to a book, as a diff stream would tell it: a snapshot also names the levels that are gone. */
export interface DepthChange {
  readonly firstUpdateId: number;
  readonly lastUpdateId: number;
  readonly previousUpdateId: number;
  readonly bids: readonly LevelText[];
  readonly asks: readonly LevelText[];
}

export interface DepthFeedOptions {
  readonly market: VenueMarket;
  contractOf(symbolIndex: number): Contract;
  /** A book can no longer be followed, or never could; called once until the next snapshot. */
  onBreak(symbolIndex: number, tsMs: number, text: string): void;
}

type Payload = Readonly<Record<string, unknown>>;

interface Update {
  readonly first: bigint;
  readonly last: bigint;
  /** `u` of the update before. */
  readonly previous: bigint;
  readonly bids: readonly LevelText[];
  readonly asks: readonly LevelText[];
}

/** How far the book of a symbol has been followed. Plain data. */
interface Chain {
  /** Last update id of the book; `null` while there is none to be trusted. */
  u: bigint | null;
  /** Whether an update has gone on from the snapshot: from then on each must continue the one before. */
  isJoined: boolean;
  /** The book is a partial stream's: it is told anew each time and cannot be updated. */
  isPartial: boolean;
  isBreakTold: boolean;
  /** Updates without a book, oldest first: a snapshot may be received after updates that go on from it. */
  waiting: Update[];
  /** Version of the levels when the book was given up, so that a level never comes back with a number it had. */
  version: number;
  /** Best prices that the book last gave to the market. */
  bid: number;
  ask: number;
}

/** Updates kept for a snapshot that is on its way; at 10 a second a minute and a half. */
const WAITING_MAX = 1_000;

/**
 * Follows the recorded depth of all symbols and keeps their books in a `VenueMarket`, by Binance's rules ("How to manage
 * a local order book correctly"): after a snapshot of id L the first update has `pu` (on spot `U - 1`) at most L and `u`
 * at least L, from then on each update's `pu` is the `u` before. Updates that only repeat ids are left out. An update
 * that leaves a hole is not applied: the book is given up, and the symbol is matched by its best prices until the next
 * snapshot. Updates that were received before their snapshot are applied after it.
 *
 * A partial book (`depth5`, `depth10`, `depth20`) takes the place of the one before; where a symbol has a followed book,
 * partial ones tell nothing new.
 */
export class DepthFeed {
  readonly #options: DepthFeedOptions;
  readonly #chains = new Map<number, Chain>();

  constructor(options: DepthFeedOptions) {
    this.#options = options;
  }

  /** @returns what has changed, or `null` when the record changes nothing */
  apply(symbolIndex: number, payload: Payload, tsMs: number): DepthChange | null {
    const chain = this.#chainOf(symbolIndex);
    const last = idOf(payload["u"]);
    if (last === null) return null;
    const [bids, asks] = [levelsOf(payload["b"]), levelsOf(payload["a"])];
    if (payload["kind"] === "update") {
      const first = idOf(payload["U"]) ?? last;
      const update = { first, last, previous: idOf(payload["pu"]) ?? first - 1n, bids, asks };
      return this.#update(symbolIndex, chain, update, tsMs);
    }
    const isPartial = payload["kind"] === "partial";
    const isFollowed = chain.u !== null && !chain.isPartial;
    if (isFollowed && (isPartial || last <= chain.u!)) return null;
    return this.#replace(symbolIndex, chain, { last, bids, asks, isPartial }, tsMs);
  }

  save(): unknown {
    return this.#chains;
  }

  /** Goes on where a saved feed stopped; the books themselves are in the columns of the market. */
  load(saved: unknown): void {
    this.#chains.clear();
    for (const [symbolIndex, chain] of saved as ReadonlyMap<number, Chain>) {
      this.#chains.set(symbolIndex, { ...chain, waiting: [...chain.waiting] });
    }
  }

  #update(symbolIndex: number, chain: Chain, update: Update, tsMs: number): DepthChange | null {
    if (chain.u === null || chain.isPartial) {
      chain.waiting.push(update);
      if (chain.waiting.length > WAITING_MAX) chain.waiting.shift();
      if (chain.u === null) this.#tell(symbolIndex, chain, tsMs, `update ${update.last} comes before a snapshot`);
      return null;
    }
    // Before the first update has joined, one may end exactly at the snapshot's id.
    if (chain.isJoined ? update.last <= chain.u : update.last < chain.u) return null;
    if (update.previous > chain.u) {
      this.#giveUp(symbolIndex, chain);
      const text = `update ${update.last} goes on from ${update.previous}, the book ends at ${chain.u}`;
      chain.u = null;
      chain.waiting = [update];
      this.#tell(symbolIndex, chain, tsMs, text);
      return null;
    }
    const previousUpdateId = Number(chain.u);
    this.#set(symbolIndex, update);
    chain.u = update.last;
    chain.isJoined = true;
    this.#show(symbolIndex, chain, tsMs);
    const { first, last, bids, asks } = update;
    return { firstUpdateId: Number(first), lastUpdateId: Number(last), previousUpdateId, bids, asks };
  }

  #replace(
    symbolIndex: number,
    chain: Chain,
    snapshot: Pick<Update, "last" | "bids" | "asks"> & { readonly isPartial: boolean },
    tsMs: number,
  ): DepthChange {
    const { market } = this.#options;
    const book = market.depth[symbolIndex] ?? new DepthBook(chain.version);
    market.depth[symbolIndex] = book;
    const previousUpdateId = book.lastUpdateId;
    const goneBids = this.#replaceSide(book, symbolIndex, 1, snapshot.bids);
    const goneAsks = this.#replaceSide(book, symbolIndex, -1, snapshot.asks);
    book.lastUpdateId = Number(snapshot.last);
    chain.u = snapshot.last;
    chain.isJoined = false;
    chain.isPartial = snapshot.isPartial;
    chain.isBreakTold = false;
    const bids: LevelText[] = [...goneBids, ...snapshot.bids];
    const asks: LevelText[] = [...goneAsks, ...snapshot.asks];
    if (!snapshot.isPartial) {
      const { waiting } = chain;
      chain.waiting = [];
      for (const update of waiting) {
        const applied = this.#update(symbolIndex, chain, update, tsMs);
        if (applied === null) continue;
        bids.push(...applied.bids);
        asks.push(...applied.asks);
      }
    }
    this.#show(symbolIndex, chain, tsMs);
    const lastUpdateId = book.lastUpdateId;
    return { firstUpdateId: Number(snapshot.last), lastUpdateId, previousUpdateId, bids, asks };
  }

  /** @returns removals of the levels that the new book does not have */
  #replaceSide(book: DepthBook, symbolIndex: number, sign: 1 | -1, levels: readonly LevelText[]): LevelText[] {
    const { instrument } = this.#options.contractOf(symbolIndex);
    const told = new Map(levels.map((level) => this.#numbersOf(symbolIndex, level)));
    const gone: LevelText[] = [];
    for (const { priceTicks } of book.levels(sign, book.size(sign))) {
      if ((told.get(priceTicks) ?? 0) > 0) continue;
      book.set(sign, priceTicks, 0);
      gone.push([ticksToPriceText(instrument, priceTicks), "0"]);
    }
    // A level that is told again as it was is not a new offer.
    for (const [ticks, lots] of told) if (book.lotsAt(sign, ticks) !== lots) book.set(sign, ticks, lots);
    return gone;
  }

  #set(symbolIndex: number, { last, bids, asks }: Update): void {
    const book = this.#options.market.depth[symbolIndex]!;
    for (const level of bids) book.set(1, ...this.#numbersOf(symbolIndex, level));
    for (const level of asks) book.set(-1, ...this.#numbersOf(symbolIndex, level));
    book.lastUpdateId = Number(last);
  }

  #numbersOf(symbolIndex: number, [price, qty]: LevelText): [ticks: number, lots: number] {
    const { instrument, tickSize } = this.#options.contractOf(symbolIndex);
    return [Math.round(Number(price) / tickSize), qtyToLots(instrument, Number(qty), "down")];
  }

  /** Best prices of the book are those of the market until a row tells others. */
  #show(symbolIndex: number, chain: Chain, tsMs: number): void {
    const { market } = this.#options;
    const book = market.depth[symbolIndex];
    // Updates that had waited may have broken the chain again.
    if (book === null || book === undefined) return;
    const contract = this.#options.contractOf(symbolIndex);
    const [bid, ask] = [book.bestTicks(1), book.bestTicks(-1)];
    if (bid > 0) {
      chain.bid = contract.priceOfTicks(bid);
      market.bid[symbolIndex] = chain.bid;
      market.bidQty[symbolIndex] = book.lotsOf(1, 0) * contract.qtyPerLot;
    }
    if (ask > 0) {
      chain.ask = contract.priceOfTicks(ask);
      market.ask[symbolIndex] = chain.ask;
      market.askQty[symbolIndex] = book.lotsOf(-1, 0) * contract.qtyPerLot;
    }
    market.updatedTsMs[symbolIndex] = tsMs;
  }

  /** Without a book its best prices are unknown as well, unless a row has told others since. */
  #giveUp(symbolIndex: number, chain: Chain): void {
    const { market } = this.#options;
    chain.version = market.depth[symbolIndex]?.version ?? chain.version;
    market.depth[symbolIndex] = null;
    if (market.bid[symbolIndex] === chain.bid) {
      market.bid[symbolIndex] = Number.NaN;
      market.bidQty[symbolIndex] = Number.NaN;
    }
    if (market.ask[symbolIndex] === chain.ask) {
      market.ask[symbolIndex] = Number.NaN;
      market.askQty[symbolIndex] = Number.NaN;
    }
  }

  #tell(symbolIndex: number, chain: Chain, tsMs: number, text: string): void {
    if (chain.isBreakTold) return;
    chain.isBreakTold = true;
    this.#options.onBreak(symbolIndex, tsMs, `${text}; depth is left out until the next snapshot`);
  }

  #chainOf(symbolIndex: number): Chain {
    const known = this.#chains.get(symbolIndex);
    if (known !== undefined) return known;
    const fresh: Chain = {
      ...{ u: null, isJoined: false, isPartial: false, isBreakTold: false },
      ...{ waiting: [], version: 0, bid: Number.NaN, ask: Number.NaN },
    };
    this.#chains.set(symbolIndex, fresh);
    return fresh;
  }
}

/** Update ids are texts in recordings, because they may exceed 2^53. */
function idOf(value: unknown): bigint | null {
  if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : null;
  return typeof value === "string" && /^\d+$/.test(value) ? BigInt(value) : null;
}

function levelsOf(levels: unknown): readonly LevelText[] {
  return Array.isArray(levels) ? (levels as LevelText[]) : [];
}
