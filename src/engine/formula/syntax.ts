import jsep from "jsep";
import { refuse } from "./problem.ts";

/** One node of a formula; operators are calls too. `at` is the offset of its first character. */
export type FormulaNode =
  | { readonly kind: "number"; readonly value: number; readonly at: number }
  | { readonly kind: "truth"; readonly value: boolean; readonly at: number }
  | { readonly kind: "name"; readonly name: string; readonly at: number }
  | { readonly kind: "call"; readonly name: string; readonly args: readonly FormulaNode[]; readonly at: number };

/** A formula is a line or two; what is longer is no formula, and nesting is bounded by it. */
export const FORMULA_LENGTH_MAX = 1000;
const DEPTH_MAX = 64;

/** What `jsep` does not declare: the class behind it, whose steps tell where a token begins. */
interface Parser {
  index: number;
  parse(): jsep.Expression;
  gobbleSpaces(): void;
  gobbleToken(): jsep.Expression | false;
  gobbleIdentifier(): jsep.Expression;
}

// The words may be operators for every user of the parser in this process: they are no names anywhere.
jsep.addBinaryOp("or", 1);
jsep.addBinaryOp("and", 2);
jsep.addUnaryOp("not");

const ParserClass = (jsep as unknown as { readonly Jsep: new (text: string) => Parser }).Jsep;

/** The parser with its places written down: its own tree has none. */
class PlacedParser extends ParserClass {
  readonly #starts = new Map<jsep.Expression, number>();

  override gobbleToken(): jsep.Expression | false {
    this.gobbleSpaces();
    const start = this.index;
    const node = super.gobbleToken();
    if (node && !this.#starts.has(node)) this.#starts.set(node, start);
    return node;
  }

  override gobbleIdentifier(): jsep.Expression {
    const start = this.index;
    const node = super.gobbleIdentifier();
    this.#starts.set(node, start);
    return node;
  }

  startOf(node: jsep.Expression): number {
    const known = this.#starts.get(node);
    if (known !== undefined) return known;
    const { left } = node as { left?: jsep.Expression };
    return left === undefined ? 0 : this.startOf(left);
  }
}

/** Letters, digits and signs that mean something in a formula; quotes, brackets, braces and `?` do not. */
const KNOWN_CHARACTER = /[A-Za-z0-9_.\s+\-*/<>=!&|(),]/;
const BINARY: ReadonlyMap<string, string> = new Map([
  ...["+", "-", "*", "/", "<", "<=", ">", ">=", "==", "!=", "and", "or"].map((sign): [string, string] => [sign, sign]),
  ["&&", "and"],
  ["||", "or"],
]);
const UNARY: ReadonlyMap<string, string> = new Map([
  ["-", "neg"],
  ["not", "not"],
  ["!", "not"],
]);

/**
 * Text to tree: numbers, `true`, `false`, names, calls and operators; nothing else of what a language could say. No
 * text is ever run.
 *
 * @throws {FormulaError} with the offset of the first mistake
 */
export function parseFormula(text: string): FormulaNode {
  if (text.trim() === "") throw refuse(0, "it is empty", "an expression");
  if (text.length > FORMULA_LENGTH_MAX) {
    const is = `it has ${text.length} characters`;
    throw refuse(FORMULA_LENGTH_MAX, is, `a formula of at most ${FORMULA_LENGTH_MAX}`);
  }
  for (const [offset, character] of [...text].entries()) {
    if (KNOWN_CHARACTER.test(character)) continue;
    throw refuse(offset, `${JSON.stringify(character)} means nothing in a formula`, "a number, name, operator or call");
  }
  const parser = new PlacedParser(text);
  const tree = parsed(parser);
  const node = nodeOf(tree, parser, 0);
  const commas = text.split(",").length - 1;
  // The parser skips commas where a list could go on; a formula has no lists but those of arguments.
  if (commas !== argumentCommas(node)) {
    throw refuse(text.indexOf(","), "a comma stands outside of a call's arguments", "one expression");
  }
  return node;
}

function parsed(parser: PlacedParser): jsep.Expression {
  try {
    return parser.parse();
  } catch (error) {
    const { index, description } = error as { index?: number; description?: string };
    if (index === undefined || description === undefined) throw error;
    throw refuse(index, lowered(description), "a complete expression");
  }
}

function lowered(text: string): string {
  return `${text.slice(0, 1).toLowerCase()}${text.slice(1)}`;
}

function nodeOf(tree: jsep.Expression, parser: PlacedParser, depth: number): FormulaNode {
  const at = parser.startOf(tree);
  if (depth > DEPTH_MAX) throw refuse(at, `it is nested deeper than ${DEPTH_MAX}`, "a flatter expression");
  const below = (each: jsep.Expression): FormulaNode => nodeOf(each, parser, depth + 1);
  const expression = tree as jsep.CoreExpression;
  switch (expression.type) {
    case "Literal": {
      const { value, raw } = expression;
      if (typeof value === "boolean") return { kind: "truth", value, at };
      if (typeof value !== "number") throw refuse(at, `${raw} is no number`, "a number, true or false");
      if (!Number.isFinite(value)) throw refuse(at, `${raw} is too large`, "a finite number");
      return { kind: "number", value, at };
    }
    case "Identifier":
      return { kind: "name", name: expression.name, at };
    case "UnaryExpression": {
      const name = UNARY.get(expression.operator);
      if (name === undefined) throw refuse(at, `${expression.operator} is no operator of formulas`, "- or not");
      return { kind: "call", name, args: [below(expression.argument)], at };
    }
    case "BinaryExpression": {
      const name = BINARY.get(expression.operator);
      if (name === undefined) {
        const needed = "one of + - * / < <= > >= == != and or";
        throw refuse(at, `${expression.operator} is no operator of formulas`, needed);
      }
      return { kind: "call", name, args: [below(expression.left), below(expression.right)], at };
    }
    case "CallExpression": {
      const { callee } = expression;
      if (callee.type !== "Identifier") throw refuse(at, "something without a name is called", "a function's name");
      return { kind: "call", name: (callee as jsep.Identifier).name, args: expression.arguments.map(below), at };
    }
    case "MemberExpression":
      throw refuse(at, "a point asks for a part of something", "a name without parts");
    case "Compound":
      throw refuse(
        expression.body[1] === undefined ? 0 : parser.startOf(expression.body[1]),
        "a second expression begins here",
        "an operator before it, or one expression",
      );
    default:
      throw refuse(at, "it is no expression of formulas", "numbers, names, operators and calls");
  }
}

const OPERATOR_NAME = /^(?:[^a-z]+|and|or|neg)$/;

function argumentCommas(node: FormulaNode): number {
  if (node.kind !== "call") return 0;
  const own = OPERATOR_NAME.test(node.name) ? 0 : Math.max(0, node.args.length - 1);
  return node.args.reduce((sum, each) => sum + argumentCommas(each), own);
}

/** The formula as one would write it: what terms of a verdict are called. */
export function formulaText(node: FormulaNode, isInner = false): string {
  switch (node.kind) {
    case "number":
      return String(node.value);
    case "truth":
      return String(node.value);
    case "name":
      return node.name;
    case "call": {
      const texts = node.args.map((each) => formulaText(each, OPERATOR_NAME.test(node.name) || node.name === "not"));
      if (node.name === "neg") return `-${texts[0]}`;
      if (node.name === "not") return `not ${texts[0]}`;
      if (!OPERATOR_NAME.test(node.name)) return `${node.name}(${texts.join(", ")})`;
      const text = `${texts[0]} ${node.name} ${texts[1]}`;
      return isInner ? `(${text})` : text;
    }
  }
}

/** The formula with names that stand for numbers replaced by them. */
export function withConstants(node: FormulaNode, constants: Readonly<Record<string, number>>): FormulaNode {
  if (node.kind === "name" && Object.hasOwn(constants, node.name)) {
    return { kind: "number", value: constants[node.name]!, at: node.at };
  }
  if (node.kind !== "call") return node;
  return { ...node, args: node.args.map((each) => withConstants(each, constants)) };
}

/** Every name the formula reads, each once, in the order of the text. */
export function namesIn(node: FormulaNode): string[] {
  const names = new Set<string>();
  const walk = (each: FormulaNode): void => {
    if (each.kind === "name") names.add(each.name);
    if (each.kind === "call") for (const below of each.args) walk(below);
  };
  walk(node);
  return [...names];
}
