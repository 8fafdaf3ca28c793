/** Primitive polynomial (degree, inner coefficients) and first direction numbers of a dimension after the first. */
type Row = readonly [degree: number, coefficients: number, directions: readonly number[]];

/** Joe and Kuo (2008), table new-joe-kuo-6, dimensions 2 to 10. */
const ROWS: readonly Row[] = [
  [1, 0, [1]],
  [2, 1, [1, 3]],
  [3, 1, [1, 3, 1]],
  [3, 2, [1, 1, 1]],
  [4, 1, [1, 1, 3, 3]],
  [4, 4, [1, 3, 5, 13]],
  [5, 2, [1, 1, 5, 5, 17]],
  [5, 4, [1, 1, 5, 5, 5]],
  [5, 7, [1, 1, 7, 11, 19]],
];

export const SOBOL_DIMENSIONS_MAX = ROWS.length + 1;

const BITS = 32;
const TWO_TO_32 = 4_294_967_296;

/**
 * The first `count` points of one dimension of a Sobol sequence, from 0, in [0, 1): of each power of two points every
 * equal stratum of the dimension holds one (Sobol, 1967; Gray-code order of Antonov and Saleev).
 */
export function sobolShares(dimension: number, count: number): number[] {
  const directions = directionsOf(dimension);
  const shares = [];
  let value = 0;
  for (let index = 0; index < count; index++) {
    shares.push((value >>> 0) / TWO_TO_32);
    // The lowest bit of the index that is 0 says which direction turns.
    let bit = 0;
    while (((index >>> bit) & 1) === 1) bit += 1;
    value ^= directions[bit]!;
  }
  return shares;
}

function directionsOf(dimension: number): number[] {
  if (dimension === 0) return Array.from({ length: BITS }, (_, bit) => 1 << (BITS - 1 - bit));
  const [degree, coefficients, first] = ROWS[dimension - 1]!;
  const directions = first.map((number, bit) => number << (BITS - 1 - bit));
  for (let bit = degree; bit < BITS; bit++) {
    let direction = directions[bit - degree]! ^ (directions[bit - degree]! >>> degree);
    for (let step = 1; step < degree; step++) {
      if (((coefficients >>> (degree - 1 - step)) & 1) === 1) direction ^= directions[bit - step]!;
    }
    directions.push(direction);
  }
  return directions;
}
