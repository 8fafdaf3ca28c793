import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type Figure, median } from "./measure.ts";
import { contentText, UNIVERSE_SYMBOLS, type UniverseRun } from "./universe.ts";

/** So many governors at once are what issue-sized comparisons ask for. */
const VARIANTS = 32;

/** A span of the universe whose caches are in `dir`. */
export interface VariantsSpan {
  readonly dir: string;
  /** Virtual seconds in the caches. */
  readonly seconds: number;
  /** Of them before the first intent. */
  readonly warmUpMinutes: number;
  readonly rounds: number;
}

interface Measured extends UniverseRun {
  readonly ms: number;
  /** Processor time of all threads: what a core to itself would take, and what a loaded machine does not change. */
  readonly cpuMs: number;
  readonly peakKb: number;
}

/** Many governors in one pass beside one alone, each in a process of its own and in turn: their time and their memory. */
export function variantFigures({ dir, seconds, warmUpMinutes, rounds }: VariantsSpan): Figure[] {
  const ones: Measured[] = [];
  const manies: Measured[] = [];
  for (let round = 0; round < rounds; round++) {
    ones.push(child(1, seconds, warmUpMinutes, dir));
    manies.push(child(VARIANTS, seconds, warmUpMinutes, dir));
  }
  const one = medians(ones);
  const many = medians(manies);
  const span = `${hoursText(seconds)} of ${UNIVERSE_SYMBOLS} symbols, intents from ${hoursText(warmUpMinutes * 60)} on`;
  return [
    {
      name: `${VARIANTS} governors in one pass (${span}; ${contentText(manies[0]!)})`,
      value: `${many.ms.toFixed(0)} ms (${many.cpuMs.toFixed(0)} CPU)`,
      baseline: `1 governor ${one.ms.toFixed(0)} ms (${one.cpuMs.toFixed(0)} CPU)`,
      ratio: `${(many.ms / one.ms).toFixed(2)}x`,
    },
    {
      name: `  on one core: processor time of all threads (${hoursText(seconds)})`,
      value: `${many.cpuMs.toFixed(0)} ms`,
      baseline: `1 governor ${one.cpuMs.toFixed(0)} ms`,
      ratio: `${(many.cpuMs / one.cpuMs).toFixed(2)}x`,
    },
    {
      name: `  memory of one governor more: ${((many.peakMb - one.peakMb) / (VARIANTS - 1)).toFixed(2)} MB (${hoursText(seconds)})`,
      value: `${many.peakMb.toFixed(1)} MB`,
      baseline: `1 governor ${one.peakMb.toFixed(1)} MB`,
      ratio: `${(many.peakMb / one.peakMb).toFixed(2)}x`,
    },
  ];
}

function medians(runs: readonly Measured[]) {
  return {
    ms: median(runs.map(({ ms }) => ms)),
    cpuMs: median(runs.map(({ cpuMs }) => cpuMs)),
    peakMb: median(runs.map(({ peakKb }) => peakKb)) / 1024,
  };
}

/** `6.5 h`, and minutes below an hour. */
function hoursText(seconds: number): string {
  return seconds < 3600 ? `${+(seconds / 60).toFixed(1)} min` : `${+(seconds / 3600).toFixed(1)} h`;
}

function child(variants: number, seconds: number, warmUpMinutes: number, dir: string): Measured {
  const file = fileURLToPath(new URL("variants-child.js", import.meta.url));
  const args = [file, String(variants), String(seconds), String(warmUpMinutes), dir];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${variants} governors exit with ${status}: ${stderr}`);
  const measured = JSON.parse(stdout) as Measured;
  const { intents, plans } = measured;
  if (intents === 0 || plans === 0) {
    throw new Error(`${variants} governors got ${intents} intents and made ${plans} plans, some of each are needed`);
  }
  return measured;
}
