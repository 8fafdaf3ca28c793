import type { Instrument } from "../engine/domain/instrument.ts";
import { parseMoney } from "../engine/domain/money.ts";
import { reconcile } from "../venue/account.ts";
import { Refusal } from "../venue/refusal.ts";
import { symbolRules } from "../venue/symbol-rules.ts";
import { Venue } from "../venue/venue.ts";
import { createVenueMarket } from "../venue/venue-market.ts";

const INSTRUMENT: Instrument = {
  symbol: "BTCUSDT",
  index: 0,
  tickSize: "0.1",
  stepSize: "0.001",
  qtyLotsMin: 1,
  qtyLotsMax: 1_000_000,
  notionalMinQuote: parseMoney("5"),
  isOnVenue: true,
};

export interface FlowResult {
  readonly ms: number;
  /** Processor time of all threads, collecting included: what a loaded machine does not change. */
  readonly cpuMs: number;
  /** Heap in use after a tenth of the orders, and at the end, both after a collection; NaN without `--expose-gc`. */
  readonly heapEarlyMb: number;
  readonly heapMb: number;
}

/** Market orders at the top of one book, buying and selling in turn, matched and booked one by one. */
export function runOrderFlow(orders: number): FlowResult {
  const market = createVenueMarket(1);
  const venue = new Venue({
    rules: [symbolRules(INSTRUMENT, undefined, undefined)],
    market,
    fidelity: "book",
    makerRate: parseMoney("0.0002"),
    takerRate: parseMoney("0.0005"),
    fill: { halfSpreadBps: 1, slippageBps: 0, impactBps: 0 },
    listener: {
      order: () => undefined,
      account: () => undefined,
      algo: () => undefined,
      leverage: () => undefined,
      marginCall: () => undefined,
      watch: () => undefined,
    },
  });
  const account = venue.addAccount({ name: "flow", walletQuote: parseMoney("100000000"), leverage: 20 });
  market.mark[0] = 30_000.05;
  market.bid[0] = 30_000;
  market.ask[0] = 30_000.1;
  market.bidQty[0] = 1e9;
  market.askQty[0] = 1e9;
  let heapEarlyMb = Number.NaN;
  let ms = 0;
  let start = performance.now();
  let cpuStart = process.cpuUsage();
  let cpuMs = 0;
  for (let count = 0; count < orders; count++) {
    const placed = venue.place(
      account,
      {
        symbolIndex: 0,
        side: count % 2 === 0 ? "BUY" : "SELL",
        positionSide: "BOTH",
        type: "MARKET",
        qtyLots: 10,
        priceTicks: null,
        timeInForce: null,
        isReduceOnly: false,
        clientOrderId: `flow-${count}`,
      },
      1_700_000_000_000 + count,
    );
    if (placed instanceof Refusal || placed.status !== "FILLED")
      throw new Error(`order ${count} was not filled, all of them must be to measure matching`);
    if (count === orders / 10) {
      ms += performance.now() - start;
      cpuMs += cpuSinceMs(cpuStart);
      heapEarlyMb = heapAfterCollectionMb();
      cpuStart = process.cpuUsage();
      start = performance.now();
    }
  }
  ms += performance.now() - start;
  cpuMs += cpuSinceMs(cpuStart);
  const heapMb = heapAfterCollectionMb();
  // After the heap was measured: the venue must still be there to be in it.
  const mismatch = venue.accounts.map(reconcile).find((text) => text !== null);
  if (mismatch !== undefined) throw new Error(`the books do not add up: ${mismatch}`);
  return { ms, cpuMs, heapEarlyMb, heapMb };
}

function cpuSinceMs(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

/** Megabytes in use once nothing is left to collect; NaN where collecting cannot be asked for. */
export function heapAfterCollectionMb(): number {
  const collect = (globalThis as { gc?: () => void }).gc;
  if (collect === undefined) return Number.NaN;
  collect();
  return process.memoryUsage().heapUsed / 1e6;
}
