/** Keys are those of the answers, a bounded set; the limit only guards against an answer whose keys are data. */
const KEYS_MAX = 2_000;
const keys = new Map<string, string>();

/**
 * JSON in which a bigint is a plain number of all its digits: order ids exceed what a double can hold. Written by hand
 * because `JSON.stringify` can do that only with marks that a client's text could imitate.
 */
export function toJson(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "number":
      return Number.isFinite(value) ? String(value) : "null";
    case "bigint":
      return String(value);
    case "boolean":
      return value ? "true" : "false";
    case "object":
      return value === null ? "null" : Array.isArray(value) ? listJson(value) : objectJson(value);
    default:
      return "null";
  }
}

function listJson(list: readonly unknown[]): string {
  let text = "[";
  for (let place = 0; place < list.length; place++)
    text += place === 0 ? toJson(list[place]) : `,${toJson(list[place])}`;
  return `${text}]`;
}

function objectJson(value: object): string {
  let text = "{";
  let isFirst = true;
  for (const [key, entry] of Object.entries(value)) {
    if (entry === undefined) continue;
    text += `${isFirst ? "" : ","}${keyJson(key)}:${toJson(entry)}`;
    isFirst = false;
  }
  return `${text}}`;
}

function keyJson(key: string): string {
  const known = keys.get(key);
  if (known !== undefined) return known;
  const text = JSON.stringify(key);
  if (keys.size < KEYS_MAX) keys.set(key, text);
  return text;
}

/** Text of a JSON value that a client sent where a text belongs; never throws, whatever the value pretends to be. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : toJson(value);
}
