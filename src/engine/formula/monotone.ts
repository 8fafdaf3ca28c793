import { checkFormula, type Fact } from "./check.ts";
import { compileFormula } from "./compile.ts";
import { absolute, hull, negative, product, quotient, type Range, sum } from "./range.ts";
import type { Scope } from "./scope.ts";
import type { FormulaNode } from "./syntax.ts";

/** How a formula moves when one driver rises and everything else stays: `none` not at all, `unknown` cannot be told. */
export type Movement = "none" | "rises" | "falls" | "unknown";

export interface MonotoneVerdict {
  readonly holds: boolean;
  /** How it was found: by the signs of derivatives for all values, or by trying samples. */
  readonly by: "analysis" | "samples";
  /** How many pairs of points were tried; 0 when the analysis was enough. */
  readonly sampleCount: number;
  /** Two values of the driver, the other drivers, and what the formula gave: the claim does not hold. */
  readonly counterexample: Counterexample | null;
}

export interface Counterexample {
  readonly from: number;
  readonly to: number;
  readonly valueFrom: number;
  readonly valueTo: number;
}

/**
 * Whether a formula never rises (or never falls) when `driver` rises. What the analysis proves holds for all values;
 * where it cannot tell, `GRID` values of the driver are tried under `OTHERS` sets of the other drivers, which proves
 * nothing but finds most mistakes, and the verdict says so.
 */
export function checkMonotone(
  node: FormulaNode,
  scope: Scope,
  driver: string,
  direction: "never-rises" | "never-falls",
): MonotoneVerdict {
  const movement = movementOf(node, scope, driver);
  if (movement === "none" || movement === (direction === "never-rises" ? "falls" : "rises")) {
    return { holds: true, by: "analysis", sampleCount: 0, counterexample: null };
  }
  const { counterexample, sampleCount } = trySamples(node, scope, driver, direction);
  return { holds: counterexample === null, by: "samples", sampleCount, counterexample };
}

/** Movement by signs and, where the formula has no jumps, by the range of its slope. */
export function movementOf(node: FormulaNode, scope: Scope, driver: string): Movement {
  const facts = new Map<FormulaNode, Fact>();
  checkFormula(node, scope, facts);
  return motionOf(node, driver, facts, scope).movement;
}

interface Motion {
  readonly movement: Movement;
  /** Range of the slope; `null` where the formula can jump. */
  readonly slope: Range | null;
}

const STILL: Motion = { movement: "none", slope: { low: 0, high: 0 } };
const ANY: Motion = { movement: "unknown", slope: null };

function motionOf(node: FormulaNode, driver: string, facts: Map<FormulaNode, Fact>, scope: Scope): Motion {
  if (node.kind === "name")
    return node.name === driver ? motion({ low: 1, high: 1 }) : ofFollower(node.name, driver, scope);
  if (node.kind !== "call") return STILL;
  const args = node.args.map((each) => motionOf(each, driver, facts, scope));
  if (args.every(({ movement }) => movement === "none")) return STILL;
  const ranges = node.args.map((each) => facts.get(each)!);
  return motionOfCall(node.name, args, ranges, facts.get(node)!);
}

/** A z-score divides by a deviation above 0 that nobody knows: its slope has the sign of its term's and any size. */
function ofFollower(name: string, driver: string, scope: Scope): Motion {
  const { follows } = scope.termNamed(name)!;
  if (follows === undefined) return STILL;
  const facts = new Map<FormulaNode, Fact>();
  checkFormula(follows, scope, facts);
  const { movement, slope } = motionOf(follows, driver, facts, scope);
  return { movement, slope: slope === null ? null : product(slope, { low: 0, high: Number.POSITIVE_INFINITY }) };
}

function motionOfCall(name: string, args: readonly Motion[], ranges: readonly Range[], whole: Range): Motion {
  const [a, b, c] = args as [Motion, Motion, Motion];
  const [ra, rb, rc] = ranges as [Range, Range, Range];
  switch (name) {
    case "+":
      return mended(both(a.movement, b.movement), joinSlopes(a, b, sum));
    case "-":
    case ">":
    case ">=": {
      const difference = mended(
        both(a.movement, opposite(b.movement)),
        joinSlopes(a, b, (l, r) => sum(l, negative(r))),
      );
      return name === "-" ? difference : { movement: difference.movement, slope: null };
    }
    case "<":
    case "<=": {
      const difference = mended(
        both(b.movement, opposite(a.movement)),
        joinSlopes(b, a, (l, r) => sum(l, negative(r))),
      );
      return { movement: difference.movement, slope: null };
    }
    case "*": {
      const movement = both(scaled(a.movement, rb), scaled(b.movement, ra));
      return mended(
        movement,
        joinSlopes(a, b, (l, r) => sum(product(l, rb), product(r, ra))),
      );
    }
    case "/": {
      // (l / r)' = l'/r - l r' / r^2; the divisor never crosses 0.
      const movement = both(scaled(a.movement, rb), scaled(opposite(b.movement), ra));
      const square = product(absolute(rb), absolute(rb));
      const slope = joinSlopes(a, b, (l, r) => sum(quotient(l, rb), negative(quotient(product(ra, r), square))));
      return mended(movement, slope);
    }
    case "neg":
      return { movement: opposite(a.movement), slope: a.slope === null ? null : negative(a.slope) };
    case "and":
    case "or":
      return { movement: both(a.movement, b.movement), slope: null };
    case "not":
      return { movement: opposite(a.movement), slope: null };
    case "min":
    case "max": {
      const slopes = args.map(({ slope }) => slope);
      return mended(all(args), slopes.some((slope) => slope === null) ? null : hull(slopes as Range[]));
    }
    case "clamp": {
      const slopes = args.map(({ slope }) => slope);
      return mended(all(args), slopes.some((slope) => slope === null) ? null : hull(slopes as Range[]));
    }
    case "exp":
      return { movement: a.movement, slope: a.slope === null ? null : product(a.slope, whole) };
    case "log":
      return { movement: a.movement, slope: a.slope === null ? null : quotient(a.slope, ra) };
    case "sqrt":
      return {
        movement: a.movement,
        slope: a.slope === null || ra.low <= 0 ? null : quotient(a.slope, product({ low: 2, high: 2 }, whole)),
      };
    case "tanh":
    case "number":
    case "sigmoid": {
      const steepest =
        name === "sigmoid" ? { low: 0, high: 0.25 } : name === "tanh" ? { low: 0, high: 1 } : { low: 1, high: 1 };
      return { movement: a.movement, slope: a.slope === null ? null : product(a.slope, steepest) };
    }
    case "abs":
      if (ra.low >= 0) return a;
      if (ra.high <= 0) return motionOfCall("neg", args, ranges, whole);
      return { movement: "unknown", slope: a.slope === null ? null : hull([a.slope, negative(a.slope)]) };
    case "if":
      return ofChoice(a, b, c, rb, rc);
    case "default":
      // Whether a driver is known does not depend on its value: either side alone decides, and both move that way.
      return { movement: all([a, b]), slope: null };
    default:
      return ANY;
  }
}

/** A condition that does not move chooses one branch; one that moves may jump, but only towards its other branch. */
function ofChoice(condition: Motion, then: Motion, otherwise: Motion, rThen: Range, rElse: Range): Motion {
  const branches = all([then, otherwise]);
  if (condition.movement === "none") {
    const slopes = [then.slope, otherwise.slope];
    return mended(branches, slopes.some((slope) => slope === null) ? null : hull(slopes as Range[]));
  }
  if (condition.movement === "unknown" || branches === "unknown") return ANY;
  const isThenHigher = rThen.low >= rElse.high;
  const isElseHigher = rElse.low >= rThen.high;
  if (!isThenHigher && !isElseHigher) return ANY;
  const jump: Movement = isThenHigher === (condition.movement === "rises") ? "rises" : "falls";
  return { movement: both(branches, isThenHigher && isElseHigher ? "none" : jump), slope: null };
}

function motion(slope: Range): Motion {
  return { movement: movementOfSlope(slope), slope };
}

function movementOfSlope({ low, high }: Range): Movement {
  if (low === 0 && high === 0) return "none";
  return low >= 0 ? "rises" : high <= 0 ? "falls" : "unknown";
}

/** Signs that contradict each other may still be told apart by how steep the parts are. */
function mended(movement: Movement, slope: Range | null): Motion {
  return { movement: movement === "unknown" && slope !== null ? movementOfSlope(slope) : movement, slope };
}

function joinSlopes(left: Motion, right: Motion, join: (left: Range, right: Range) => Range): Range | null {
  return left.slope === null || right.slope === null ? null : join(left.slope, right.slope);
}

function both(left: Movement, right: Movement): Movement {
  if (left === "none") return right;
  return right === "none" || left === right ? left : "unknown";
}

function all(parts: readonly Motion[]): Movement {
  return parts.reduce<Movement>((movement, part) => both(movement, part.movement), "none");
}

function opposite(movement: Movement): Movement {
  return movement === "rises" ? "falls" : movement === "falls" ? "rises" : movement;
}

/** Movement of something times a factor of this range. */
function scaled(movement: Movement, { low, high }: Range): Movement {
  if (movement === "none" || (low === 0 && high === 0)) return "none";
  return low >= 0 ? movement : high <= 0 ? opposite(movement) : "unknown";
}

/** Values of the driver that are tried, and sets of the other drivers under which they are. */
export const GRID = 33;
export const OTHERS = 256;

function trySamples(
  node: FormulaNode,
  scope: Scope,
  driver: string,
  direction: "never-rises" | "never-falls",
): { counterexample: Counterexample | null; sampleCount: number } {
  const formula = compileFormula(node, scope);
  const slot = scope.slotOf(driver)!;
  const followers = scope.terms.flatMap(({ follows }, place) =>
    follows === undefined ? [] : [{ place, term: compileFormula(follows, scope) }],
  );
  const values = new Float64Array(scope.terms.length);
  const sign = direction === "never-rises" ? 1 : -1;
  let sampleCount = 0;
  for (let set = 0; set < OTHERS; set++) {
    for (const [place, term] of scope.terms.entries()) {
      const share = fill(set, place);
      values[place] = term.type === "truth" ? Math.round(share) : valueAt(term, share);
    }
    const anchors = followers.map(({ place, term }) => ({ z: values[place]!, term: term(values) }));
    let before = Number.NaN;
    let from = Number.NaN;
    for (let step = 0; step < GRID; step++) {
      const at = valueAt(scope.terms[slot]!, step / (GRID - 1));
      values[slot] = at;
      for (const [index, { place, term }] of followers.entries()) {
        values[place] = anchors[index]!.z + (1 + (set % 20)) * (term(values) - anchors[index]!.term);
      }
      const value = formula(values);
      if (Number.isNaN(value)) continue;
      if (!Number.isNaN(before)) {
        sampleCount += 1;
        if (sign * (value - before) > 1e-9 * Math.max(1, Math.abs(before))) {
          return { counterexample: { from, to: at, valueFrom: before, valueTo: value }, sampleCount };
        }
      }
      before = value;
      from = at;
    }
  }
  return { counterexample: null, sampleCount };
}

function valueAt(
  { low, high, usualLow, usualHigh }: { low: number; high: number; usualLow: number; usualHigh: number },
  share: number,
): number {
  const from = Number.isFinite(low) ? low : usualLow;
  const to = Number.isFinite(high) ? high : usualHigh;
  return from + share * (to - from);
}

/** Points spread evenly over the unit cube without chance: multiples of irrational steps, both corners first. */
function fill(set: number, place: number): number {
  if (set < 2) return set;
  const step = Math.sqrt(2 + place * 1.618033988749895);
  const value = set * step;
  return value - Math.floor(value);
}
