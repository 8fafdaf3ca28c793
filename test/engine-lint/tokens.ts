/** One token of TypeScript source; comments and white space are not tokens. */
export interface Token {
  readonly type: "name" | "string" | "number" | "template" | "regex" | "mark";
  /** Source text; of a string the text between its quotes. */
  readonly text: string;
  /** Line of its first character, from 1. */
  readonly line: number;
}

/** A comment, which may hold an exception from a rule. */
export interface Comment {
  readonly text: string;
  readonly line: number;
}

export interface Tokens {
  readonly tokens: readonly Token[];
  readonly comments: readonly Comment[];
}

const NAME_START = /[A-Za-z_$#]/;
const NAME = /[A-Za-z0-9_$#]/;
const MARKS = [">>>=", "...", "**=", ">>>", "<<=", "&&=", "||=", "??=", "===", "!==", "=>", "**", "?.", "??"];
const MARKS_OF_TWO = ["&&", "||", "==", "!=", "<=", ">=", "++", "--", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^="];
/** After these words a slash begins a regular expression, after any other name it divides. */
const BEFORE_OPERAND = new Set(["return", "typeof", "case", "in", "of", "delete", "void", "throw", "new", "await"]);

/**
 * Splits TypeScript into tokens, far enough for rules about names and calls: strings, comments, regular expressions and
 * template text are told apart from code, and code inside `${}` is code. `>>` stays two marks, as types need it.
 */
export function tokensOf(source: string): Tokens {
  const scanner = new Scanner(source);
  scanner.code(null);
  return { tokens: scanner.tokens, comments: scanner.comments };
}

function isOperandEnd(token: Token | undefined): boolean {
  if (token === undefined) return false;
  if (token.type === "mark") return token.text === ")" || token.text === "]" || token.text === "}";
  return token.type !== "name" || !BEFORE_OPERAND.has(token.text);
}

class Scanner {
  readonly tokens: Token[] = [];
  readonly comments: Comment[] = [];
  readonly #source: string;
  #at = 0;
  #line = 1;

  constructor(source: string) {
    this.#source = source;
  }

  /** Scans until the end, or to the brace that closes a `${`. */
  code(closing: "}" | null): void {
    let depth = 0;
    while (this.#at < this.#source.length) {
      const character = this.#source[this.#at]!;
      if (closing !== null && character === closing && depth === 0) {
        this.#take(1);
        return;
      }
      if (character === "{") depth++;
      if (character === "}") depth--;
      this.#next(character);
    }
  }

  #next(character: string): void {
    if (/\s/.test(character)) this.#take(1);
    else if (this.#source.startsWith("//", this.#at)) this.#comment("\n");
    else if (this.#source.startsWith("/*", this.#at)) this.#comment("*/");
    else if (character === '"' || character === "'") this.#string(character);
    else if (character === "`") this.#template();
    else if (NAME_START.test(character)) this.#while("name", NAME);
    else if (/[0-9]/.test(character)) this.#while("number", /[0-9A-Za-z_.]/);
    else if (character === "/" && this.#isOperandNext()) this.#regex();
    else this.#mark();
  }

  #comment(end: string): void {
    const found = this.#source.indexOf(end, this.#at + 2);
    const stop = found < 0 ? this.#source.length : found + (end === "\n" ? 0 : end.length);
    const { line } = this;
    this.comments.push({ text: this.#take(stop - this.#at), line });
  }

  #string(quote: string): void {
    const { line } = this;
    this.#take(1);
    let text = "";
    while (this.#at < this.#source.length && this.#source[this.#at] !== quote) {
      text += this.#take(this.#source[this.#at] === "\\" ? 2 : 1);
    }
    this.#take(1);
    this.tokens.push({ type: "string", text, line });
  }

  #template(): void {
    const { line } = this;
    this.#take(1);
    let text = "";
    while (this.#at < this.#source.length && this.#source[this.#at] !== "`") {
      if (this.#source.startsWith("${", this.#at)) {
        this.#take(2);
        this.code("}");
      } else {
        text += this.#take(this.#source[this.#at] === "\\" ? 2 : 1);
      }
    }
    this.#take(1);
    this.tokens.push({ type: "template", text, line });
  }

  #regex(): void {
    const { line } = this;
    let text = this.#take(1);
    let isInClass = false;
    while (this.#at < this.#source.length) {
      const character = this.#source[this.#at]!;
      if (character === "[") isInClass = true;
      if (character === "]") isInClass = false;
      text += this.#take(character === "\\" ? 2 : 1);
      if (character === "/" && !isInClass) break;
    }
    while (/[a-z]/.test(this.#source[this.#at] ?? "")) text += this.#take(1);
    this.tokens.push({ type: "regex", text, line });
  }

  #isOperandNext(): boolean {
    const last = this.tokens.at(-1);
    if (last === undefined) return true;
    if (last.type === "name") return BEFORE_OPERAND.has(last.text);
    if (last.type !== "mark") return false;
    // `value! / 2`: after an operand the mark says "not null", before one it says "not".
    if (last.text === "!") return !isOperandEnd(this.tokens.at(-2));
    return !isOperandEnd(last);
  }

  #while(type: Token["type"], pattern: RegExp): void {
    const { line } = this;
    let text = "";
    while (this.#at < this.#source.length && pattern.test(this.#source[this.#at]!)) text += this.#take(1);
    this.tokens.push({ type, text, line });
  }

  #mark(): void {
    const { line } = this;
    const known = [...MARKS, ...MARKS_OF_TWO].find((mark) => this.#source.startsWith(mark, this.#at));
    this.tokens.push({ type: "mark", text: this.#take(known?.length ?? 1), line });
  }

  get line(): number {
    return this.#line;
  }

  #take(length: number): string {
    const text = this.#source.slice(this.#at, this.#at + length);
    for (const character of text) if (character === "\n") this.#line++;
    this.#at += length;
    return text;
  }
}
