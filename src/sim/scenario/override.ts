import { resolve } from "node:path";
import { nearMisses } from "../../diagnostics/near-miss.ts";
import { type Problem, UserError } from "../../diagnostics/user-error.ts";
import { MOMENT_NEEDED, type Moment, parseMoment } from "./moment.ts";
import { scenarioHash } from "./resolve.ts";
import { suggestion } from "./scenario-problems.ts";
import type { Scenario } from "./schema.ts";

/** What the command line may change of a scenario. */
export interface ScenarioOverrides {
  readonly seed?: string;
  /** Names of the variants to run, in the scenario's order; all when absent. */
  readonly variants?: readonly string[];
  /** Folder of another recording, relative to the working folder. */
  readonly recording?: string;
  readonly from?: string;
  readonly to?: string;
}

/**
 * The scenario with the overrides of the command line. The hash follows the window but not the choice of variants: a
 * variant alone is the same experiment as among others.
 *
 * @throws {UserError} with every unknown variant and unreadable time.
 */
export function overrideScenario(scenario: Scenario, overrides: ScenarioOverrides): Scenario {
  const problems: Problem[] = [];
  const moment = (option: string, text: string | undefined): Moment | undefined => {
    if (text === undefined) return undefined;
    const parsed = parseMoment(text);
    if (parsed === null)
      problems.push({ text: `Cannot use ${option} "${text}": it is no time, ${MOMENT_NEEDED} is needed` });
    return parsed ?? undefined;
  };
  const from = moment("--from", overrides.from) ?? scenario.window.from;
  const to = moment("--to", overrides.to) ?? scenario.window.to;
  const names = scenario.variants.map(({ name }) => name);
  for (const wanted of overrides.variants ?? []) {
    if (!names.includes(wanted)) problems.push(unknownVariant(wanted, names));
  }
  if (problems.length > 0) throw new UserError(problems);
  const window = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
  const hash = scenarioHash({ ...scenario, window });
  return {
    ...scenario,
    hash,
    window,
    seed: overrides.seed ?? scenario.seed,
    recordingPath: overrides.recording === undefined ? scenario.recordingPath : resolve(overrides.recording),
    variants: scenario.variants.filter(({ name }) => overrides.variants?.includes(name) ?? true),
  };
}

function unknownVariant(wanted: string, names: readonly string[]): Problem {
  const hint = suggestion(nearMisses(wanted, names));
  const text = `Cannot run variant "${wanted}": the scenario has none of that name, one of ${names.join(", ")} is needed`;
  return { text, ...(hint === undefined ? {} : { hint }) };
}
