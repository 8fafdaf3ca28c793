import { nearMisses } from "../../diagnostics/near-miss.ts";
import type { Problem } from "../../diagnostics/user-error.ts";
import type { Policy } from "../../engine/policy.ts";
import type { PlugInKind, PlugIns } from "../plugins/plug-ins.ts";
import { breachProblem, type ScenarioSource, schemaProblems, suggestion } from "./scenario-problems.ts";
import type { ResolvedVariant, ScenarioFile } from "./schema.ts";
import type { DocumentPath } from "./yaml-document.ts";

/** Variants and strategy whose plug-ins have their parameters read by their own schemas, defaults filled in. */
export interface WithPlugInParams {
  readonly variants: readonly ResolvedVariant[];
  readonly strategy: ScenarioFile["strategy"];
  readonly problems: readonly Problem[];
}

/** Reads the parameters of every plug-in a scenario chooses; what its schema refuses is placed in the scenario. */
export function readPlugInParams(
  file: ScenarioFile,
  variants: readonly ResolvedVariant[],
  plugIns: PlugIns,
  source: ScenarioSource,
): WithPlugInParams {
  const problems: Problem[] = [];
  const read = <Choice extends { readonly name: string }>(
    kind: PlugInKind,
    choice: Choice,
    at: DocumentPath,
  ): Choice => {
    if (!isPlugInChoice(choice)) return choice;
    const plugIn = plugIns.find(kind, choice.use);
    if (plugIn === undefined) {
      problems.push(breachProblem({ path: [...at, "use"], ...missing(kind, choice.use, plugIns) }, source));
      return choice;
    }
    const parsed = plugIn.definition.params.safeParse(choice.params);
    if (parsed.success) return { ...choice, params: parsed.data };
    const issues = parsed.error.issues.map((issue) => ({ ...issue, path: [...at, "params", ...issue.path] }));
    problems.push(...schemaProblems(issues, source));
    return choice;
  };
  const place = (index: number, path: DocumentPath): DocumentPath => {
    const own = ["variants", index, "pipeline", ...path];
    return source.document.positionOf(own) === null ? ["pipeline", ...path] : own;
  };
  return {
    variants: variants.map((variant, index) => {
      const { policy } = variant;
      const governor = read("governor", policy.governor, place(index, ["governor"]));
      const ranker = read("ranker", policy.snapshots.ranker, place(index, ["snapshots", "ranker"]));
      if (governor === policy.governor && ranker === policy.snapshots.ranker) return variant;
      const changed: Policy = { ...policy, governor, snapshots: { ...policy.snapshots, ranker } };
      return { ...variant, policy: changed };
    }),
    strategy: file.strategy === undefined ? undefined : read("strategy", file.strategy, ["strategy"]),
    problems,
  };
}

interface PlugInChoice {
  readonly name: "plugin";
  readonly use: string;
  readonly params: Readonly<Record<string, unknown>>;
}

function isPlugInChoice(choice: object): choice is PlugInChoice {
  return (choice as { readonly name?: unknown }).name === "plugin";
}

function missing(kind: PlugInKind, name: string, plugIns: PlugIns): { readonly text: string; readonly hint: string } {
  const known = plugIns.all.filter((each) => each.kind === kind).map((each) => each.name);
  const text = `Cannot use the ${kind} "${name}": no plug-in of that name is loaded, one is needed`;
  return { text, hint: suggestion(nearMisses(name, known)) ?? "add --plugin FILE" };
}
