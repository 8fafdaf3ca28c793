/** What to put in the place of a value; `undefined` leaves it as it is. Fields of the outermost object have depth 1. */
export type Visit = (key: string | null, value: JsonValue, depth: number) => string | undefined;

/** One value: a string, a number or literal, or an object or list as a whole. */
export interface JsonValue {
  readonly kind: "text" | "bare" | "container";
  /** Decoded text of a string, the written characters of anything else. */
  readonly text: string;
}

/**
 * JSON with some of its values replaced and every other byte kept: numbers beyond 2^53, spaces and the order of keys
 * stay as they came. The visitor sees every string, number and literal with its key (`null` in lists), and a container
 * as a whole where its key is wanted; it is entered when it is left as it is. Replacements are JSON.
 *
 * @returns the text itself when nothing was replaced; `null` when the text is no JSON.
 */
export function rewriteJson(
  text: string,
  visit: Visit,
  isWanted: (key: string) => boolean = () => false,
): string | null {
  try {
    JSON.parse(text);
  } catch {
    // No JSON: there are no values to find in it, the caller looks at it as a text.
    return null;
  }
  return new Rewriter(text, visit, isWanted).run();
}

const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;
const QUOTE = 0x22;
/** Deeper values are left as they are: no record of anything is nested like that. */
const DEPTH_MAX = 100;

/** Walks a text that is known to be JSON, so its steps need no checks of their own. */
class Rewriter {
  readonly #text: string;
  readonly #visit: Visit;
  readonly #isWanted: (key: string) => boolean;
  #depth = 0;
  #at = 0;
  #copied = 0;
  #out = "";

  constructor(text: string, visit: Visit, isWanted: (key: string) => boolean) {
    this.#text = text;
    this.#visit = visit;
    this.#isWanted = isWanted;
  }

  run(): string {
    this.#value(null);
    return this.#copied === 0 ? this.#text : this.#out + this.#text.slice(this.#copied);
  }

  #value(key: string | null): void {
    this.#space();
    const start = this.#at;
    const first = this.#text.charCodeAt(start);
    const isObject = first === OPEN_BRACE;
    if (isObject || first === OPEN_BRACKET) {
      this.#container(key, isObject);
      return;
    }
    const raw = first === QUOTE ? this.#string() : this.#bare();
    const value: JsonValue =
      first === QUOTE ? { kind: "text", text: JSON.parse(raw) as string } : { kind: "bare", text: raw };
    const replaced = this.#visit(key, value, this.#depth);
    if (replaced !== undefined) this.#replace(start, replaced);
  }

  #container(key: string | null, isObject: boolean): void {
    const start = this.#at;
    this.#skipContainer();
    const end = this.#at;
    // Whole containers are only shown under a name: a copy at every depth would cost the square of the length.
    const isShown = key !== null && this.#isWanted(key);
    const replaced = isShown
      ? this.#visit(key, { kind: "container", text: this.#text.slice(start, end) }, this.#depth)
      : undefined;
    if (replaced !== undefined) this.#replace(start, replaced);
    else if (this.#depth < DEPTH_MAX) {
      this.#at = start;
      this.#depth++;
      this.#contents(isObject);
      this.#depth--;
    }
  }

  #contents(isObject: boolean): void {
    this.#at++;
    this.#space();
    while (!"}]".includes(this.#text[this.#at]!)) {
      let key: string | null = null;
      if (isObject) {
        key = JSON.parse(this.#string()) as string;
        this.#space();
        this.#at++;
      }
      this.#value(key);
      this.#space();
      if (this.#text[this.#at] === ",") this.#at++;
      this.#space();
    }
    this.#at++;
  }

  #skipContainer(): void {
    let depth = 0;
    do {
      const letter = this.#text[this.#at]!;
      if (letter === '"') {
        this.#string();
        continue;
      }
      if (letter === "{" || letter === "[") depth++;
      else if (letter === "}" || letter === "]") depth--;
      this.#at++;
    } while (depth > 0);
  }

  #string(): string {
    const start = this.#at++;
    while (this.#text[this.#at] !== '"') this.#at += this.#text[this.#at] === "\\" ? 2 : 1;
    this.#at++;
    return this.#text.slice(start, this.#at);
  }

  #bare(): string {
    const start = this.#at;
    while (this.#at < this.#text.length && !",]} \t\n\r".includes(this.#text[this.#at]!)) this.#at++;
    return this.#text.slice(start, this.#at);
  }

  #space(): void {
    while (this.#at < this.#text.length && " \t\n\r".includes(this.#text[this.#at]!)) this.#at++;
  }

  #replace(start: number, replaced: string): void {
    this.#out += this.#text.slice(this.#copied, start) + replaced;
    this.#copied = this.#at;
  }
}
