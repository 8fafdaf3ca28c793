import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { nearMisses } from "../../diagnostics/near-miss.ts";
import { type Problem, UserError } from "../../diagnostics/user-error.ts";
import { checkThresholds, type Thresholds } from "../../reports/thresholds.ts";
import { withPlugInChoices } from "../plugins/plug-in-choices.ts";
import { NO_PLUG_INS, type PlugIns } from "../plugins/plug-ins.ts";
import { contradictionsOf } from "./contradictions.ts";
import { type JsonSchema, scenarioJsonSchema } from "./json-schema.ts";
import { readPlugInParams } from "./plug-in-params.ts";
import { canonicalJson, resolveVariants, scenarioHash } from "./resolve.ts";
import {
  breachProblem,
  inFileOrder,
  pathText,
  type RuleBreach,
  type ScenarioSource,
  schemaProblems,
  suggestion,
} from "./scenario-problems.ts";
import { type ResolvedVariant, type Scenario, type ScenarioFile, scenarioSchema } from "./schema.ts";
import { expandSweep } from "./sweep/expand-sweep.ts";
import { type DocumentPath, parseYaml } from "./yaml-document.ts";

/** A scenario is written by hand; what is larger is another kind of file. */
export const SCENARIO_BYTES_MAX = 4 * 1024 * 1024;

/**
 * Reads a scenario file and resolves it.
 *
 * @throws {UserError} (exit 2) with every problem of the file at once, each with `file:line:col`.
 */
export function loadScenario(file: string, plugIns: PlugIns = NO_PLUG_INS): Scenario {
  return parseScenario(readText(file), file, plugIns);
}

/** As `loadScenario`, from text; `file` is where paths start and what problems name. */
export function parseScenario(text: string, file: string, plugIns: PlugIns = NO_PLUG_INS): Scenario {
  const written = parseYaml(text, file);
  if (written.problems.length > 0) throw new UserError(inFileOrder(written.problems));
  const { document, settings } = expandSweep(written, file);
  const source: ScenarioSource = { file, document, schema: knownSchema };
  const parsed = scenarioSchema.safeParse(withPlugInChoices(document.value, plugIns) ?? undefined);
  if (!parsed.success) throw new UserError(inFileOrder(schemaProblems(parsed.error.issues, source)));

  const resolvedVariants = resolveVariants(parsed.data, document.value, plugIns);
  const read = readPlugInParams(parsed.data, resolvedVariants, plugIns, source);
  const { strategy, problems: unread } = read;
  const variants = read.variants.map((variant, place): ResolvedVariant => {
    const own = settings.get(place);
    return own === undefined ? variant : { ...variant, settings: own };
  });
  const scenarioFile: ScenarioFile = { ...parsed.data, strategy };
  const rules = rulesOf(scenarioFile, variants);
  const problems = [
    ...unread,
    ...rules.errors.map((breach) => breachProblem(breach, source)),
    ...thresholdProblems(scenarioFile.thresholds, ["thresholds"], source),
    ...thresholdProblems(scenarioFile.expect.metrics ?? {}, ["expect", "metrics"], source),
  ];
  if (problems.length > 0) throw new UserError(inFileOrder(problems));
  const warnings = inFileOrder(rules.warnings.map((breach) => breachProblem(breach, source)));
  return { ...resolved(scenarioFile, file, variants, warnings), ...(plugIns.all.length === 0 ? {} : { plugIns }) };
}

// allow(module-state): made once from constants
let schema: JsonSchema | null = null;

function knownSchema(): JsonSchema {
  schema ??= scenarioJsonSchema();
  return schema;
}

function resolved(
  parsed: ScenarioFile,
  file: string,
  variants: readonly ResolvedVariant[],
  warnings: readonly Problem[],
): Scenario {
  const { name, profile, account, operator, external, initial, window, universe, thresholds, expect } = parsed;
  const scenario: Omit<Scenario, "hash"> = {
    name,
    title: parsed.title ?? name,
    description: parsed.description ?? "",
    file,
    recordingPath: resolve(dirname(file), parsed.recording),
    seed: parsed.seed,
    profile,
    warmupMs: parsed.warmup,
    window,
    universe,
    account,
    intents: intentsOf(parsed),
    strategy: parsed.strategy ?? null,
    operator,
    external,
    initial,
    thresholds,
    expect,
    variants,
    warnings,
  };
  const { compare } = parsed;
  return { ...scenario, ...(compare === undefined ? {} : { compare }), hash: scenarioHash(scenario) };
}

function intentsOf(parsed: ScenarioFile): Scenario["intents"] {
  return parsed.intents ?? (parsed.strategy === undefined ? "recording" : "strategy");
}

/** What the schema cannot say: rules between keys that stand far apart. */
function rulesOf(
  file: ScenarioFile,
  variants: readonly ResolvedVariant[],
): { errors: RuleBreach[]; warnings: RuleBreach[] } {
  const errors = [
    ...intentErrors(file),
    ...strategyErrors(file),
    ...windowErrors(file),
    ...variantErrors(file, variants),
    ...compareErrors(file, variants),
  ];
  const warnings: RuleBreach[] = [];
  if (file.universe.count !== undefined && file.universe.count < file.universe.symbols.length) {
    errors.push({
      path: ["universe", "count"],
      text: `Cannot make a universe of ${file.universe.count}: symbols lists ${file.universe.symbols.length}, at least as many are needed`,
    });
  }
  for (const [index, variant] of variants.entries()) {
    const found = contradictionsOf(variant.policy);
    errors.push(...found.errors.map((breach) => below(file, index, breach)));
    warnings.push(...found.warnings.map((breach) => below(file, index, breach)));
  }
  return { errors, warnings };
}

function compareErrors({ compare }: ScenarioFile, variants: readonly ResolvedVariant[]): RuleBreach[] {
  if (compare === undefined) return [];
  const names = variants.map(({ name }) => name);
  const { baseline, metrics = [] } = compare;
  const errors: RuleBreach[] = [];
  if (names.length < 2) {
    errors.push({ path: ["compare"], text: "Cannot compare variants: the scenario has one, two are needed" });
  }
  if (baseline !== undefined && !names.includes(baseline)) {
    const hint = suggestion(nearMisses(baseline, names));
    const text = `Cannot compare with baseline "${baseline}": it is no variant here, one of ${names.join(", ")} is needed`;
    errors.push({ path: ["compare", "baseline"], text, ...(hint === undefined ? {} : { hint }) });
  }
  for (const [index, metric] of metrics.entries()) {
    if (metrics.indexOf(metric) === index) continue;
    const text = `Cannot compare by "${metric}" twice: it is declared before, each metric once is needed`;
    errors.push({ path: ["compare", "metrics", index], text });
  }
  return errors;
}

/** A breach of the merged pipeline belongs to the variant where that wrote the key, else to the base. */
function below(file: ScenarioFile, index: number, breach: RuleBreach): RuleBreach {
  const isOfVariant = file.variants !== undefined;
  const inVariant = ["variants", index, "pipeline", ...breach.path];
  return { ...breach, path: ["pipeline", ...breach.path], ...(isOfVariant ? { preferredPath: inVariant } : {}) };
}

function intentErrors(file: ScenarioFile): RuleBreach[] {
  if (file.intents === "strategy" && file.strategy === undefined) {
    return [
      {
        path: ["intents"],
        text: "Cannot take intents from a strategy: the scenario has none, a key strategy is needed",
      },
    ];
  }
  if (file.strategy !== undefined && file.intents !== undefined && file.intents !== "strategy") {
    return [
      {
        path: ["intents"],
        text: `Cannot take intents from "${file.intents}": the strategy would have no effect, "strategy" or no key strategy is needed`,
      },
    ];
  }
  return [];
}

function strategyErrors({ strategy }: ScenarioFile): RuleBreach[] {
  if (strategy?.name !== "ewma-cross" || strategy.params.fast < strategy.params.slow) return [];
  const { fast, slow } = strategy.params;
  const text = `Cannot cross a fast mean of ${fast} with a slow one of ${slow}: fast is not below slow, a smaller fast is needed`;
  return [{ path: ["strategy", "params", "fast"], text }];
}

function windowErrors({ window: { from, to } }: ScenarioFile): RuleBreach[] {
  if (from === undefined || to === undefined) return [];
  const isEmpty =
    from.kind === "absolute"
      ? to.kind === "absolute" && to.tsMs <= from.tsMs
      : to.kind === "offset" && to.offsetMs <= from.offsetMs;
  if (!isEmpty) return [];
  return [{ path: ["window", "to"], text: "Cannot run the window: it ends before it begins, to after from is needed" }];
}

function variantErrors(file: ScenarioFile, variants: readonly ResolvedVariant[]): RuleBreach[] {
  const names = variants.map(({ name }) => name);
  const repeated = names.flatMap((name, index): RuleBreach[] =>
    names.indexOf(name) === index
      ? []
      : [
          {
            path: ["variants", index, "name"],
            text: `Cannot name this variant "${name}": an earlier one has that name, a name of its own is needed`,
          },
        ],
  );
  const distinct = [...new Set(names)];
  const unknown = file.expect.findings.flatMap(({ variant }, index): RuleBreach[] => {
    if (variant === undefined || distinct.includes(variant)) return [];
    const hint = suggestion(nearMisses(variant, distinct));
    return [
      {
        path: ["expect", "findings", index, "variant"],
        text: `Cannot expect anything of variant "${variant}": it does not exist, one of ${distinct.join(", ")} is needed`,
        ...(hint === undefined ? {} : { hint }),
      },
    ];
  });
  return [...repeated, ...unknown, ...feedErrors(file, variants)];
}

/** All variants look at one market, so they cannot see it at different times. */
function feedErrors(file: ScenarioFile, variants: readonly ResolvedVariant[]): RuleBreach[] {
  if (file.variants === undefined) return [];
  const feed = variants[0]!.exchange.latency.feed;
  const gaps = ({ exchange }: ResolvedVariant) =>
    canonicalJson((exchange.faults ?? []).filter(({ kind }) => kind === "feed-disconnect"));
  return variants.flatMap((variant, index): RuleBreach[] => {
    const { name, exchange } = variant;
    if (gaps(variant) !== gaps(variants[0]!)) {
      const gap = `Cannot cut the feed of variant "${name}": the first variant's is cut at other times, one feed for all is needed`;
      const hint = "set the fault feed-disconnect in every variant or in the base's exchange";
      return [{ path: ["variants", index, "exchange", "faults"], text: gap, hint }];
    }
    const own = exchange.latency.feed;
    if (canonicalJson(own) === canonicalJson(feed)) return [];
    const text = `Cannot delay the feed of variant "${name}" by ${own.medianMs} ms: the first variant's is ${feed.medianMs} ms, one feed for all is needed`;
    return [{ path: ["variants", index, "exchange", "latency", "feed"], text, hint: "set it in the base's exchange" }];
  });
}

function thresholdProblems(thresholds: Thresholds, at: DocumentPath, source: ScenarioSource): Problem[] {
  const placed = (path: readonly string[]): DocumentPath => [...at, ...path.slice(1)];
  const problems = checkThresholds(thresholds, (path) => {
    const isKey = path.length === 2;
    const place = placed(path);
    const found = isKey ? source.document.positionOfKey(place) : source.document.positionOf(place);
    return { file: source.file, ...(found ?? { line: 1, column: 1 }) };
  });
  return problems.map((each) => ({ ...each, path: (each.path ?? "").replace(/^thresholds/, pathText(at)) }));
}

function readText(file: string): string {
  const bytes = readBytes(file);
  const refuse = (is: string, needed: string) =>
    new UserError([{ file, text: `Cannot read the scenario: ${is}, ${needed} is needed` }]);
  if (bytes.includes(0)) throw refuse("it is a binary file", "a YAML text file");
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw refuse("it is not UTF-8 text", "a YAML text file in UTF-8");
  }
}

function readBytes(file: string): Uint8Array {
  const refuse = (is: string, needed: string, cause?: unknown) =>
    new UserError([{ file, text: `Cannot read the scenario: ${is}, ${needed} is needed` }], undefined, { cause });
  let handle: number;
  try {
    handle = openSync(file, "r");
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === "ENOENT") throw refuse("there is no such file", "the path of a YAML file", cause);
    throw refuse(`opening it failed with ${code ?? "an error"}`, "a readable file", cause);
  }
  try {
    const status = fstatSync(handle);
    if (status.isDirectory()) throw refuse("it is a folder", "a file");
    if (!status.isFile() && !status.isFIFO()) throw refuse("it is a device", "a file");
    if (status.size > SCENARIO_BYTES_MAX) {
      throw refuse(`it has ${status.size} bytes`, `a file of at most ${SCENARIO_BYTES_MAX} bytes`);
    }
    return readFileSync(handle);
  } finally {
    closeSync(handle);
  }
}
