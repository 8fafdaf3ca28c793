/** Slopes are published with 8 decimals; the search stops well below that. */
const SLOPE_TOLERANCE = 2e-9;
const ITERATIONS_MAX = 200;
/** Values that are ordered at once before the merging begins. */
const BLOCK = 8;
/** Fewer pairs a value than this between the ends of the bracket, and the order of the last guess is mended, not made anew. */
const MENDED_PAIRS_MAX = 20;

/**
 * Theil-Sen slope: the median of the slopes of all pairs, so that a few wild bars do not move it.
 *
 * Listing the 32,640 pairs of a 256-bar window costs milliseconds. The number of pairs with a slope below `s` equals
 * the number of inversions of `value - s * index`, which sorting counts in microseconds; the median is where that
 * count reaches half of the pairs, found by a bracketing search. The result depends on the values alone.
 *
 * @param values oldest first; the window is `values[start .. start + length)`, `length` at least 2
 */
export function theilSenSlope(values: Float64Array, start: number, length: number): number {
  const half = (length * (length - 1)) / 4;
  const least = leastSquaresSlope(values, start, length);
  // About one standard error of the least-squares slope: the median of slopes is rarely further away.
  const step = Math.max(
    (4 * residualSpread(values, start, length, least)) / (length * Math.sqrt(length)),
    SLOPE_TOLERANCE,
  );

  let low = least - step;
  let below = countByMerging(values, start, length, low);
  for (let widen = 2; below > half; widen *= 4) {
    low = least - widen * step;
    below = countByMerging(values, start, length, low);
  }
  let lowCount = below - half;
  let high = least + step;
  let above = countByMerging(values, start, length, high);
  for (let widen = 2; above < half; widen *= 4) {
    high = least + widen * step;
    above = countByMerging(values, start, length, high);
  }
  let highCount = above - half;

  // Illinois variant of regula falsi: an end that stays twice has its weight halved, so both ends keep moving.
  let side = 0;
  let last = above;
  for (let iteration = 0; iteration < ITERATIONS_MAX && high - low > SLOPE_TOLERANCE; iteration++) {
    const span = highCount - lowCount;
    const guess = iteration % 4 === 3 || span <= 0 ? (low + high) / 2 : (low * highCount - high * lowCount) / span;
    const middle = guess > low && guess < high ? guess : (low + high) / 2;
    last =
      above - below < MENDED_PAIRS_MAX * length
        ? countByMending(values, start, length, middle, last)
        : countByMerging(values, start, length, middle);
    const count = last - half;
    if (count === 0) return middle;
    if (count < 0) {
      low = middle;
      lowCount = count;
      below = last;
      if (side === -1) highCount /= 2;
      side = -1;
    } else {
      high = middle;
      highCount = count;
      above = last;
      if (side === 1) lowCount /= 2;
      side = 1;
    }
  }
  return (low + high) / 2;
}

function leastSquaresSlope(values: Float64Array, start: number, length: number): number {
  const center = (length - 1) / 2;
  let sum = 0;
  for (let index = 0; index < length; index++) sum += (index - center) * values[start + index]!;
  return (12 * sum) / (length * (length * length - 1));
}

/** Mean absolute distance from the line: only the scale of the first bracket. */
function residualSpread(values: Float64Array, start: number, length: number, slope: number): number {
  let mean = 0;
  for (let index = 0; index < length; index++) mean += values[start + index]! - slope * index;
  mean /= length;
  let spread = 0;
  for (let index = 0; index < length; index++) spread += Math.abs(values[start + index]! - slope * index - mean);
  return spread / length;
}

/** `value - slope * index` in ascending order, equal ones by index, and the index of each. */
interface Ordered {
  readonly keys: Float64Array;
  readonly indices: Int32Array;
}

function createOrdered(size: number): Ordered {
  return { keys: new Float64Array(size), indices: new Int32Array(size) };
}

// allow(module-state): scratch space, written before it is read in every search
let ordered = createOrdered(256);
// allow(module-state): scratch space, written before it is read in every search
let spare = createOrdered(256);

/**
 * Pairs whose slope is below `slope`: strict inversions of `value - slope * index`. Leaves their order in `ordered`.
 *
 * No comparison decides a jump, because which of two values is smaller is anybody's guess and a processor's wrong guess
 * costs more than all the rest: a comparison is the number 0 or 1, and numbers are multiplied by it.
 */
function countByMerging(values: Float64Array, start: number, length: number, slope: number): number {
  let size = BLOCK;
  while (size < length) size *= 2;
  if (ordered.keys.length < size) {
    ordered = createOrdered(size);
    spare = createOrdered(size);
  }
  const { keys } = spare;
  for (let index = 0; index < length; index++) keys[index] = values[start + index]! - slope * index;
  // Greatest and last: these make no inversion.
  for (let index = length; index < size; index++) keys[index] = Number.POSITIVE_INFINITY;
  let inversions = orderBlocks(spare, ordered, size);
  for (let width = BLOCK; width < size; width *= 2) {
    inversions += mergeRuns(ordered, spare, size, width);
    const swap = ordered;
    ordered = spare;
    spare = swap;
  }
  return inversions;
}

/**
 * Orders each eight values: the place of one is the number of those before it. Written out, because eight values and
 * their places stay in registers and a list of them does not.
 */
function orderBlocks({ keys: from }: Ordered, { keys, indices }: Ordered, size: number): number {
  let inversions = 0;
  for (let block = 0; block < size; block += BLOCK) {
    const a = from[block]!;
    const b = from[block + 1]!;
    const c = from[block + 2]!;
    const d = from[block + 3]!;
    const e = from[block + 4]!;
    const f = from[block + 5]!;
    const g = from[block + 6]!;
    const h = from[block + 7]!;
    const ab = +(a > b) | 0;
    const ac = +(a > c) | 0;
    const ad = +(a > d) | 0;
    const ae = +(a > e) | 0;
    const af = +(a > f) | 0;
    const ag = +(a > g) | 0;
    const ah = +(a > h) | 0;
    const bc = +(b > c) | 0;
    const bd = +(b > d) | 0;
    const be = +(b > e) | 0;
    const bf = +(b > f) | 0;
    const bg = +(b > g) | 0;
    const bh = +(b > h) | 0;
    const cd = +(c > d) | 0;
    const ce = +(c > e) | 0;
    const cf = +(c > f) | 0;
    const cg = +(c > g) | 0;
    const ch = +(c > h) | 0;
    const de = +(d > e) | 0;
    const df = +(d > f) | 0;
    const dg = +(d > g) | 0;
    const dh = +(d > h) | 0;
    const ef = +(e > f) | 0;
    const eg = +(e > g) | 0;
    const eh = +(e > h) | 0;
    const fg = +(f > g) | 0;
    const fh = +(f > h) | 0;
    const gh = +(g > h) | 0;
    const afterA = ab + ac + ad + ae + af + ag + ah;
    const afterB = bc + bd + be + bf + bg + bh;
    const afterC = cd + ce + cf + cg + ch;
    const afterD = de + df + dg + dh;
    const afterE = ef + eg + eh;
    const afterF = fg + fh;
    const afterG = gh;
    const placeA = block + afterA;
    const placeB = block + 1 - ab + afterB;
    const placeC = block + 2 - ac - bc + afterC;
    const placeD = block + 3 - ad - bd - cd + afterD;
    const placeE = block + 4 - ae - be - ce - de + afterE;
    const placeF = block + 5 - af - bf - cf - df - ef + afterF;
    const placeG = block + 6 - ag - bg - cg - dg - eg - fg + afterG;
    const placeH = block + 7 - ah - bh - ch - dh - eh - fh - gh;
    keys[placeA] = a;
    keys[placeB] = b;
    keys[placeC] = c;
    keys[placeD] = d;
    keys[placeE] = e;
    keys[placeF] = f;
    keys[placeG] = g;
    keys[placeH] = h;
    indices[placeA] = block;
    indices[placeB] = block + 1;
    indices[placeC] = block + 2;
    indices[placeD] = block + 3;
    indices[placeE] = block + 4;
    indices[placeF] = block + 5;
    indices[placeG] = block + 6;
    indices[placeH] = block + 7;
    inversions += afterA + afterB + afterC + afterD + afterE + afterF + afterG;
  }
  return inversions;
}

/**
 * Merges neighbouring runs of equal width from both ends at once: the `width` smallest from the front, the `width`
 * greatest from the back, so that no run ends early and two chains of comparisons go side by side.
 */
function mergeRuns(from: Ordered, to: Ordered, size: number, width: number): number {
  const { keys, indices } = from;
  const { keys: toKeys, indices: toIndices } = to;
  let inversions = 0;
  for (let start = 0; start < size; start += 2 * width) {
    const middle = start + width;
    let left = start;
    let right = middle;
    let lastLeft = middle - 1;
    let lastRight = middle + width - 1;
    let back = lastRight;
    for (let front = start; front < middle; front++) {
      const isRight = +(keys[right]! < keys[left]!) | 0;
      const smallest = left + Math.imul(right - left, isRight);
      toKeys[front] = keys[smallest]!;
      toIndices[front] = indices[smallest]!;
      // Every value of the left run that is still there is greater than this one of the right run.
      inversions += Math.imul(middle - left, isRight);
      left += 1 - isRight;
      right += isRight;

      const isLeft = +(keys[lastLeft]! > keys[lastRight]!) | 0;
      const greatest = lastRight - Math.imul(lastRight - lastLeft, isLeft);
      toKeys[back] = keys[greatest]!;
      toIndices[back] = indices[greatest]!;
      // Every value of the left run that is gone was greater than this one of the right run.
      inversions += Math.imul(middle - 1 - lastLeft, 1 - isLeft);
      lastLeft -= isLeft;
      lastRight -= 1 - isLeft;
      back -= 1;
    }
  }
  return inversions;
}

/**
 * The same count for a slope near the one before it: few pairs change places, and each is one inversion more or less.
 *
 * @param count of the slope that `ordered` was left by
 */
function countByMending(values: Float64Array, start: number, length: number, slope: number, count: number): number {
  const { keys, indices } = ordered;
  let inversions = count;
  for (let slot = 0; slot < length; slot++) {
    const index = indices[slot]!;
    const key = values[start + index]! - slope * index;
    let place = slot;
    while (place > 0) {
      const before = keys[place - 1]!;
      if (before < key) break;
      const beforeIndex = indices[place - 1]!;
      if (before === key && beforeIndex < index) break;
      keys[place] = before;
      indices[place] = beforeIndex;
      inversions += beforeIndex < index ? 1 : -1;
      place -= 1;
    }
    keys[place] = key;
    indices[place] = index;
  }
  return inversions;
}
