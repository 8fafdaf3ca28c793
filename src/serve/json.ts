const MARK = "\u0001";

/** JSON in which a bigint is a plain number of all its digits: order ids exceed what a double can hold. */
export function toJson(value: unknown): string {
  const text = JSON.stringify(value, (_, entry: unknown) => (typeof entry === "bigint" ? `${MARK}${entry}` : entry));
  return text.includes("\\u0001") ? text.replace(/"\\u0001(-?\d+)"/g, "$1") : text;
}
