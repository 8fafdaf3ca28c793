import { replaceSecrets, secretByName, secretKinds } from "../inspect/secrets.ts";
import { rewriteJson, type Visit } from "./rewrite-json.ts";

/** One entry of the manifest's `redactions`. */
export interface Redaction {
  /** Kind of secret, or `field NAME` for a field that was asked for. */
  readonly kind: string;
  /** Different values, and the places where they were. */
  readonly values: number;
  readonly count: number;
}

/**
 * Takes secrets out of JSON. A value becomes `[redacted:N]`, where N counts different values in the order they are met:
 * equal values stay equal, and nothing of the value is left to guess from. The numbering is kept by this object only.
 */
export class Redactor {
  readonly #fields: ReadonlySet<string>;
  readonly #numbers = new Map<string, number>();
  readonly #kinds = new Map<string, { readonly values: Set<number>; count: number }>();
  readonly #fieldVisit: Visit;
  readonly #secretVisit: Visit;

  /** @param fields names of fields whose values go whatever they are, at any depth */
  constructor(fields: readonly string[]) {
    this.#fields = new Set(fields);
    this.#secretVisit = (key, { kind, text }) => {
      if (kind === "container") return undefined;
      const named = key === null ? null : secretByName(key, text);
      if (named !== null) return JSON.stringify(this.#placeholder(named, text));
      if (kind === "bare") return undefined;
      const cleaned = this.#text(text, this.#secretVisit);
      return cleaned === text ? undefined : JSON.stringify(cleaned);
    };
    this.#fieldVisit = (key, value, depth) => {
      if (key !== null && this.#fields.has(key)) {
        return JSON.stringify(this.#placeholder(`field ${key}`, value.text));
      }
      if (value.kind !== "text") return this.#secretVisit(key, value, depth);
      const named = key === null ? null : secretByName(key, value.text);
      if (named !== null) return JSON.stringify(this.#placeholder(named, value.text));
      const cleaned = this.#text(value.text, this.#fieldVisit);
      return cleaned === value.text ? undefined : JSON.stringify(cleaned);
    };
  }

  /** A record without its secrets and without the fields that were asked for; `null` when that cannot be done. */
  record(line: string): string | null {
    const isBase64 = (key: string) => key.endsWith("Base64");
    const isDoubled = line.includes('Base64"');
    const before = isDoubled ? this.#looseBase64(line, isBase64) : line;
    return before === null ? null : this.#document(before, this.#fieldVisit, (key) => this.#fields.has(key));
  }

  /** What was kept in base64 beside a secret, or holds one, goes as a whole: nobody would see it in there. */
  #looseBase64(line: string, isBase64: (key: string) => boolean): string | null {
    const seen = new Redactor([...this.#fields]);
    const visible = rewriteJson(line, (key) => (key !== null && isBase64(key) ? '""' : undefined), isBase64);
    if (visible === null) return null;
    const isClean = secretKinds(line).length === 0 && seen.#document(visible, seen.#fieldVisit, () => true) === visible;
    if (isClean && this.#fields.size === 0) return line;
    const visit: Visit = (key, { text }) =>
      key !== null && isBase64(key) ? JSON.stringify(this.#placeholder("base64 beside a secret", text)) : undefined;
    return rewriteJson(line, visit, isBase64);
  }

  /** A manifest without its secrets: its own fields are never asked for by name. */
  manifest(text: string): string | null {
    return this.#document(text, this.#secretVisit, () => false);
  }

  /** In the order of their names. */
  redactions(): Redaction[] {
    return [...this.#kinds]
      .map(([kind, { values, count }]) => ({ kind, values: values.size, count }))
      .sort((left, right) => (left.kind < right.kind ? -1 : 1));
  }

  #document(text: string, visit: Visit, isWanted: (key: string) => boolean): string | null {
    const rewritten = rewriteJson(text, visit, isWanted);
    if (rewritten === null) return null;
    if (secretKinds(rewritten).length === 0) return rewritten;
    // In the name of a field, or deeper than values are looked for: the text itself is cleaned.
    const cleaned = replaceSecrets(rewritten, (kind, value) => this.#placeholder(kind, value));
    return secretKinds(cleaned).length === 0 && rewriteJson(cleaned, () => undefined) !== null ? cleaned : null;
  }

  /** A text value: JSON in it is looked at as JSON, anything else as a text. */
  #text(text: string, visit: Visit): string {
    const isJson = text.startsWith("{") || text.startsWith("[");
    const rewritten = isJson ? rewriteJson(text, visit, (key) => this.#fields.has(key)) : null;
    return rewritten ?? replaceSecrets(text, (kind, value) => this.#placeholder(kind, value));
  }

  #placeholder(kind: string, value: string): string {
    const number = this.#numbers.get(value) ?? this.#numbers.size + 1;
    this.#numbers.set(value, number);
    const known = this.#kinds.get(kind) ?? { values: new Set<number>(), count: 0 };
    known.values.add(number);
    known.count++;
    this.#kinds.set(kind, known);
    return `[redacted:${number}]`;
  }
}
