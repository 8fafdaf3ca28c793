import type { Instrument } from "../engine/domain/instrument.ts";
import { parseMoney } from "../engine/domain/money.ts";
import type { MarketBatch, RecordingSource } from "../recording/batch.ts";
import { fastMarket } from "../sim/generate/fast-market.ts";
import { runScenario } from "../sim/run/run.ts";
import { parseScenario } from "../sim/scenario/load.ts";

/** The universe at the incident's date. */
export const UNIVERSE_SYMBOLS = 566;
/** Intents take turns on so many symbols, so that none waits for its own last order. */
export const INTENT_SYMBOLS = 500;
const START_MS = Date.UTC(2026, 1, 2);

/** One second of every symbol per virtual second, decoded: what the pipeline is measured on. */
export function universeRecording(seconds: number): RecordingSource {
  const symbols = Array.from({ length: UNIVERSE_SYMBOLS }, (_, index) => `S${String(index).padStart(4, "0")}USDT`);
  const options = { seed: "bench", symbolCount: UNIVERSE_SYMBOLS, seconds, startTsMs: START_MS };
  return {
    id: "bench-universe",
    hash: "0".repeat(64),
    symbols,
    instruments: symbols.map(instrumentOf),
    firstTsMs: START_MS,
    lastTsMs: START_MS + seconds * 1000,
    marketEventCount: UNIVERSE_SYMBOLS * seconds,
    fidelity: "mark",
    notes: [],
    batches: () => copies(fastMarket(options)),
    inputs: () => [],
  };
}

/** The same with all batches in memory, so that making them is not part of what is measured. */
export function inMemory(recording: RecordingSource): RecordingSource & { readonly held: readonly MarketBatch[] } {
  const held = [...recording.batches()];
  return { ...recording, held, batches: () => held, inputs: () => [] };
}

/** What a run contained, over all variants. */
export interface UniverseRun {
  readonly intents: number;
  readonly plans: number;
  readonly fills: number;
  readonly entries: number;
}

export const NO_RUN: UniverseRun = { intents: 0, plans: 0, fills: 0, entries: 0 };

/** `69959 intents, 81000 plans, 14145 fills, 132013 entries` */
export function contentText({ intents, plans, fills, entries }: UniverseRun): string {
  return `${intents} intents, ${plans} plans, ${fills} fills, ${entries} entries`;
}

/** A trend strategy on every symbol and no governor: the most decisions this market can cause. */
export function runUniverse(recording: RecordingSource, variants: number): UniverseRun {
  const names = Array.from({ length: variants }, (_, index) => `  - { name: v${index + 1} }`).join("\n");
  const scenario = parseScenario(
    `name: bench\nrecording: .\npipeline: { governor: { name: none } }\nstrategy:\n  name: ewma-cross\n  params: { interval: 10s, fast: 5, slow: 20, band: 0.0001, cooldown: 5m }\nvariants:\n${names}\n`,
    "bench.yaml",
  );
  let intents = 0;
  let plans = 0;
  let fills = 0;
  let entries = 0;
  runScenario({
    runId: "bench",
    scenario,
    recording,
    onHeader: () => {},
    onEntry: (_index, { envelope, decisions }) => {
      entries += 1;
      if (envelope.event.type === "intent.received") intents += 1;
      if (envelope.event.type === "exchange.order-filled") fills += 1;
      for (const { type } of decisions) if (type === "plan.published") plans += 1;
    },
  });
  return { intents, plans, fills, entries };
}

/** The intents of `runIntents`, as the entries of a stream would hold them. */
export function intentPayloads(recording: RecordingSource, count: number) {
  return Array.from({ length: count }, (_, index) => ({
    tsMs: START_MS + 1000 + index * 5,
    symbol: recording.symbols[index % INTENT_SYMBOLS]!,
    side: "BUY",
    qty: 5,
  }));
}

export interface IntentRun {
  readonly intents: number;
  readonly entries: number;
  readonly decisions: number;
  readonly commits: number;
}

/** Given intents, in turn on 500 symbols: each goes through bridge, governor, permit, exchange and ledger. */
export function runIntents(recording: RecordingSource, count: number): IntentRun {
  const each = Math.ceil(count / INTENT_SYMBOLS);
  const intents = Array.from(
    { length: INTENT_SYMBOLS },
    (_, index) =>
      `    - { at: ${1000 + index * 5}ms, symbol: ${recording.symbols[index]!}, side: BUY, qty: 5, count: ${each}, every: ${INTENT_SYMBOLS * 5}ms }`,
  ).join("\n");
  const scenario = parseScenario(
    `name: bench-intents
recording: .
account: { wallet: "1000000000", leverage: 20 }
pipeline:
  governor: { name: none }
  bridge: { exposureMax: 1000 }
  limits:
    { symbolCooldown: 1ms, notionalPerTradeMaxQuote: "1000000", notionalTotalMaxQuote: "900000000", openPositionsMax: 1000 }
  permits: { addOnMaxQuote: "800000000", executionCooldown: 1ms }
strategy:
  name: replay
  intents:
${intents}
`,
    "bench.yaml",
  );
  let received = 0;
  let entries = 0;
  let decided = 0;
  let commits = 0;
  runScenario({
    runId: "bench",
    scenario,
    recording,
    onHeader: () => {},
    onEntry: (_index, { envelope, decisions }) => {
      entries += 1;
      decided += decisions.length;
      if (envelope.event.type === "intent.received") received += 1;
      for (const { type } of decisions) if (type === "ledger.committed") commits += 1;
    },
  });
  return { intents: received, entries, decisions: decided, commits };
}

function* copies(batches: Iterable<MarketBatch>): Generator<MarketBatch> {
  for (const batch of batches) {
    const { length } = batch;
    yield {
      length,
      seq: batch.seq.slice(0, length),
      tsMs: batch.tsMs.slice(0, length),
      rxMs: batch.rxMs.slice(0, length),
      symbol: batch.symbol.slice(0, length),
      kind: batch.kind.slice(0, length),
      price: batch.price.slice(0, length),
      bid: batch.bid.slice(0, length),
      ask: batch.ask.slice(0, length),
      qty: batch.qty.slice(0, length),
      bidQty: null,
      askQty: null,
    };
  }
}

function instrumentOf(symbol: string, index: number): Instrument {
  return {
    symbol,
    index,
    tickSize: "0.01",
    stepSize: "0.001",
    qtyLotsMin: 1,
    qtyLotsMax: 1_000_000_000,
    notionalMinQuote: parseMoney("5"),
    isOnVenue: true,
  };
}
