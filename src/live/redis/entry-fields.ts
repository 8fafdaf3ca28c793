import { isUtf8 } from "node:buffer";

export interface EntryFields {
  /** Names and values as texts, in the shape an import of a dump gives them. */
  readonly fields: Readonly<Record<string, string>>;
  /**
   * All names and values alternating, in base64, as they came; `null` when `fields` is the whole truth. It is not for
   * bytes that are no UTF-8, a name that is there twice, and names whose order an object does not keep.
   */
  readonly fieldsBase64: readonly string[] | null;
}

/** Fields of an entry, from the alternating names and values of a reply. */
export function entryFields(raw: readonly Buffer[]): EntryFields {
  const pairs: [string, string][] = [];
  let isWhole = true;
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const [name, value] = [raw[at]!, raw[at + 1]!];
    isWhole &&= isUtf8(name) && isUtf8(value);
    const text = name.toString();
    if (INTEGER_LIKE.test(text)) isWhole = false;
    pairs.push([text, value.toString()]);
  }
  const fields = Object.fromEntries(pairs);
  if (Object.keys(fields).length !== pairs.length) isWhole = false;
  return { fields, fieldsBase64: isWhole ? null : raw.map((bytes) => bytes.toString("base64")) };
}

/** Names of this kind come first in an object, whatever the order they were given in. */
const INTEGER_LIKE = /^(?:0|[1-9]\d{0,9})$/;

/** A text, or its bytes in base64 when they are no UTF-8. */
export function textOrBase64(bytes: Buffer): { readonly text: string } | { readonly base64: string } {
  return isUtf8(bytes) ? { text: bytes.toString() } : { base64: bytes.toString("base64") };
}
