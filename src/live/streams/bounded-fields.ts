import { entryFields } from "../redis/entry-fields.ts";

export interface FieldBounds {
  readonly fieldBytesMax: number;
  readonly fieldsMax: number;
}

export interface BoundedFields {
  readonly fields: Readonly<Record<string, string>>;
  /** Values and fields that were left out. */
  readonly leftOut: number;
}

/** Name of the field that says how many fields were left out. */
export const LEFT_OUT_FIELD = "rehearsal_left_out";

const NAME_BYTES_MAX = 256;

/**
 * Fields of an entry from the alternating names and values of a reply, none of them larger than allowed: the stream is
 * open to anybody, and what goes on is journalled, recorded and kept. A value that is too large leaves a text with its
 * size, which no intent can be read from.
 */
export function boundedFields(raw: readonly Buffer[], { fieldBytesMax, fieldsMax }: FieldBounds): BoundedFields {
  const kept: Buffer[] = [];
  let leftOut = 0;
  let namesLeftOut = 0;
  let bytesLeftOut = 0;
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const [name, value] = [raw[at]!, raw[at + 1]!];
    if (kept.length >= 2 * fieldsMax || name.length > NAME_BYTES_MAX) {
      namesLeftOut += 1;
      bytesLeftOut += name.length + value.length;
      continue;
    }
    const isTooLarge = value.length > fieldBytesMax;
    if (isTooLarge) leftOut += 1;
    kept.push(name, isTooLarge ? Buffer.from(`left out: ${value.length} bytes, ${fieldBytesMax} are allowed`) : value);
  }
  const { fields } = entryFields(kept);
  if (namesLeftOut === 0) return { fields, leftOut };
  const told = `${namesLeftOut} fields of ${bytesLeftOut} bytes`;
  return { fields: { ...fields, [LEFT_OUT_FIELD]: told }, leftOut: leftOut + namesLeftOut };
}
