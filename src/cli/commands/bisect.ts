import { resolve } from "node:path";
import { type Command, Option } from "commander";
import { EXIT } from "../../diagnostics/user-error.ts";
import type { BisectResult } from "../../verify/bisect/bisect.ts";
import type { CommitRange } from "../../verify/bisect/revisions.ts";
import type { ScenarioPlace } from "../../verify/bisect/worktree.ts";
import type { Shell } from "../shell.ts";

interface BisectOptions {
  readonly good: string;
  readonly bad: string;
  readonly scenarioOf: "current" | "revision";
  readonly json?: boolean;
  readonly quiet?: boolean;
}

const EXAMPLES = `
Examples:
  sim bisect --good v0.1.0 --bad HEAD scenarios/regime-flip.yaml
  sim bisect --good HEAD~20 --bad HEAD scenarios/regime-flip.yaml --scenario-of revision

Builds revisions in a git worktree in the folder for temporary files and removes it at the end. A revision that does
not build or run is skipped and named. Exit 0: both ends decide the same; 11: the first commit that decides otherwise.`;

/** Adds `sim bisect`: which commit changed the decisions, and at which event. */
export function registerBisect(program: Command, shell: Shell): void {
  program
    .command("bisect")
    .description("name the first commit, and the first event, at which decisions differ")
    .argument("<scenario>", "scenario file, run with every revision")
    .requiredOption("--good <revision>", "a commit that decides right")
    .requiredOption("--bad <revision>", "a later commit that decides otherwise")
    .addOption(
      new Option("--scenario-of <tree>", "scenario and recording of the current tree, or of each revision")
        .choices(["current", "revision"])
        .default("current" as const),
    )
    .option("--json", "one JSON document on stdout")
    .option("-q, --quiet", "nothing on stderr except errors")
    .addHelpText("after", EXAMPLES)
    .action((scenario: string, options: BisectOptions) => bisectCommand(scenario, options, shell));
}

async function bisectCommand(scenario: string, options: BisectOptions, shell: Shell): Promise<void> {
  const [{ bisect }, { commitRange, nameOf }, { openWorkshop, scenarioPlace }] = await Promise.all([
    import("../../verify/bisect/bisect.ts"),
    import("../../verify/bisect/revisions.ts"),
    import("../../verify/bisect/worktree.ts"),
  ]);
  const note = (text: string): void => {
    if (options.quiet !== true) shell.note(text);
  };
  const range = commitRange(process.cwd(), options.good, options.bad);
  const place: ScenarioPlace = scenarioPlace(range.root, resolve(scenario), options.scenarioOf);
  const interrupts = shell.catchInterrupts();
  note(`bisect ${nameOf(range.good)} .. ${nameOf(range.later.at(-1)!)}  ${range.later.length} commits`);
  const workshop = openWorkshop(range.root, range.good.id);
  interrupts.onLeave(() => workshop.remove());
  let result: BisectResult | null;
  try {
    result = await bisect({
      range,
      scenario: place,
      workshop,
      onTrial: (commit, inQuestion) => note(`  ${nameOf(commit)}  (${inQuestion} in question)`),
      shouldStop: () => interrupts.shouldStop(),
    });
  } finally {
    workshop.remove();
    interrupts.release();
  }
  if (result === null) {
    shell.exitWith(EXIT.interrupted);
    if (options.json === true) shell.print(JSON.stringify({ schema: "sim.bisect/1", interrupted: true }, null, 2));
    return;
  }
  if (result.found !== null) shell.exitWith(EXIT.divergence);
  shell.print(options.json === true ? document(range, scenario, result) : text(range, scenario, result, nameOf));
}

function document({ good, later }: CommitRange, scenario: string, result: BisectResult): string {
  const exit = { code: result.found === null ? EXIT.ok : EXIT.divergence };
  const ends = { good, bad: later.at(-1)! };
  return JSON.stringify({ schema: "sim.bisect/1", scenario, ...ends, commits: later.length, ...result, exit }, null, 2);
}

function text(
  { good, later }: CommitRange,
  scenario: string,
  { found, skipped, trials }: BisectResult,
  nameOf: (commit: CommitRange["good"]) => string,
): string {
  const lines = [`bisect  ${scenario}  ${later.length} commits after ${nameOf(good)}, ${trials} run`];
  for (const { commit, reason } of skipped) lines.push(`  skipped ${nameOf(commit)}: ${reason}`);
  if (found === null) return [...lines, `the same decisions at both ends`].join("\n");
  const { commit, candidates, variant, difference } = found;
  const { seq, tsMs, event, stage, kind, path, expected, actual } = difference;
  lines.push(
    `first commit that decides otherwise: ${nameOf(commit)}`,
    ...candidates.map((candidate) => `  or ${nameOf(candidate)}, which could not be asked`),
    `first difference: variant ${variant}  seq ${seq}  ${new Date(tsMs).toISOString()}  on ${event}`,
    `  ${stage}  ${kind === "decision" || kind === "event" ? path : kind}`,
    `    before  ${expected === "" ? "-" : expected}`,
    `    after   ${actual === "" ? "-" : actual}`,
    `look at it: git show ${commit.id.slice(0, 10)}`,
  );
  return lines.join("\n");
}
