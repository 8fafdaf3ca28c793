import type { Instrument } from "../../src/engine/domain/instrument.ts";
import { parseMoney } from "../../src/engine/domain/money.ts";
import { MARKET_KIND } from "../../src/recording/batch.ts";
import type { LeverageBracket } from "../../src/recording/leverage-brackets.ts";
import type { AccountOptions, AccountState, Position } from "../../src/venue/account.ts";
import type { AlgoOrder } from "../../src/venue/algo-order.ts";
import type { ExecutionType, Order, OrderRequest, Trade } from "../../src/venue/order.ts";
import { Refusal } from "../../src/venue/refusal.ts";
import { symbolRules } from "../../src/venue/symbol-rules.ts";
import { Venue } from "../../src/venue/venue.ts";
import { createVenueMarket, type VenueMarket } from "../../src/venue/venue-market.ts";
import type { VenueOptions } from "../../src/venue/venue-options.ts";

export const T0 = 1_700_000_000_000;

/** BTC: tick 0.1, step 0.001; ETH: tick 0.01, step 0.01. */
export const INSTRUMENTS: readonly Instrument[] = [
  instrument("BTCUSDT", 0, "0.1", "0.001"),
  instrument("ETHUSDT", 1, "0.01", "0.01"),
];

function instrument(symbol: string, index: number, tickSize: string, stepSize: string): Instrument {
  return {
    symbol,
    index,
    tickSize,
    stepSize,
    qtyLotsMin: 1,
    qtyLotsMax: 1_000_000,
    notionalMinQuote: parseMoney("5"),
    isOnVenue: true,
  };
}

export interface Told {
  readonly orders: { order: Order; status: string; execution: ExecutionType; trade: Trade | null }[];
  readonly accounts: { account: AccountState; reason: string; positions: readonly Position[] }[];
  readonly algos: { algo: AlgoOrder; status: string }[];
  readonly marginCalls: AccountState[];
}

export interface VenueFixture {
  readonly venue: Venue;
  readonly market: VenueMarket;
  readonly account: AccountState;
  readonly told: Told;
  /** Sets mark and quotes of a symbol and tells the venue, as a book row and a mark row. */
  quote(symbolIndex: number, bid: number, ask: number, sizes?: { bidQty: number; askQty: number }): void;
  mark(symbolIndex: number, price: number): void;
  trade(symbolIndex: number, price: number, lots: number): void;
  order(request: Partial<OrderRequest>): Order | Refusal;
  /** The order, or a failed test with the refusal's text. */
  placed(request: Partial<OrderRequest>): Order;
  now: number;
}

export interface FixtureOptions extends Partial<Omit<VenueOptions, "rules" | "market" | "listener">> {
  readonly account?: Partial<AccountOptions>;
  readonly brackets?: readonly LeverageBracket[];
}

/** A venue with one account of 10,000 at 20x, fees 0.02 % and 0.05 %, no slippage. */
export function venueFixture(options: FixtureOptions = {}): VenueFixture {
  const { account: accountOptions, brackets, ...rest } = options;
  const market = createVenueMarket(INSTRUMENTS.length);
  const told: Told = { orders: [], accounts: [], algos: [], marginCalls: [] };
  const venue = new Venue({
    rules: INSTRUMENTS.map((each) => symbolRules(each, undefined, brackets)),
    market,
    fidelity: "book",
    makerRate: parseMoney("0.0002"),
    takerRate: parseMoney("0.0005"),
    fill: { halfSpreadBps: 1, slippageBps: 0, impactBps: 0 },
    ...rest,
    listener: {
      order: (order, execution, trade) => told.orders.push({ order, status: order.status, execution, trade }),
      account: (account, reason, positions) => told.accounts.push({ account, reason, positions }),
      algo: (algo) => told.algos.push({ algo, status: algo.status }),
      leverage: () => undefined,
      marginCall: (account) => told.marginCalls.push(account),
      watch: () => undefined,
    },
  });
  const account = venue.addAccount({ name: "one", walletQuote: parseMoney("10000"), leverage: 20, ...accountOptions });
  let count = 0;
  const fixture: VenueFixture = {
    venue,
    market,
    account,
    told,
    now: T0,
    quote(symbolIndex, bid, ask, sizes) {
      market.bid[symbolIndex] = bid;
      market.ask[symbolIndex] = ask;
      if (sizes !== undefined) {
        market.bidQty[symbolIndex] = sizes.bidQty;
        market.askQty[symbolIndex] = sizes.askQty;
      }
      market.mark[symbolIndex] = (bid + ask) / 2;
      venue.onMarket(symbolIndex, fixture.now, MARKET_KIND.book);
    },
    mark(symbolIndex, price) {
      market.mark[symbolIndex] = price;
      venue.onMarket(symbolIndex, fixture.now, MARKET_KIND.mark);
    },
    trade(symbolIndex, price, lots) {
      market.last[symbolIndex] = price;
      venue.onMarket(symbolIndex, fixture.now, MARKET_KIND.trade, lots);
    },
    order(request) {
      count += 1;
      const isLimit = request.priceTicks !== undefined && request.priceTicks !== null;
      return venue.place(
        account,
        {
          symbolIndex: 0,
          side: "BUY",
          positionSide: "BOTH",
          type: isLimit ? "LIMIT" : "MARKET",
          qtyLots: 10,
          priceTicks: null,
          timeInForce: isLimit ? "GTC" : null,
          isReduceOnly: false,
          clientOrderId: `c${count}`,
          ...request,
        },
        fixture.now,
      );
    },
    placed(request) {
      const placed = fixture.order(request);
      if (placed instanceof Refusal) throw new Error(`refused: ${placed.code} ${placed.text}`);
      return placed;
    },
  };
  return fixture;
}
