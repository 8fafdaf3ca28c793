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

/** One line of a journal without its line end. Equal values give equal bytes, whoever built the object. */
export function encodeJournalLine(value: JournalHeader | JournalEntry): string {
  return encode(value, "", false);
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

function encode(value: unknown, path: string, isOpen: boolean): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "number":
      if (!Number.isFinite(value)) {
        throw new RangeError(`Cannot write ${path} to the journal: it is ${value}, a finite number or null is needed`);
      }
      return JSON.stringify(value);
    case "boolean":
      return value ? "true" : "false";
    case "bigint":
      if (isOpen || !path.endsWith("Quote")) {
        throw new TypeError(`Cannot write ${path} to the journal: money is only allowed in fields ending in "Quote"`);
      }
      return `"${formatMoney(value)}"`;
    case "object":
      if (value === null) return "null";
      return Array.isArray(value) ? encodeArray(value, path, isOpen) : encodeObject(value, path, isOpen);
    default:
      throw new TypeError(`Cannot write ${path} to the journal: ${typeof value} is no JSON value`);
  }
}

function encodeArray(values: readonly unknown[], path: string, isOpen: boolean): string {
  let text = "[";
  for (let index = 0; index < values.length; index++) {
    if (index > 0) text += ",";
    text += encode(values[index], `${path}[${index}]`, isOpen);
  }
  return `${text}]`;
}

function encodeObject(value: object, path: string, isOpen: boolean): string {
  const record = value as Record<string, unknown>;
  const keys = isOpen ? Object.keys(record) : fixedOrder(Object.keys(record));
  let text = "{";
  for (const key of keys) {
    const field = record[key];
    if (field === undefined) continue;
    if (text.length > 1) text += ",";
    text += `${JSON.stringify(key)}:${encode(field, path === "" ? key : `${path}.${key}`, isOpen || OPEN_RECORDS.has(key))}`;
  }
  return `${text}}`;
}

// Sorting each object would dominate the cost of a line; a journal has a few dozen shapes.
const SHAPES_MAX = 1000;
const orderByShape = new Map<string, readonly string[]>();

/** `schema` and `type` first, so that a person sees what a line is; the rest by code unit. */
function fixedOrder(keys: string[]): readonly string[] {
  const shape = keys.join("\n");
  let order = orderByShape.get(shape);
  if (order === undefined) {
    order = [...keys].sort((left, right) => rankOf(left) - rankOf(right) || (left < right ? -1 : 1));
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
