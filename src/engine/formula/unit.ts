/**
 * Unit of a number as powers of base units: `{}` is a plain ratio, `{ s: 1 }` seconds, `{ quote: 1, s: -1 }` quote a
 * second. `null` is a written number, which takes whatever unit its neighbour has.
 */
export type Unit = Readonly<Record<string, number>> | null;

export const RATIO: Unit = {};

/** `ratio`, `s`, `quote/s`, `s^0.5`. */
export function unitText(unit: Unit): string {
  if (unit === null) return "any unit";
  const text = (name: string, power: number): string => (power === 1 ? name : `${name}^${power}`);
  const powers = sortedPowers(unit);
  const above = powers.filter(([, power]) => power > 0).map(([name, power]) => text(name, power));
  const below = powers.filter(([, power]) => power < 0).map(([name, power]) => text(name, -power));
  if (above.length === 0 && below.length === 0) return "ratio";
  return `${above.length === 0 ? "1" : above.join(" ")}${below.length === 0 ? "" : `/${below.join("/")}`}`;
}

export function isSameUnit(left: Unit, right: Unit): boolean {
  return left === null || right === null || unitText(left) === unitText(right);
}

/** The unit of a sum, a smallest or a choice: that of the term that has one. */
export function jointUnit(units: readonly Unit[]): Unit {
  return units.find((unit) => unit !== null) ?? null;
}

/** `left * right^power`. */
export function combineUnits(left: Unit, right: Unit, power: 1 | -1): Unit {
  if (left === null && right === null) return null;
  const powers = new Map(sortedPowers(left ?? RATIO));
  for (const [name, exponent] of sortedPowers(right ?? RATIO)) {
    powers.set(name, (powers.get(name) ?? 0) + power * exponent);
  }
  return Object.fromEntries([...powers].filter(([, exponent]) => exponent !== 0));
}

export function rootOfUnit(unit: Unit): Unit {
  return unit === null ? null : Object.fromEntries(sortedPowers(unit).map(([name, power]) => [name, power / 2]));
}

function sortedPowers(unit: Unit): [string, number][] {
  // allow(unordered): sorted right here
  const powers = Object.entries(unit ?? {});
  // allow(sort): the keys of an object are unique
  return powers.sort(([left], [right]) => (left < right ? -1 : 1));
}
