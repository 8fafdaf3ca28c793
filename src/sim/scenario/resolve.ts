import { createHash } from "node:crypto";
import { formatMoney } from "../../engine/domain/money.ts";
import { type Policy, pipelineSchema } from "../../engine/policy.ts";
import { ORIGIN_QUIRKS, QUIRK_NAMES, type Quirk } from "../../engine/quirks.ts";
import { withPipelineChoices } from "../plugins/plug-in-choices.ts";
import { NO_PLUG_INS, type PlugIns } from "../plugins/plug-ins.ts";
import { exchangeSchema } from "./exchange-schema.ts";
import { child } from "./json-schema.ts";
import type { ResolvedVariant, Scenario, ScenarioFile } from "./schema.ts";

/**
 * Every variant made whole: the base's `pipeline` and `exchange` as written, deep-merged with the variant's, then
 * filled with defaults. `raw` is the value of the file, which `scenarioSchema` has accepted.
 *
 * Maps merge key by key; lists, texts and numbers replace; a governor or ranker of another name replaces the whole
 * choice, because parameters of one mean nothing to another.
 */
export function resolveVariants(file: ScenarioFile, raw: unknown, plugIns: PlugIns = NO_PLUG_INS): ResolvedVariant[] {
  const entries = file.variants ?? [{ name: "base" }];
  return entries.map((entry, index) => {
    const written = file.variants === undefined ? {} : child(child(raw, "variants"), index);
    const profile = entry.profile ?? file.profile;
    // Merged as written, by the plug-ins' own names: parameters of one mean nothing to another.
    const merged = mergeInput(child(raw, "pipeline"), child(written, "pipeline"));
    const pipeline = withPipelineChoices(merged, plugIns);
    const quirks = resolveQuirks(profile, (child(pipeline, "quirks") ?? []) as readonly string[]);
    const policy: Policy = pipelineSchema.parse({ ...asMap(pipeline), quirks });
    const exchange = exchangeSchema.parse(mergeInput(child(raw, "exchange"), child(written, "exchange")) ?? {});
    return { name: entry.name, description: entry.description ?? "", profile, policy, exchange };
  });
}

/** The profile's quirks plus those named, minus those named with a leading minus, in the order of `QUIRK_NAMES`. */
export function resolveQuirks(profile: "strict" | "origin", entries: readonly string[]): Quirk[] {
  const on = new Set<string>(profile === "origin" ? ORIGIN_QUIRKS : []);
  for (const entry of entries) {
    if (entry.startsWith("-")) on.delete(entry.slice(1));
    else on.add(entry);
  }
  return QUIRK_NAMES.filter((name) => on.has(name));
}

export function mergeInput(base: unknown, over: unknown): unknown {
  if (over === undefined) return base;
  if (!isMap(base) || !isMap(over)) return over;
  const [baseName, overName] = [child(base, "name"), child(over, "name")];
  if (overName !== undefined && baseName !== overName) return over;
  // allow(unordered): the result is read by key
  const merged = new Map(Object.entries(base));
  // allow(unordered): the result is read by key
  for (const [key, value] of Object.entries(over)) merged.set(key, mergeInput(merged.get(key), value));
  return Object.fromEntries(merged);
}

/** What cannot change a result, or is named in a run's identity by itself. */
const OUTSIDE_HASH = new Set([
  "title",
  "description",
  "file",
  "hash",
  "recordingPath",
  "seed",
  "warnings",
  "plugIns",
  "compare",
]);

/** SHA-256 over the resolved scenario: a file that only words its defaults differently has the same. */
export function scenarioHash(scenario: Omit<Scenario, "hash">): string {
  // allow(unordered): canonicalJson sorts the keys
  const parts = Object.entries(scenario).filter(([key]) => !OUTSIDE_HASH.has(key));
  return createHash("sha256")
    .update(canonicalJson(Object.fromEntries(parts)))
    .digest("hex");
}

/** JSON with keys in code-unit order and money as decimal text: equal values, equal bytes. */
export function canonicalJson(value: unknown): string {
  if (typeof value === "bigint") return JSON.stringify(formatMoney(value));
  if (Array.isArray(value)) return `[${value.map((each) => canonicalJson(each)).join(",")}]`;
  if (!isMap(value)) return JSON.stringify(value ?? null);
  // allow(unordered): sorted two lines below
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    // allow(sort): the keys of an object are unique
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, field]) => `${JSON.stringify(key)}:${canonicalJson(field)}`);
  return `{${fields.join(",")}}`;
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function asMap(value: unknown): Readonly<Record<string, unknown>> {
  return isMap(value) ? value : {};
}
