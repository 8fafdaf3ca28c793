import type { JournalEntry, JournalHeader } from "../engine/domain/journal.ts";
import { formatMoney, parseMoney } from "../engine/domain/money.ts";

/**
 * Records whose keys are data and not vocabulary: their order carries meaning (the order of a formula, the order of
 * delivery), so it is kept, and none of their texts is ever read as money.
 */
const OPEN_RECORDS: ReadonlySet<string> = new Set([
  "terms",
  "fields",
  "tierCounts",
  "evidence",
  "decisionLayer",
  "executionLayer",
  "reasons",
]);

/**
 * One line of a journal without its line end. Equal values give equal bytes, whoever built the object.
 *
 * @throws {TypeError} naming the field, when a number is NaN or infinite, money is in a field that does not say so, or
 * a value has no JSON form.
 */
export function encodeJournalLine(value: JournalHeader | JournalEntry): string {
  const text = encode(value, "", false);
  if (text === null) throw new TypeError(unwritable(value, "", false) ?? "Cannot write the journal line");
  return text;
}

/**
 * The value of one line: decimal text of fields ending in `Quote` becomes money again.
 *
 * @throws {SyntaxError | RangeError} when the line is no JSON or holds money that is no decimal.
 */
export function decodeJournalLine(line: string): unknown {
  const value: unknown = JSON.parse(line);
  reviveMoney(value);
  return value;
}

/** `null` when something in the value cannot be written; building the field's name each time would be the cost. */
function encode(value: unknown, key: string, isOpen: boolean): string | null {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "number":
      return Number.isFinite(value) ? String(value) : null;
    case "boolean":
      return value ? "true" : "false";
    case "bigint":
      return isMoneyField(key, isOpen) ? `"${formatMoney(value)}"` : null;
    case "object":
      if (value === null) return "null";
      return Array.isArray(value) ? encodeArray(value, key, isOpen) : encodeObject(value, isOpen);
    default:
      return null;
  }
}

function isMoneyField(key: string, isOpen: boolean): boolean {
  return !isOpen && key.endsWith("Quote");
}

function encodeArray(values: readonly unknown[], key: string, isOpen: boolean): string | null {
  let text = "[";
  for (let index = 0; index < values.length; index++) {
    const element = encode(values[index], key, isOpen);
    if (element === null) return null;
    text += index > 0 ? `,${element}` : element;
  }
  return `${text}]`;
}

function encodeObject(value: object, isOpen: boolean): string | null {
  const record = value as Record<string, unknown>;
  const keys = Object.keys(record);
  let text = "{";
  for (const { key, label } of isOpen ? keys.map(labelled) : fixedOrder(keys)) {
    const field = record[key];
    if (field === undefined) continue;
    const encoded = encode(field, key, isOpen || OPEN_RECORDS.has(key));
    if (encoded === null) return null;
    text += (text.length > 1 ? "," : "") + label + encoded;
  }
  return `${text}}`;
}

/** The sentence about the first value that cannot be written, with its path. */
function unwritable(value: unknown, path: string, isOpen: boolean): string | null {
  if (typeof value === "number" && !Number.isFinite(value)) {
    return `Cannot write ${path} to the journal: it is ${value}, a finite number or null is needed`;
  }
  if (typeof value === "bigint") {
    return isMoneyField(path, isOpen)
      ? null
      : `Cannot write ${path} to the journal: it is money, which is only allowed in fields ending in "Quote"`;
  }
  if (typeof value === "function" || typeof value === "symbol" || typeof value === "undefined") {
    return `Cannot write ${path} to the journal: ${typeof value} is no JSON value, one is needed`;
  }
  if (typeof value !== "object" || value === null) return null;
  for (const [key, field] of Object.entries(value)) {
    if (field === undefined && !Array.isArray(value)) continue;
    const place = Array.isArray(value) ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`;
    const problem = unwritable(field, place, isOpen || OPEN_RECORDS.has(key));
    if (problem !== null) return problem;
  }
  return null;
}

interface LabelledKey {
  readonly key: string;
  /** The key as it stands in the line: quoted, with its colon. */
  readonly label: string;
}

function labelled(key: string): LabelledKey {
  return { key, label: `${JSON.stringify(key)}:` };
}

// Sorting and quoting for each object would dominate the cost of a line; a journal has a few dozen shapes.
const SHAPES_MAX = 1000;
const orderByShape = new Map<string, readonly LabelledKey[]>();

/** `schema` and `type` first, so that a person sees what a line is; the rest by code unit. */
function fixedOrder(keys: string[]): readonly LabelledKey[] {
  const shape = keys.join("\n");
  let order = orderByShape.get(shape);
  if (order === undefined) {
    order = [...keys]
      .sort((left, right) => rankOf(left) - rankOf(right) || (left < right ? -1 : 1))
      .map((key) => labelled(key));
    if (orderByShape.size < SHAPES_MAX) orderByShape.set(shape, order);
  }
  return order;
}

function rankOf(key: string): number {
  if (key === "schema" || key === "type") return 0;
  return key === "envelope" ? 1 : 2;
}

function reviveMoney(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) {
    for (const element of value) reviveMoney(element);
    return;
  }
  const record = value as Record<string, unknown>;
  for (const key in record) {
    const field = record[key];
    if (typeof field === "object") {
      if (!OPEN_RECORDS.has(key)) reviveMoney(field);
    } else if (key.endsWith("Quote") && typeof field === "string") {
      record[key] = parseMoney(field);
    }
  }
}
