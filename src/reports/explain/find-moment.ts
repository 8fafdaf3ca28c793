import { EXIT, UserError } from "../../diagnostics/user-error.ts";
import { visibleText } from "../visible-text.ts";
import type { ExplainIndex } from "./explain-index.ts";

const DAY_MS = 86_400_000;

/**
 * Milliseconds of a time a person typed: ISO 8601 (`2026-02-02T00:13:42Z`, UTC when it says no zone), or a time of day
 * (`00:13:42`, `00:13`) meaning its first occurrence at or after the start of the run.
 *
 * @throws {UserError} (exit 2) when it is neither.
 */
export function parseMoment(text: string, startTsMs: number): number {
  const clock = /^(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,3}))?)?$/.exec(text.trim());
  if (clock !== null) {
    const [, hours, minutes, seconds = "0", millis = "0"] = clock;
    const ofDay =
      Number(hours) * 3_600_000 + Number(minutes) * 60_000 + Number(seconds) * 1000 + Number(millis.padEnd(3, "0"));
    if (Number(hours) < 24 && Number(minutes) < 60 && Number(seconds) < 60) {
      const sameDay = Math.floor(startTsMs / DAY_MS) * DAY_MS + ofDay;
      // A typed second means the whole second the run starts in, too.
      return sameDay + 999 < startTsMs ? sameDay + DAY_MS : sameDay;
    }
  }
  const iso = /^\d{4}-\d{2}-\d{2}T[\d:.]+(Z|[+-]\d{2}:\d{2})?$/.exec(text.trim());
  if (iso !== null) {
    const tsMs = Date.parse(iso[1] === undefined ? `${iso[0]}Z` : iso[0]);
    if (Number.isFinite(tsMs)) return tsMs;
  }
  throw new UserError(
    [
      {
        text: `Cannot read the time "${visibleText(text)}": it is no UTC time, such as 00:13:42 or 2026-02-02T00:13:42Z, which is needed`,
      },
    ],
    EXIT.usage,
  );
}

/**
 * The plan of a symbol that was judged last at or before a time; the first after it when there was none before.
 *
 * @throws {UserError} (exit 2) when the run has no plan of the symbol, naming symbols it has.
 */
export function findPlanAt(index: ExplainIndex, symbol: string, tsMs: number): { planId: string; distanceMs: number } {
  const places = index.bySymbol.get(symbol) ?? index.bySymbol.get(symbol.toUpperCase());
  const first = places?.[0];
  if (places === undefined || first === undefined) {
    const known = [...index.bySymbol.keys()].sort((left, right) => (left < right ? -1 : 1)).slice(0, 8);
    throw new UserError(
      [
        {
          text: `Cannot explain symbol "${visibleText(symbol)}": this run has no plan of it, a symbol with plans is needed`,
          hint: known.length === 0 ? "this run has no plans" : `plans exist for ${known.map(visibleText).join(", ")}`,
        },
      ],
      EXIT.usage,
    );
  }
  let low = 0;
  let high = places.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    // People type whole seconds: 00:13:42 includes what happened at 00:13:42.900.
    if (places[middle]!.tsMs <= tsMs + 999) low = middle + 1;
    else high = middle;
  }
  const found = low === 0 ? first : places[low - 1]!;
  return { planId: found.planId, distanceMs: found.tsMs - tsMs };
}
