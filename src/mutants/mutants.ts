import { mkdirSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { EXIT, UserError } from "../diagnostics/user-error.ts";
import { type BuildRun, type Catch, examine, runBuild, verifyBuild } from "./examine.ts";
import { MUTANTS, type Mutant } from "./mutant-list.ts";
import { copyBuild, misfit, plant } from "./plant.ts";

const project = fileURLToPath(new URL("../../", import.meta.url));
const cache = join(project, "node_modules/.cache/mutants");

/** A mutant after its runs. */
interface Verdict {
  readonly mutant: Mutant;
  /** The catch that was demanded; `null`: the mutant survived, or was caught by something else or elsewhere. */
  readonly demanded: Catch | null;
  readonly caught: readonly Catch[];
  /** What `sim verify` says of the mutant: 11 names a divergence, 0 sees none. */
  readonly verifyExit: number | null;
  readonly wallMs: number;
}

/**
 * `npm run mutants [name...]`: plants each mutant in a copy of the build, runs its scenario twice, and demands that it
 * is caught by the stated catcher at the stated stage. The unchanged build is examined first and must show nothing.
 *
 * Exit 1 when the unchanged build shows something, or a mutant does not show as stated.
 */
async function main(names: readonly string[]): Promise<number> {
  const unknown = names.filter((name) => !MUTANTS.some((mutant) => mutant.name === name));
  if (unknown.length > 0) {
    const known = MUTANTS.map(({ name }) => name).join(", ");
    throw new UserError([
      { text: `Cannot plant "${unknown.join('", "')}": no such mutant, one of ${known} is needed` },
    ]);
  }
  const chosen = names.length === 0 ? MUTANTS : MUTANTS.filter(({ name }) => names.includes(name));
  rmSync(cache, { recursive: true, force: true });
  mkdirSync(cache, { recursive: true });
  const original = join(cache, "original");
  copyBuild(project, original);
  const misfits = chosen.flatMap((mutant) => misfit(mutant, original) ?? []);
  if (misfits.length > 0) throw new UserError(misfits, EXIT.internal);
  const controls = new Map<string, BuildRun>();
  let isControlClean = true;
  await each([...new Set(chosen.map(({ scenario }) => scenario))], async (scenario) => {
    const first = await runScenario(original, scenario, "control");
    controls.set(scenario, first);
    const shown = examine(first, first, await runScenario(original, scenario, "again"));
    const verifyExit = await verifyBuild(original, goldenOf(scenario));
    if (shown.length > 0 || first.folder === null || verifyExit !== EXIT.ok) isControlClean = false;
    print(["control", scenario, shown[0]?.catcher ?? "nothing", verifyText(verifyExit), shown[0]?.place ?? ""]);
  });
  const verdicts: Verdict[] = [];
  await each(chosen, async (mutant) => {
    const verdict = await examined(mutant, original, controls.get(mutant.scenario)!);
    verdicts.push(verdict);
    print(rowOf(verdict));
  });
  const missed = verdicts.filter((verdict) => !isCaught(verdict));
  process.stdout.write(
    `${verdicts.length - missed.length} of ${verdicts.length} mutants caught where they act, control ${isControlClean ? "clean" : "NOT clean"}\n`,
  );
  rmSync(cache, { recursive: true, force: true });
  return missed.length === 0 && isControlClean ? 0 : 1;
}

async function examined(mutant: Mutant, original: string, control: BuildRun): Promise<Verdict> {
  const begunMs = performance.now();
  const copy = join(cache, mutant.name);
  copyBuild(original, copy);
  plant(mutant, copy);
  const first = await runScenario(copy, mutant.scenario, "first");
  // Only dice and clocks differ from themselves; everything else shows in the first run.
  const second = mutant.catcher === "second run" ? await runScenario(copy, mutant.scenario, "second") : first;
  const caught = examine(control, first, second);
  const demanded = caught.find(({ catcher, stage }) => catcher === mutant.catcher && stage.includes(mutant.stage));
  const verifyExit = await verifyBuild(copy, goldenOf(mutant.scenario));
  rmSync(copy, { recursive: true, force: true });
  return { mutant, demanded: demanded ?? null, caught, verifyExit, wallMs: performance.now() - begunMs };
}

function runScenario(copy: string, scenario: string, label: string): Promise<BuildRun> {
  const out = join(copy, "out", label, scenario.replaceAll("/", "-"));
  return runBuild(copy, join(project, "scenarios", scenario), out);
}

/** Caught where it acts; and whoever breaks no invariant must also be caught by the gate that users have. */
function isCaught({ demanded, verifyExit }: Verdict): boolean {
  return demanded !== null && (demanded.catcher === "invariant" || verifyExit === EXIT.divergence);
}

function rowOf(verdict: Verdict): string[] {
  const { mutant, demanded, caught, verifyExit, wallMs } = verdict;
  const seconds = `${(wallMs / 1000).toFixed(1)} s`;
  const gate = verifyText(verifyExit);
  if (isCaught(verdict)) return [mutant.name, mutant.file, demanded!.catcher, gate, demanded!.place, seconds];
  const shown = caught.map(({ catcher, place }) => `${catcher}: ${place}`).join("; ");
  const needed = `${mutant.catcher} at ${mutant.stage} is needed`;
  return [mutant.name, mutant.file, "SURVIVED", gate, `${shown === "" ? "nothing shows" : shown}; ${needed}`, seconds];
}

function verifyText(exit: number | null): string {
  return exit === EXIT.divergence ? "diverged" : exit === EXIT.ok ? "same" : `exit ${exit}`;
}

/** Folder of the goldens of a scenario. */
function goldenOf(scenario: string): string {
  return `goldens/${scenario.replace(/\.yaml$/, "")}`;
}

const WIDTHS = [24, 34, 12, 12, 60];

function print(cells: readonly string[]): void {
  process.stdout.write(
    `${cells
      .map((cell, index) => cell.padEnd(WIDTHS[index] ?? 0))
      .join("  ")
      .trimEnd()}\n`,
  );
}

/** As many at a time as there are cores: each is one process that computes. */
async function each<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const workers = Array.from({ length: Math.min(availableParallelism(), 8) }, async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  });
  await Promise.all(workers);
}

try {
  print(["mutant", "file", "caught by", "sim verify", "where", "time"]);
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  for (const { file, text, hint } of error.problems) {
    process.stderr.write(`${file === undefined ? "" : `${file}: `}${text}${hint === undefined ? "" : `\n  ${hint}`}\n`);
  }
  process.exitCode = error.exitCode;
}
