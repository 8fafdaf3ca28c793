import { z } from "zod";
import { parseDurationMs } from "../../engine/domain/duration.ts";

/** A time of a scenario: UTC, or a distance from the first record of the recording. */
export type Moment =
  | { readonly kind: "absolute"; readonly tsMs: number }
  | { readonly kind: "offset"; readonly offsetMs: number };

const UTC_TIME = /^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,3}))?)?Z)?$/;

/**
 * `"2025-05-08T12:00:00Z"` and `"2025-05-08"` (midnight) are absolute, `"4h"` is four hours after the first record.
 *
 * A time without `Z` is refused, because its zone would be a guess; so is a day that does not exist.
 */
export function parseMoment(text: string): Moment | null {
  const offsetMs = parseDurationMs(text);
  if (offsetMs !== null) return { kind: "offset", offsetMs };
  const match = UTC_TIME.exec(text);
  if (match === null) return null;
  const [, year, month, day, hour = "0", minute = "0", second = "0", fraction = ""] = match;
  const parts = [Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second)] as const;
  const tsMs = Date.UTC(...parts, Number(fraction.padEnd(3, "0")));
  // Date.UTC carries 31 February into March; the way back shows it.
  // allow(clock): takes a time apart that it was given
  const back = new Date(tsMs);
  const isReal = back.getUTCMonth() === parts[1] && back.getUTCDate() === parts[2] && back.getUTCHours() === parts[3];
  return isReal && parts[4] < 60 && parts[5] < 60 ? { kind: "absolute", tsMs } : null;
}

/** Virtual UTC milliseconds of a moment in a recording that starts at `recordingStartTsMs`. */
export function momentTsMs(moment: Moment, recordingStartTsMs: number): number {
  return moment.kind === "absolute" ? moment.tsMs : recordingStartTsMs + moment.offsetMs;
}

export const MOMENT_NEEDED = 'a UTC time such as "2025-05-08T12:00:00Z" or a duration from the start such as "4h"';

export const momentSchema = z
  .string()
  .refine((text) => parseMoment(text) !== null, `${MOMENT_NEEDED} is needed`)
  .transform((text) => parseMoment(text)!)
  .meta({ description: "UTC time (2025-05-08T12:00:00Z) or duration from the first record of the recording (4h)" });
