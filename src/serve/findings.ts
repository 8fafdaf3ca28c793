/** What a client did that the server does not know, or that a person should hear of. */
export interface ServeFinding {
  /** Virtual time of the first one. */
  readonly tsMs: number;
  readonly code: string;
  readonly text: string;
  /** How often it has happened. */
  count: number;
}

/** Different findings that are kept; a client that asks for ever new paths must not fill the memory. */
const FINDINGS_MAX = 1_000;
const REST = "further findings of this kind, not listed";

/** Findings of a session: equal ones are one with a count, and the list is bounded. */
export class Findings {
  readonly list: ServeFinding[] = [];
  readonly #byText = new Map<string, ServeFinding>();

  add(tsMs: number, code: string, text: string): void {
    const isFull = this.list.length >= FINDINGS_MAX && !this.#byText.has(`${code} ${text}`);
    const kept = isFull ? REST : text;
    const known = this.#byText.get(`${code} ${kept}`);
    if (known !== undefined) {
      known.count += 1;
      return;
    }
    const finding = { tsMs, code, text: kept, count: 1 };
    this.list.push(finding);
    this.#byText.set(`${code} ${kept}`, finding);
  }
}
