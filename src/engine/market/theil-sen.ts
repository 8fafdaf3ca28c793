/** Slopes are published with 8 decimals; the search stops well below that. */
const SLOPE_TOLERANCE = 2e-9;
const ITERATIONS_MAX = 200;
const BLOCK = 8;

/**
 * Theil-Sen slope: the median of the slopes of all pairs, so that a few wild bars do not move it.
 *
 * Listing the 32,640 pairs of a 256-bar window costs milliseconds. The number of pairs with a slope below `s` equals
 * the number of inversions of `value - s * index`, which a merge sort counts in microseconds; the median is where that
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
  let lowCount = countBelow(values, start, length, low) - half;
  for (let widen = 2; lowCount > 0; widen *= 4) {
    low = least - widen * step;
    lowCount = countBelow(values, start, length, low) - half;
  }
  let high = least + step;
  let highCount = countBelow(values, start, length, high) - half;
  for (let widen = 2; highCount < 0; widen *= 4) {
    high = least + widen * step;
    highCount = countBelow(values, start, length, high) - half;
  }

  // Illinois variant of regula falsi: an end that stays twice has its weight halved, so both ends keep moving.
  let side = 0;
  for (let iteration = 0; iteration < ITERATIONS_MAX && high - low > SLOPE_TOLERANCE; iteration++) {
    const span = highCount - lowCount;
    const guess = iteration % 4 === 3 || span <= 0 ? (low + high) / 2 : (low * highCount - high * lowCount) / span;
    const middle = guess > low && guess < high ? guess : (low + high) / 2;
    const count = countBelow(values, start, length, middle) - half;
    if (count === 0) return middle;
    if (count < 0) {
      low = middle;
      lowCount = count;
      if (side === -1) highCount /= 2;
      side = -1;
    } else {
      high = middle;
      highCount = count;
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

// allow(module-state): scratch space, written before it is read in every call
let sorted = new Float64Array(512);
// allow(module-state): scratch space, written before it is read in every call
let merged = new Float64Array(512);

/** Pairs whose slope is below `slope`: strict inversions of `value - slope * index`. */
function countBelow(values: Float64Array, start: number, length: number, slope: number): number {
  if (sorted.length < length) {
    sorted = new Float64Array(length * 2);
    merged = new Float64Array(length * 2);
  }
  for (let index = 0; index < length; index++) sorted[index] = values[start + index]! - slope * index;
  let inversions = 0;
  for (let block = 0; block < length; block += BLOCK) {
    const end = Math.min(block + BLOCK, length);
    for (let index = block + 1; index < end; index++) {
      const value = sorted[index]!;
      let place = index;
      while (place > block && sorted[place - 1]! > value) {
        sorted[place] = sorted[place - 1]!;
        place -= 1;
      }
      sorted[place] = value;
      inversions += index - place;
    }
  }
  for (let width = BLOCK; width < length; width *= 2) {
    for (let left = 0; left < length; left += 2 * width) {
      const middle = Math.min(left + width, length);
      const end = Math.min(left + 2 * width, length);
      let first = left;
      let second = middle;
      for (let slot = left; slot < end; slot++) {
        if (second >= end || (first < middle && sorted[first]! <= sorted[second]!)) {
          merged[slot] = sorted[first++]!;
        } else {
          merged[slot] = sorted[second++]!;
          inversions += middle - first;
        }
      }
    }
    const swap = sorted;
    sorted = merged;
    merged = swap;
  }
  return inversions;
}
