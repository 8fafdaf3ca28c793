import { expect, test } from "vitest";
import { compareRecords } from "../../src/reports/comparison/compare-records.ts";
import { createRandomStreams } from "../../src/sim/time/random-streams.ts";
import { type Dice, drawSample } from "../../src/study/paired-world.ts";
import { EPISODE_WORLDS } from "../../src/study/study-worlds.ts";
import { HOUR_MS, type MadeEntry, recordOf } from "../reports/comparison/record-builder.ts";

// COMPARISONS=1000 npx vitest run test/study/compare-records-coverage.test.ts gives the numbers of docs/comparison.md.
const COMPARISONS = Number(process.env["COMPARISONS"] ?? "60");
const HOURS = 72;
// Not the seed the methods were chosen with.
const streams = createRandomStreams("compare-records-unseen-1");
const WORLDS = EPISODE_WORLDS.filter(({ name }) =>
  /^(40|80) (single episodes|bursts of 3), (normal|heavy)$/.test(name),
);

/** The baseline makes the opposite of each difference, the candidate blocks it: their difference is the sample's. */
function recordsOf(effect: number, place: number, dice: Dice) {
  const { world } = WORLDS[place]!;
  const { episodes, trueTotal } = drawSample({ ...world, effect }, dice);
  const times = new Map<string, number>();
  const entries = episodes.map(({ trigger, differenceQuote }, index): MadeEntry => {
    const atMs =
      times.get(trigger) ?? Math.floor(dice.next() * (HOURS - 1)) * HOUR_MS + Math.floor(dice.next() * HOUR_MS);
    times.set(trigger, atMs);
    return { atMs, symbol: `S${index}USDT`, pnl: -differenceQuote };
  });
  const sorted = [...entries].sort((left, right) => left.atMs - right.atMs);
  const blocked = sorted.map((entry): MadeEntry => ({ ...entry, pnl: null }));
  const records = [
    recordOf({ variant: "baseline", entries: sorted, hours: HOURS }),
    recordOf({ variant: "candidate", entries: blocked, hours: HOURS }),
  ];
  return { records, truePerDay: (trueTotal / HOURS) * 24 };
}

function judge(effect: number, name: string) {
  const tally = { comparisons: 0, answered: 0, covered: 0, better: 0 };
  for (let comparison = 0; comparison < COMPARISONS; comparison += 1) {
    const place = comparison % WORLDS.length;
    const { records, truePerDay } = recordsOf(effect, place, streams.stream(`${name} ${comparison}`));
    const { candidates } = compareRecords(records, { metrics: ["net_pnl"], replications: 19 });
    const { interval, verdict } = candidates[0]!.metrics[0]!;
    tally.comparisons += 1;
    if (verdict === "better") tally.better += 1;
    if (interval.value === null) continue;
    tally.answered += 1;
    if (interval.value[0] <= truePerDay && truePerDay <= interval.value[1]) tally.covered += 1;
  }
  return tally;
}

/** Three Monte Carlo errors of a share, never 0. */
const slack = (share: number, n: number) => 3 * Math.sqrt((share * (1 - share)) / n);

test("a whole comparison covers the truth as its interval says, and seldom promotes what is no better", () => {
  const effect = judge(0.3, "effect");
  const none = judge(0, "null");
  if (process.env["COMPARISONS"] !== undefined) process.stdout.write(`${JSON.stringify({ effect, none })}\n`);
  expect(WORLDS).toHaveLength(8);
  expect(effect.answered).toBeGreaterThan(COMPARISONS * 0.9);
  const coverage = effect.covered / effect.answered;
  expect(coverage).toBeGreaterThan(0.93 - slack(0.95, effect.answered));
  expect(none.better / none.comparisons).toBeLessThan(0.05 + slack(0.05, none.comparisons));
  // A real advantage is found more often than none, or the verdict would be worthless.
  expect(effect.better).toBeGreaterThan(none.better);
});
