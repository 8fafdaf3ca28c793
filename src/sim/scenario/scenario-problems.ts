import type { z } from "zod";
import { nearMisses } from "../../diagnostics/near-miss.ts";
import type { Problem } from "../../diagnostics/user-error.ts";
import { child, type JsonSchema, knownKeys, schemaAt } from "./json-schema.ts";
import type { DocumentPath, YamlDocument } from "./yaml-document.ts";

type Issue = z.core.$ZodIssue;

/** What the translation of an issue looks at. */
export interface ScenarioSource {
  readonly file: string;
  readonly document: YamlDocument;
  /** Called for problems only: making it takes some milliseconds. */
  readonly schema: () => JsonSchema;
}

/** A rule of ours that the file breaks; `path` may end above the place when the file does not spell it out. */
export interface RuleBreach {
  readonly path: DocumentPath;
  /** Taken instead of `path` when the file spells it out. */
  readonly preferredPath?: DocumentPath;
  /** Character of the text at the path the breach stands at, from 0; the whole text when absent. */
  readonly offset?: number;
  readonly text: string;
  readonly hint?: string;
}

/** Every zod issue as problems with the position of the offending key or value, in file order. */
export function schemaProblems(issues: readonly Issue[], source: ScenarioSource): Problem[] {
  return issues.flatMap((issue) => problemsOf(issue, [], source));
}

export function breachProblem(breach: RuleBreach, source: ScenarioSource): Problem {
  const { preferredPath, text, hint, offset } = breach;
  const isSpelt = preferredPath !== undefined && source.document.positionOf(preferredPath) !== null;
  const path = isSpelt ? preferredPath : breach.path;
  const within = offset === undefined ? null : source.document.positionWithin(path, offset);
  return { ...problem(source, path, text, hint), ...within };
}

/** By place in the file; equal problems (a base breaks a rule in every variant) are told once. */
export function inFileOrder(problems: readonly Problem[]): Problem[] {
  const distinct = new Map(problems.map((each) => [`${each.line}:${each.column} ${each.text}`, each]));
  return [...distinct.values()]
    .map((each, order) => ({ each, order }))
    .sort(
      (left, right) =>
        (left.each.line ?? 0) - (right.each.line ?? 0) ||
        (left.each.column ?? 0) - (right.each.column ?? 0) ||
        left.order - right.order,
    )
    .map(({ each }) => each);
}

function problemsOf(issue: Issue, above: DocumentPath, source: ScenarioSource): Problem[] {
  const path = [...above, ...issue.path];
  const value = valueAt(source, path);
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => unknownKey(key, path, source));
    case "invalid_union":
      if (issue.errors.length > 0) return problemsOfUnion(issue.errors, path, source);
      return [notOneOf(namesOf(source, path), path, source)];
    case "invalid_value":
      return [notOneOf(issue.values, path, source)];
    case "invalid_type":
      return [wrongType(issue.expected, path, source)];
    case "too_small":
    case "too_big":
      return [problem(source, path, `Cannot use ${shown(value)}: ${boundText(issue)}`)];
    case "invalid_key": {
      const [first] = issue.issues;
      return [keyProblem(source, path, `Cannot use this key: ${first?.message ?? issue.message}`)];
    }
    case "invalid_element":
      return issue.issues.flatMap((each) => problemsOf(each, path, source));
    default: {
      const why = issue.message.replace(/\.$/, "");
      return [
        value === undefined ? missing(path, source) : problem(source, path, `Cannot use ${shown(value)}: ${why}`),
      ];
    }
  }
}

function unknownKey(key: string, path: DocumentPath, source: ScenarioSource): Problem {
  const known = knownKeys(schemaAt(source.schema(), source.document.value, path));
  const place = path.length === 0 ? "a scenario" : pathText(path);
  const owner = ownerOf(path, source);
  const list = known.length === 0 ? "no keys are known here" : `known keys are ${known.join(", ")}`;
  return keyProblem(
    source,
    [...path, key],
    `Cannot use the key ${shown(key)}: ${owner ?? place} has no such key, ${list}`,
    suggestion(nearMisses(key, known)),
  );
}

/** `governor "z-score"` for the params of a plug-in, so that the message names whose parameters these are. */
function ownerOf(path: DocumentPath, source: ScenarioSource): string | null {
  if (path.at(-1) !== "params") return null;
  const name = valueAt(source, [...path.slice(0, -1), "name"]);
  return typeof name === "string" ? `${String(path.at(-2))} ${shown(name)}` : null;
}

function problemsOfUnion(
  branches: readonly (readonly Issue[])[],
  path: DocumentPath,
  source: ScenarioSource,
): Problem[] {
  const isWrongKind = (issue: Issue) => issue.code === "invalid_type" && issue.path.length === 0;
  const fitting = branches.filter((issues) => !issues.some(isWrongKind));
  if (fitting.length === 1) return fitting[0]!.flatMap((issue) => problemsOf(issue, path, source));
  const value = valueAt(source, path);
  if (value === undefined) return [missing(path, source)];
  const expected = branches.flatMap((issues) =>
    issues.flatMap((issue) => (issue.code === "invalid_type" ? [KIND_WORDS[issue.expected] ?? issue.expected] : [])),
  );
  const needed = [...new Set(expected)].join(" or ");
  const text = `Cannot use ${shown(value)}: it is ${kindOf(value)}, ${needed} is needed${meaning(path, source)}`;
  return [problem(source, path, text, typeHint("string", value, path, source))];
}

function notOneOf(values: readonly unknown[], path: DocumentPath, source: ScenarioSource): Problem {
  const value = valueAt(source, path);
  const words = values.slice(0, WORDS_MAX).map((each) => shown(each));
  const rest = values.length > WORDS_MAX ? ` and ${values.length - WORDS_MAX} more` : "";
  const needed = words.length === 1 ? words[0]! : `one of ${words.join(", ")}${rest}`;
  if (value === undefined) return missing(path, source, needed);
  const known = values.filter((each): each is string => typeof each === "string");
  const hint = typeof value === "string" ? suggestion(nearMisses(value, known)) : undefined;
  return problem(source, path, `Cannot use ${shown(value)}: it is not a known value, ${needed} is needed`, hint);
}

function wrongType(expected: string, path: DocumentPath, source: ScenarioSource): Problem {
  const value = valueAt(source, path);
  const needed = KIND_WORDS[expected] ?? expected;
  if (value === undefined || (value === null && path.length === 0)) return missing(path, source, needed);
  const text = `Cannot use ${shown(value)}: it is ${kindOf(value)}, ${needed} is needed${meaning(path, source)}`;
  return problem(source, path, text, typeHint(expected, value, path, source));
}

function typeHint(expected: string, value: unknown, path: DocumentPath, source: ScenarioSource): string | undefined {
  if (expected === "string" && typeof value === "number") {
    return isDuration(schemaAt(source.schema(), source.document.value, path))
      ? `add the unit, such as ${value}s`
      : `put it in quotes: "${value}"`;
  }
  if (expected === "number" && typeof value === "string" && value.trim() !== "" && Number.isFinite(Number(value))) {
    return `write it without quotes: ${value}`;
  }
  return undefined;
}

/** Only durations have a pattern that ends in their units. */
function isDuration(schema: JsonSchema | null): boolean {
  if (schema === null) return false;
  return (
    schema.pattern?.endsWith("(ms|s|m|h|d)$") === true || (schema.anyOf ?? []).some((branch) => isDuration(branch))
  );
}

function missing(path: DocumentPath, source: ScenarioSource, needed?: string): Problem {
  const key = String(path.at(-1) ?? "");
  const owner = path.slice(0, -1);
  const what = needed === undefined ? "it" : needed;
  const place = owner.length === 0 ? "the scenario" : pathText(owner);
  if (path.length === 0)
    return problem(
      source,
      path,
      "Cannot read the scenario: the file is empty, keys such as name and recording are needed",
    );
  return {
    ...problem(
      source,
      owner,
      `Cannot read ${place}: the key ${shown(key)} is missing, ${what} is needed${meaning(path, source)}`,
    ),
    path: pathText(path),
  };
}

/** The description in brackets, when the schema has one for this place. */
function meaning(path: DocumentPath, source: ScenarioSource): string {
  const description = schemaAt(source.schema(), source.document.value, path)?.description;
  return description === undefined || description === "" ? "" : ` (${description})`;
}

function namesOf(source: ScenarioSource, path: DocumentPath): unknown[] {
  const schema = schemaAt(source.schema(), source.document.value, path.slice(0, -1));
  const key = String(path.at(-1));
  return (schema?.oneOf ?? schema?.anyOf ?? []).flatMap((branch) => branch.properties?.[key]?.const ?? []);
}

function boundText(issue: Extract<Issue, { code: "too_small" | "too_big" }>): string {
  const isLow = issue.code === "too_small";
  const bound = String(isLow ? issue.minimum : issue.maximum);
  const isList = issue.origin === "array" || issue.origin === "string";
  const plural = bound === "1" ? "" : "s";
  const unit = issue.origin === "array" ? ` element${plural}` : issue.origin === "string" ? ` character${plural}` : "";
  const side = isList ? (isLow ? "it has fewer" : "it has more") : isLow ? "it is too small" : "it is too large";
  const limit = isLow
    ? issue.inclusive === false
      ? "more than"
      : "at least"
    : issue.inclusive === false
      ? "less than"
      : "at most";
  return `${side}, ${limit} ${bound}${unit} is needed`;
}

function problem(source: ScenarioSource, path: DocumentPath, text: string, hint?: string): Problem {
  return place(source, path, (steps) => source.document.positionOf(steps), text, hint);
}

function keyProblem(source: ScenarioSource, path: DocumentPath, text: string, hint?: string): Problem {
  return place(source, path, (steps) => source.document.positionOfKey(steps), text, hint);
}

/** What the file does not spell out is placed at the nearest thing above it that it does. */
function place(
  source: ScenarioSource,
  path: DocumentPath,
  find: (path: DocumentPath) => { line: number; column: number } | null,
  text: string,
  hint: string | undefined,
): Problem {
  let position = find(path);
  for (let length = path.length - 1; position === null && length > 0; length--) {
    position = source.document.positionOfKey(path.slice(0, length));
  }
  return {
    file: source.file,
    ...(position ?? { line: 1, column: 1 }),
    path: pathText(path),
    text,
    ...(hint === undefined ? {} : { hint }),
  };
}

function valueAt(source: ScenarioSource, path: DocumentPath): unknown {
  return path.reduce<unknown>((value, step) => child(value, step), source.document.value);
}

export function pathText(path: DocumentPath): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else text += text === "" ? String(step) : `.${String(step)}`;
  }
  return text;
}

export function suggestion(words: readonly string[]): string | undefined {
  return words.length === 0 ? undefined : `did you mean ${words.map((word) => `"${word}"`).join(" or ")}?`;
}

/** A longer list of values is cut: its near misses say more. */
const WORDS_MAX = 12;

const KIND_WORDS: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  object: "a map of keys",
  record: "a map of keys",
  array: "a list",
  tuple: "a list",
};

function kindOf(value: unknown): string {
  if (value === null) return "empty";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "number" && !Number.isFinite(value)) return "not a finite number";
  if (typeof value === "string") return "text";
  return KIND_WORDS[typeof value] ?? typeof value;
}

function shown(value: unknown): string {
  const text = typeof value === "number" ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}
