import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { firstJournalDifference, type JournalDifference } from "../verify/bisect/journal-difference.ts";
import type { Catcher } from "./mutant-list.ts";

/** One run of a build: where its journals are, and what its own checks said. */
export interface BuildRun {
  /** Folder of the run; its variants' journals lie in or one below it. `null` when the build crashed. */
  readonly folder: string | null;
  /** Sentences of invariants that broke, journal findings and the exchange's books. */
  readonly violations: readonly string[];
}

/** What gave a build away, and where. */
export interface Catch {
  readonly catcher: Catcher;
  readonly stage: string;
  readonly place: string;
}

/** Runs one scenario with the `sim` of a copied build, in a process of its own. */
export async function runBuild(copyDir: string, scenario: string, out: string): Promise<BuildRun> {
  rmSync(out, { recursive: true, force: true });
  const args = [join(copyDir, "dist/cli/sim.js"), "run", scenario, "--out", out, "--no-cache", "--progress", "none"];
  const { code, stderr } = await finished(args);
  const name = existsSync(out) ? readdirSync(out).find((entry) => entry.startsWith("r-")) : undefined;
  const folder = name === undefined ? null : join(out, name);
  const violations = stderr.split("\n").filter((line) => /internal error|InvariantError|invariant/i.test(line));
  if (folder === null && violations.length === 0) violations.push(`no journal, exit ${code}: ${stderr.slice(0, 200)}`);
  if (folder !== null) violations.push(...journalsOf(folder).flatMap((file) => brokenInvariants(file)));
  return { folder, violations };
}

/** Exit code of `sim verify --strict` of a copied build on the goldens of one scenario: 11 is a divergence. */
export async function verifyBuild(copyDir: string, golden: string): Promise<number | null> {
  const { code } = await finished([join(copyDir, "dist/cli/sim.js"), "verify", golden, "--strict", "--quiet"]);
  return code;
}

/**
 * Compares a build with the original and with itself.
 *
 * @returns every way in which it shows; an empty list is a mutant that survived
 */
export function examine(original: BuildRun, first: BuildRun, second: BuildRun): readonly Catch[] {
  const caught: Catch[] = [];
  const known = new Set(original.violations);
  const broken = first.violations.find((violation) => !known.has(violation));
  if (broken !== undefined) caught.push({ catcher: "invariant", stage: broken, place: broken.slice(0, 90) });
  const journal = difference(original.folder, first.folder);
  if (journal !== null) caught.push({ catcher: "journal", stage: journal.stage, place: placeText(journal) });
  const again = difference(first.folder, second.folder);
  if (again !== null) caught.push({ catcher: "second run", stage: again.stage, place: placeText(again) });
  return caught;
}

function difference(expected: string | null, actual: string | null): JournalDifference | null {
  if (expected === null || actual === null) return null;
  for (const file of journalsOf(expected)) {
    const found = firstJournalDifference(file, join(actual, file.slice(expected.length)));
    if (found !== null) return found;
  }
  return null;
}

function placeText({ seq, stage, kind, path, event }: JournalDifference): string {
  const what = kind === "decision" || kind === "event" ? path : kind;
  return `seq ${seq} ${event} -> ${stage} ${what}`;
}

function journalsOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith("journal.ndjson"))
    .sort()
    .map((file) => join(folder, file));
}

/** Findings `invariant.*`: rules that hold on every run of a sound pipeline. */
function brokenInvariants(journal: string): string[] {
  return [...readFileSync(journal, "utf8").matchAll(/"code":"(invariant\.[\w.-]+)"/g)].map(([, code]) => code!);
}

function finished(args: readonly string[]): Promise<{ code: number | null; stderr: string }> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, args, {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, CI: "" },
    });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.on("error", fail);
    child.on("close", (code) => done({ code, stderr }));
  });
}
