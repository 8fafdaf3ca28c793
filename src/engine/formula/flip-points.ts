import type { GovernorFormula, Section } from "./governor-formula.ts";

/** Halvings of a driver's span: a flip point is as near as a thousandth of a millionth of it. */
const HALVINGS = 30;

/**
 * For each driver a blocked section reads: the value nearest to the present one at which it would have let the plan
 * pass, everything else as it was. Drivers whose ends change nothing are left out.
 *
 * @param values of the verdict, changed and put back
 * @param refresh brings variables that move with a driver up to date
 */
export function flipPoints(
  { scope, variables }: GovernorFormula,
  section: Section,
  values: Float64Array,
  refresh: () => void,
): Record<string, number> {
  const points: Record<string, number> = {};
  const driverCount = scope.terms.length - variables.length;
  const isPassingAt = (slot: number, value: number): boolean => {
    values[slot] = value;
    refresh();
    return isPassing(section, values);
  };
  for (const slot of slotsOf(section, { scope, variables })) {
    if (slot >= driverCount) continue;
    const present = values[slot]!;
    if (Number.isNaN(present)) continue;
    const term = scope.terms[slot]!;
    const found = [spanEnd(term.low, term.usualLow, present, -1), spanEnd(term.high, term.usualHigh, present, 1)]
      .filter((end) => end !== present && isPassingAt(slot, end))
      .map((end) => {
        let [blocked, passing] = [present, end];
        for (let step = 0; step < HALVINGS; step++) {
          const middle = (blocked + passing) / 2;
          if (isPassingAt(slot, middle)) passing = middle;
          else blocked = middle;
        }
        return passing;
      });
    values[slot] = present;
    refresh();
    const [first, second] = found;
    if (first === undefined) continue;
    points[term.name] = second !== undefined && Math.abs(second - present) < Math.abs(first - present) ? second : first;
  }
  return points;
}

function slotsOf(section: Section, { scope, variables }: Pick<GovernorFormula, "scope" | "variables">): number[] {
  const slots = new Set(section.slots);
  for (const { term, of } of variables) {
    if (term.follows === undefined || !section.slots.includes(scope.slotOf(term.name)!)) continue;
    if (of.kind === "name") slots.add(scope.slotOf(of.name)!);
  }
  return [...slots];
}

function spanEnd(end: number, usual: number, present: number, direction: 1 | -1): number {
  if (Number.isFinite(end)) return end;
  return direction > 0 ? Math.max(usual, present + 1) : Math.min(usual, present - 1);
}

function isPassing({ blockWhen, value, cutoff }: Section, values: Float64Array): boolean {
  if (blockWhen !== null && blockWhen.compiled(values) !== 0) return false;
  return cutoff === null || value.compiled(values) < cutoff.compiled(values);
}
