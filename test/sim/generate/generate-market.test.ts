import { expect, test } from "vitest";
import { createMemoryWriter } from "../../../src/recording/memory.ts";
import { fastMarket } from "../../../src/sim/generate/fast-market.ts";
import { type GeneratedMarket, generateMarket } from "../../../src/sim/generate/generate-market.ts";
import { STEP_OFFSETS_MS } from "../../../src/sim/generate/market-quotes.ts";
import { barsOf } from "./generated-bars.ts";

const START_TS_MS = Date.UTC(2026, 1, 2);

function market(seed: string, symbolCount: number, minutes: number): GeneratedMarket {
  return generateMarket({ seed, symbolCount, minutes, startTsMs: START_TS_MS });
}

function rows(generated: GeneratedMarket): { symbol: number; tsMs: number; numbers: number[] }[] {
  const found: { symbol: number; tsMs: number; numbers: number[] }[] = [];
  for (const batch of generated.batches()) {
    for (let row = 0; row < batch.length; row++) {
      found.push({
        symbol: batch.symbol[row]!,
        tsMs: batch.tsMs[row]!,
        numbers: [batch.price[row]!, batch.bid[row]!, batch.ask[row]!, batch.qty[row]!],
      });
    }
  }
  return found;
}

function recorded(generated: GeneratedMarket): ReturnType<ReturnType<typeof createMemoryWriter>["seal"]> {
  const writer = createMemoryWriter({ id: "t", symbols: generated.symbols, fidelity: "mark", createdBy: "test" });
  generated.record(writer);
  return writer.seal();
}

test("the same seed gives the same market, another seed another one", () => {
  const first = rows(market("1", 3, 120));
  expect(first.length).toBeGreaterThan(900);
  expect(rows(market("1", 3, 120))).toEqual(first);
  expect(rows(market("2", 3, 120))).not.toEqual(first);
});

test("a further symbol leaves the prices of the others as they were", () => {
  const few = rows(market("1", 3, 120)).filter(({ symbol }) => symbol < 3);
  const many = rows(market("1", 20, 120)).filter(({ symbol }) => symbol < 3);
  expect(many).toEqual(few);
});

test("the columns and the recorded rows are the same market", () => {
  const generated = market("1", 12, 300);
  const source = recorded(generated);
  const fromRecording = rows({ ...generated, batches: () => source.batches() });
  expect(fromRecording).toEqual(rows(generated));
  expect(fromRecording.length).toBeGreaterThan(10_000);
});

test("every price is a whole tick inside its bid and ask, and every volume a whole lot", () => {
  const generated = market("1", 40, 600);
  const { instruments } = recorded(generated);
  let seen = 0;
  const wrong: string[] = [];
  for (const { symbol, tsMs, numbers } of rows(generated)) {
    if (symbol >= generated.models.length) continue;
    const [price, bid, ask, qty] = numbers as [number, number, number, number];
    const { tickSize, stepSize } = instruments[symbol]!;
    const decimals = Math.max(0, tickSize.replace(/0+$/, "").length - 2);
    const areTicks = [price, bid, ask].every((value) => Number(value.toFixed(decimals)) === value);
    const isInside = bid > 0 && bid <= price && price <= ask && bid < ask;
    const lots = qty / Number(stepSize);
    const areLots = Math.abs(lots - Math.round(lots)) < 1e-6 * Math.max(1, lots);
    if (!(areTicks && isInside && areLots)) wrong.push(`${symbol} at ${tsMs}: ${numbers.join(" ")}`);
    seen++;
  }
  expect(wrong).toEqual([]);
  expect(seen).toBeGreaterThan(50_000);
});

test("a minute shows its extremes before its close, and volume only with the close", () => {
  const byMinute = new Map<string, { offset: number; price: number; qty: number }[]>();
  for (const { symbol, tsMs, numbers } of rows(market("1", 2, 500))) {
    if (symbol >= 2) continue;
    const key = `${symbol}/${Math.floor(tsMs / 60_000)}`;
    const events = byMinute.get(key) ?? [];
    events.push({ offset: tsMs % 60_000, price: numbers[0]!, qty: numbers[3]! });
    byMinute.set(key, events);
  }
  expect(byMinute.size).toBe(1_000);
  for (const events of byMinute.values()) {
    const close = events[events.length - 1]!;
    expect(events.every(({ offset }) => (STEP_OFFSETS_MS as readonly number[]).includes(offset))).toBe(true);
    expect(close.offset).toBe(59_999);
    expect(close.qty).toBeGreaterThan(0);
    expect(events.slice(0, -1).every(({ qty }) => qty === 0)).toBe(true);
    if (events.length === 3) {
      const extremes = events.slice(0, 2).map(({ price }) => price);
      expect(close.price).toBeLessThanOrEqual(Math.max(...extremes));
      expect(close.price).toBeGreaterThanOrEqual(Math.min(...extremes));
    }
  }
});

test("the frozen symbol keeps one price and is not on the venue", () => {
  const generated = market("1", 12, 60);
  const { instruments } = recorded(generated);
  const waves = generated.symbols.indexOf("WAVESUSDT");
  expect(waves).toBe(12);
  expect(instruments.map(({ isOnVenue }) => isOnVenue)).toEqual([...new Array<boolean>(12).fill(true), false]);
  const prices = rows(generated).filter(({ symbol }) => symbol === waves);
  expect(prices).toHaveLength(60);
  expect(new Set(prices.map(({ numbers }) => numbers[0]))).toEqual(new Set([1.3355]));
});

test("the market flips between regimes that last for hours", () => {
  const days = 20;
  const episodes = market("1", 1, days * 1_440).regimes();
  const counts = new Map<string, number>();
  for (const { regime } of episodes) counts.set(regime, (counts.get(regime) ?? 0) + 1);
  expect([...counts.keys()].sort()).toEqual(["chop", "mean-reversion", "trend-down", "trend-up"]);
  expect(episodes.length / days).toBeGreaterThan(4);
  expect(episodes.length / days).toBeLessThan(10);
  for (const [place, episode] of episodes.entries()) {
    expect(episode.minutes).toBeGreaterThanOrEqual(90);
    expect(episode.regime).not.toBe(episodes[place - 1]?.regime);
  }
});

test("prices drift with the regime they are in", () => {
  const generated = market("drift", 12, 40 * 1_440);
  const { closes } = barsOf(generated);
  const moves = new Map<string, number[]>();
  for (const { regime, startMinute, minutes } of generated.regimes()) {
    const end = Math.min(startMinute + minutes, generated.options.minutes) - 1;
    for (const column of closes) {
      const move = Math.log(column[end]! / column[startMinute]!) / (end - startMinute);
      moves.set(regime, [...(moves.get(regime) ?? []), move * 10_000]);
    }
  }
  const mean = (regime: string): number => {
    const values = moves.get(regime)!;
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  };
  // Basis points a minute: a drift of about 0.08 deviations of 10 bps, shared by 0.83.
  expect(mean("trend-up")).toBeGreaterThan(0.3);
  expect(mean("trend-down")).toBeLessThan(-0.3);
  expect(Math.abs(mean("mean-reversion"))).toBeLessThan(0.3);
});

test("funding is settled every eight hours for every tradable symbol, near 0.01 %, of both signs", () => {
  const generated = market("1", 12, 30 * 1_440);
  const settled: { tsMs: number; rate: number; sym: string; markPrice: number }[] = [];
  generated.record({
    exchangeInfo: () => {},
    market: () => {},
    input: ({ stream, rxMs, payload: { sym, rate, markPrice } }) => {
      expect(stream).toBe("funding");
      settled.push({ tsMs: rxMs, rate: Number(rate), sym: String(sym), markPrice: Number(markPrice) });
    },
  });
  expect(settled).toHaveLength(12 * (30 * 3 - 1));
  expect(new Set(settled.map(({ sym }) => sym))).toEqual(new Set(generated.models.map(({ symbol }) => symbol)));
  expect(settled.every(({ markPrice }) => markPrice > 0)).toBe(true);
  expect(settled.every(({ tsMs }) => tsMs % (8 * 3_600_000) === 0)).toBe(true);
  expect(settled.some(({ rate }) => rate < 0)).toBe(true);
  const rates = settled.map(({ rate }) => rate).sort((left, right) => left - right);
  const middle = rates[rates.length >> 1]!;
  expect(middle).toBeGreaterThan(0.00002);
  expect(middle).toBeLessThan(0.00015);
  expect(Math.max(-rates[0]!, rates[rates.length - 1]!)).toBeLessThan(0.0005);
});

test("the fast market is the same at every call, in order, with the rows that were asked for", () => {
  const run = (): { rows: number; sum: number } => {
    let count = 0;
    let sum = 0;
    let lastSeq = 0;
    for (const batch of fastMarket({ seed: "1", symbolCount: 566, seconds: 600, startTsMs: START_TS_MS })) {
      for (let row = 0; row < batch.length; row++) {
        if (batch.seq[row] !== ++lastSeq) throw new Error(`seq ${batch.seq[row]} after ${lastSeq - 1}`);
        if (!(batch.bid[row]! > 0 && batch.bid[row]! <= batch.price[row]! && batch.ask[row]! >= batch.price[row]!)) {
          throw new Error(`row ${lastSeq} has its price outside bid and ask`);
        }
        sum += batch.price[row]!;
      }
      count += batch.length;
    }
    return { rows: count, sum };
  };
  const first = run();
  expect(first.rows).toBe(566 * 600);
  expect(run()).toEqual(first);
});
