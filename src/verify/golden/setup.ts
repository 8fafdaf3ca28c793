import { readFileSync } from "node:fs";
import { canonicalJson } from "../../sim/scenario/resolve.ts";
import type { ResolvedVariant, Scenario } from "../../sim/scenario/schema.ts";
import { type DocumentPath, parseYaml } from "../../sim/scenario/yaml-document.ts";

/** A key of the scenario whose value is another than when the golden was made. */
export interface SetupChange {
  /** As people write it below a variant or the base, e.g. `pipeline.governor.params.entryBase`. */
  readonly key: string;
  readonly before: string;
  readonly now: string;
  /** 1-based place in the scenario file; `null` when the file says nothing there. */
  readonly line: number | null;
}

/** Value of a key that is not there. */
const ABSENT = "-";

/** All of a scenario that can change a decision of one variant, as plain JSON. */
export function setupOf(scenario: Scenario, variant: ResolvedVariant): Record<string, unknown> {
  const { seed, window, universe, account, intents, strategy, operator, external, initial } = scenario;
  const { profile, policy, exchange } = variant;
  const world = { seed, window, universe, account, intents, strategy, operator, external, initial };
  return JSON.parse(canonicalJson({ ...world, profile, pipeline: policy, exchange })) as Record<string, unknown>;
}

/** Leaves that differ, in code-unit order of their keys. */
export function changesOf(
  before: Readonly<Record<string, unknown>>,
  now: Readonly<Record<string, unknown>>,
): SetupChange[] {
  const [old, fresh] = [leavesOf(before), leavesOf(now)];
  return [...new Set([...old.keys(), ...fresh.keys()])].sort().flatMap((key) => {
    const [left, right] = [old.get(key) ?? ABSENT, fresh.get(key) ?? ABSENT];
    return left === right ? [] : [{ key, before: left, now: right, line: null }];
  });
}

/**
 * The changes that somebody made, with their lines in the scenario file. A key that neither the golden nor the file has is
 * a default of a later version of the program: nobody's change, and no cause of anything.
 */
export function placed(changes: readonly SetupChange[], file: string, variantIndex: number): SetupChange[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    // The lines are a courtesy; the changes stand without them.
    return [...changes];
  }
  const document = parseYaml(text, file);
  const lineOf = (key: string, lengthMin = 1): number | null => {
    const path = key.split(".");
    for (let length = path.length; length >= lengthMin; length--) {
      const own: DocumentPath = path.slice(0, length);
      for (const place of [["variants", variantIndex, ...own], own]) {
        const found = document.positionOfKey(place);
        if (found !== null) return found.line;
      }
    }
    return null;
  };
  const isMade = (change: SetupChange) =>
    !isNewKey(change) || lineOf(change.key, change.key.split(".").length) !== null;
  return changes.filter(isMade).map((change) => ({ ...change, line: lineOf(change.key) }));
}

/**
 * `true` when all that changed is how the pipeline decides: then its decisions can be compared, and should be. A key the
 * golden does not know is no other experiment either: a later version of the program has filled it in.
 */
export function isRuleChange(changes: readonly SetupChange[]): boolean {
  return changes.every((change) => isNewKey(change) || change.key.startsWith("pipeline.") || change.key === "profile");
}

/** A key that the golden does not have. */
export function isNewKey({ before }: SetupChange): boolean {
  return before === ABSENT;
}

function leavesOf(value: unknown, path = "", leaves = new Map<string, string>()): Map<string, string> {
  if (typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length > 0) {
    for (const [key, field] of Object.entries(value)) leavesOf(field, path === "" ? key : `${path}.${key}`, leaves);
  } else leaves.set(path, typeof value === "string" ? value : JSON.stringify(value));
  return leaves;
}
