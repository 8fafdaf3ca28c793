import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
  type YAMLError,
} from "yaml";
import type { Problem } from "../../diagnostics/user-error.ts";

export type DocumentPath = readonly PropertyKey[];

export interface Position {
  /** Both 1-based. */
  readonly line: number;
  readonly column: number;
}

const NOWHERE = { positionOf: () => null, positionWithin: () => null, positionOfKey: () => null };

/** A parsed YAML file that still knows where everything stands. */
export interface YamlDocument {
  readonly value: unknown;
  /** Syntax errors and duplicate keys; with any of them `value` is `undefined`. */
  readonly problems: readonly Problem[];
  /** Where the value at `path` starts, or `null` when the file has nothing there. */
  positionOf(path: DocumentPath): Position | null;
  /** Where the character `offset` of the text at `path` stands; `null` when the file has no text there. */
  positionWithin(path: DocumentPath, offset: number): Position | null;
  /** Where the key at the end of `path` starts. */
  positionOfKey(path: DocumentPath): Position | null;
}

/**
 * Parses one YAML 1.2 document (core schema: dates, `no` and `12:30` stay text).
 *
 * Nothing is thrown: every syntax error, duplicate key, unresolved or exploding alias is a problem with its position.
 */
export function parseYaml(text: string, file: string): YamlDocument {
  const lines = new LineCounter();
  const document = composed(text, lines);
  if (document === null) {
    const text = "Cannot read the scenario: it is nested too deeply, a scenario needs fewer than ten levels";
    return { value: undefined, problems: [{ file, text }], ...NOWHERE };
  }
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const problems: Problem[] = [
    ...[...document.errors, ...document.warnings].map((error) => syntaxProblem(error, text)),
    ...aliasProblems(document),
  ].map(({ offset, is, needed }) => ({
    file,
    ...at(offset),
    text: `Cannot read the scenario: ${is}, ${needed} is needed`,
  }));
  let value: unknown;
  if (problems.length === 0) {
    try {
      value = document.toJS({ maxAliasCount: 100 });
      // A list that holds itself has no end; JSON is the one thing that says so cheaply.
      JSON.stringify(value);
    } catch (error) {
      const is =
        error instanceof ReferenceError
          ? "its aliases multiply without bound"
          : "an alias stands inside its own anchor";
      problems.push({ file, text: `Cannot read the scenario: ${is}, plain values are needed` });
    }
  }
  const root = isNode(document.contents) ? document.contents : null;
  const follow = (node: Node | null): Node | null => (isAlias(node) ? (node.resolve(document) ?? null) : node);
  const find = (path: DocumentPath): { key: Node | null; value: Node | null } | null => {
    let key: Node | null = null;
    let node: Node | null = root;
    for (const step of path) {
      const parent = follow(node);
      if (isMap(parent)) {
        const pair = parent.items.find((item) => keyText(item.key) === String(step));
        if (pair === undefined) return null;
        key = isNode(pair.key) ? pair.key : null;
        node = isNode(pair.value) ? pair.value : null;
      } else if (isSeq(parent)) {
        const item = parent.items[Number(step)];
        if (item === undefined) return null;
        key = null;
        node = isNode(item) ? item : null;
      } else {
        return null;
      }
    }
    return { key, value: node };
  };
  const startOf = (node: Node | null | undefined): Position | null =>
    node?.range === undefined || node.range === null ? null : at(node.range[0]);
  return {
    value,
    problems,
    positionOf(path) {
      const found = find(path);
      return found === null ? null : (startOf(found.value) ?? startOf(found.key));
    },
    positionWithin(path, offset) {
      const node = follow(find(path)?.value ?? null);
      if (!isScalar(node) || typeof node.value !== "string" || node.range == null) return null;
      return at(sourceOffset(text, node.range, node.value, offset));
    },
    positionOfKey(path) {
      const found = find(path);
      return found === null ? null : (startOf(found.key) ?? startOf(found.value));
    },
  };
}

/**
 * Place in the file of a character of a text: the n-th that is no space there is the n-th that is none in the text,
 * however the file breaks its lines. Behind the header of a block and a quote; escapes are taken as they stand.
 */
function sourceOffset(
  file: string,
  [start, end]: readonly [number, number, number],
  value: string,
  offset: number,
): number {
  const isBlock = /^[|>]/.test(file.slice(start, start + 1));
  const from = isBlock ? file.indexOf("\n", start) + 1 : /^["']/.test(file.slice(start, start + 1)) ? start + 1 : start;
  let missing = value.slice(0, offset).replace(/\s/g, "").length;
  for (let place = from; place < end; place++) {
    if (/\s/.test(file[place]!)) continue;
    if (missing === 0) return place;
    missing -= 1;
  }
  return Math.min(end, from + offset);
}

/** `null` when the nesting exhausts the parser's stack. */
function composed(text: string, lineCounter: LineCounter): Document.Parsed | null {
  try {
    return parseDocument(text, { lineCounter, prettyErrors: false, uniqueKeys: true });
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function keyText(key: unknown): string | null {
  if (isScalar(key)) return String(key.value);
  return key === null ? "" : typeof key === "string" ? key : null;
}

function quotedKey(text: string, position: readonly [number, number]): string {
  const key = /^[^:\n]{1,60}/.exec(text.slice(position[0]))?.[0].trim() ?? "";
  return JSON.stringify(key.replace(/^(["'])(.*)\1$/, "$2"));
}

interface SyntaxProblem {
  readonly offset: number;
  readonly is: string;
  readonly needed: string;
}

function syntaxProblem(error: YAMLError, text: string): SyntaxProblem {
  const offset = error.pos[0];
  switch (error.code) {
    case "DUPLICATE_KEY":
      return { offset, is: `the key ${quotedKey(text, error.pos)} stands here a second time`, needed: "one of them" };
    case "MULTIPLE_DOCS":
      return { offset, is: "a second document begins here", needed: "one document a file" };
    default:
      return { offset, is: firstSentence(error.message), needed: "valid YAML" };
  }
}

function aliasProblems(document: Document.Parsed): SyntaxProblem[] {
  const problems: SyntaxProblem[] = [];
  visit(document, {
    Alias(_, node) {
      if (node.resolve(document) !== undefined) return;
      problems.push({
        offset: node.range?.[0] ?? 0,
        is: `the alias ${JSON.stringify(`*${node.source}`)} has no anchor before it`,
        needed: "an anchor of that name",
      });
    },
  });
  return problems;
}

/** Messages of the parser, on one line and without their full stop. */
function firstSentence(message: string): string {
  const line = message.split("\n")[0]!.trim();
  return line.replace(/\.$/, "");
}
