import fc from "fast-check";
import { strFromU8, unzlibSync } from "fflate";
import { expect, test } from "vitest";
import type { JournalEntry } from "../../../src/engine/domain/journal.ts";
import { parseMoney } from "../../../src/engine/domain/money.ts";
import { openRecording } from "../../../src/recording/reader.ts";
import { renderTimeline } from "../../../src/reports/timeline/render-timeline.ts";
import {
  CHUNK_ENTRIES,
  type PackedChunk,
  TimelineBuilder,
  type TimelineSide,
} from "../../../src/reports/timeline/timeline-data.ts";
import { loadScenario } from "../../../src/sim/scenario/load.ts";
import { repositoryPath, runOf } from "../../sim/run/run-helpers.ts";
import {
  blockedExit,
  denial,
  fill,
  header,
  journal,
  order,
  permit,
  plan,
  reconciled,
  result,
} from "../journal-builder.ts";

function sideOf(entries: readonly JournalEntry[], changes = {}): TimelineSide {
  const builder = new TimelineBuilder(header(changes));
  for (const entry of entries) builder.observe(entry);
  return builder.finish();
}

const unpack = (packed: string) => JSON.parse(strFromU8(unzlibSync(Buffer.from(packed, "base64")))) as PackedChunk;

/** What the page does: the state a chunk begins with, then what each entry changed. */
function stateAt(side: TimelineSide, place: number): Map<string, string> {
  const chunk = side.chunks.filter(({ from }) => from <= place).at(-1)!;
  const { texts, state, rows } = unpack(chunk.packed);
  const found = new Map<string, string>();
  const key = (symbol: number, field: number) => `${texts[symbol]} ${texts[field]}`.trim();
  for (const [symbol, field, value] of state) found.set(key(symbol, field), texts[value]!);
  for (const row of rows.slice(0, place - chunk.from + 1)) {
    for (let at = 0; at < row[6].length; at += 3) {
      const [symbol, field, value] = row[6].slice(at, at + 3) as [number, number, number];
      if (value < 0) found.delete(key(symbol, field));
      else found.set(key(symbol, field), texts[value]!);
    }
  }
  return found;
}

const story = () =>
  journal()
    .intent(0, "1-0", "ZECUSDT", { type: "plan.published", plan: plan("a") })
    .tick(1500, permit("a", { safeQtyLots: 632 }))
    .tick(2000, order("a"))
    .at(3000, fill("a"), result("a", "FILLED"))
    .tick(4000, {
      type: "ledger.committed",
      symbol: "ZECUSDT",
      orderId: "1098143307",
      deltaQtyLots: 632,
      ledgerQtyLots: 632,
      lagMs: 1000,
    })
    .publish(10_000, blockedExit("b", "ZECUSDT"))
    .tick(11_000, denial("c", "stale_exchange_state"))
    .at(12_000, { type: "operator.kill-switch-set", scope: "entries", source: "file" })
    .at(13_000, fill("z", { side: "SELL", tradeId: "t-z", feeQuote: parseMoney("0") }))
    .tick(14_000, reconciled({ exchangeQtyLots: 8316, ledgerQtyLots: 632 }))
    .end(20_000);

test("position, ledger, score, verdict, permit, order and switches at an instant are those of the entries up to it", () => {
  const side = sideOf(story().entries);
  const at = (place: number) => Object.fromEntries(stateAt(side, place));
  expect(at(0)).toEqual({ wallet: "10000" });
  expect(at(1)).toMatchObject({ "ZECUSDT verdict": "ENTRY EXECUTE 0.214 against 0.6" });
  expect(at(2)).toMatchObject({ "ZECUSDT permit": "open up to 0.632 for 58500 ms" });
  expect(at(3)).toMatchObject({ "ZECUSDT order": "BUY 0.632" });
  expect(at(4)).toMatchObject({ "ZECUSDT position": "0.632" });
  // The order is complete and the plan has its result: neither order nor permit is left.
  expect(at(4)).not.toHaveProperty("ZECUSDT order");
  expect(at(4)).not.toHaveProperty("ZECUSDT permit");
  expect(at(4)).not.toHaveProperty("ZECUSDT ledger");
  expect(at(5)).toMatchObject({ "ZECUSDT ledger": "0.632" });
  expect(at(6)).toMatchObject({ "ZECUSDT score": "0.756278", "ZECUSDT verdict": "UNKNOWN BLOCKED 0.7563 against 0.6" });
  expect(at(7)).toMatchObject({ "ZECUSDT permit": "denied: stale_exchange_state" });
  expect(at(8)).toMatchObject({ "kill switch": "entries" });
  expect(at(9)).not.toHaveProperty("ZECUSDT position");
  expect(at(10)).toMatchObject({ "ZECUSDT position": "8.316" });
  expect(side.decisions).toBe(10);
});

test("an entry is found by its ids, names its symbols and says what was decided", () => {
  const { texts, rows } = unpack(sideOf(story().entries).chunks[0]!.packed);
  const text = (places: readonly number[]) => places.map((place) => texts[place]);
  expect(text(rows[1]![3])).toEqual(["ENTRY BUY ZECUSDT EXECUTE: kill_score_ok, 0.214 against 0.6, plan a"]);
  expect(text(rows[1]![5])).toEqual(["1-0", "a"]);
  expect(text(rows[4]![4])).toEqual(["ZECUSDT"]);
  expect(texts[rows[4]![2]]).toBe("BUY 0.632 ZECUSDT filled at 316.10, fee 0.08");
  expect(text(rows[4]![5])).toContain("1098143307");
});

test("from any checkpoint the state is that from the beginning", () => {
  const scenario = loadScenario(repositoryPath("scenarios/incidents/s24-five-gates-on-one-morning.yaml"));
  const [own] = scenario.variants;
  const { headers, entries } = runOf({ ...scenario, variants: [own!] }, openRecording(scenario.recordingPath));
  const times = Math.ceil((2.5 * CHUNK_ENTRIES) / entries[0]!.length);
  // The same morning several times over, so that there are checkpoints: numbers and times go on.
  const long = Array.from({ length: times }, (_, lap) =>
    entries[0]!.map((entry) => ({
      ...entry,
      envelope: {
        ...entry.envelope,
        seq: entry.envelope.seq + lap * 1_000_000,
        tsMs: entry.envelope.tsMs + lap * 86_400_000,
      },
    })),
  ).flat();
  const builder = new TimelineBuilder(headers[0]!);
  for (const entry of long) builder.observe(entry);
  const side = builder.finish();
  expect(side.chunks.length).toBeGreaterThan(2);
  const whole = new Map<string, string>();
  // Replayed without any checkpoint.
  const states: Map<string, string>[] = [];
  for (const { packed } of side.chunks) {
    const { texts, rows } = unpack(packed);
    for (const row of rows) {
      for (let at = 0; at < row[6].length; at += 3) {
        const [symbol, field, value] = row[6].slice(at, at + 3) as [number, number, number];
        const key = `${texts[symbol]} ${texts[field]}`.trim();
        if (value < 0) whole.delete(key);
        else whole.set(key, texts[value]!);
      }
      states.push(new Map(whole));
    }
  }
  fc.assert(
    fc.property(fc.integer({ min: 0, max: side.entries - 1 }), (place) => {
      expect([...stateAt(side, place)].sort()).toEqual([...states[place]!].sort());
    }),
    { numRuns: 25 },
  );
}, 30_000);

test("the page is the same bytes again, and what a stream says is data and never markup", () => {
  const hostile = `</script><img src=x onerror="alert(1)">`;
  const entries = journal()
    .intent(0, hostile, "ZECUSDT", { type: "plan.published", plan: plan("a", { reasonCodes: [hostile] }) })
    .end(1000).entries;
  const page = () =>
    renderTimeline({
      sides: [sideOf(entries, { variant: hostile })],
      divergences: [{ tsMs: 0, text: hostile }],
      engine: "0.1.0",
    });
  expect(page()).toBe(page());
  expect(page()).not.toContain("<img");
  expect(page().match(/<\/script>/g)).toHaveLength(page().match(/<script/g)!.length);
  expect(() => renderTimeline({ sides: [], divergences: [], engine: "" })).toThrow(/no event/);
});
