export type Fields = Readonly<Record<string, unknown>>;

/** Wrappers whose text is the message itself (pipeline.md 2.1). */
const WRAPPERS = ["payload", "data"] as const;
const PAYLOAD_LENGTH_MAX = 65_536;

/** A recorded stream entry, unpacked once for everybody who counts in it. */
export interface Entry {
  /** Fields of the entry; those of the record itself when it has none. */
  readonly fields: Fields;
  /** The message: what is inside the wrapper, else the fields; `null` when a wrapper holds no JSON object. */
  readonly body: Fields | null;
  /** Name of the wrapper in front of the names of the body, `""` without one. */
  readonly prefix: string;
}

export function readEntry(record: Fields): Entry {
  const fields = asObject(record["fields"]) ?? record;
  const wrapper = WRAPPERS.find((name) => Object.hasOwn(fields, name));
  if (wrapper === undefined) return { fields, body: fields, prefix: "" };
  return { fields, body: parse(fields[wrapper]), prefix: `${wrapper}.` };
}

/** Fields whose value is a text: what Redis holds, and what the pipeline's own parsers read. */
export function textFields(fields: Fields): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(fields).filter((entry): entry is [string, string] => isText(entry[1])));
}

export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** A number or a text that is one; NaN for everything else. */
export function numberOf(value: unknown): number {
  if (typeof value === "number") return value;
  return typeof value === "string" && value.trim() !== "" ? Number(value) : Number.NaN;
}

function parse(value: unknown): Fields | null {
  if (typeof value !== "string") return asObject(value);
  if (value.length > PAYLOAD_LENGTH_MAX) return null;
  try {
    return asObject(JSON.parse(value));
  } catch {
    // Untrusted text: whoever needs the message counts it as a problem.
    return null;
  }
}

function asObject(value: unknown): Fields | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : null;
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
