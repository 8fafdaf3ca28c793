/** Real frames have five levels; what is carried must be written as JSON again, which deep nesting would overflow. */
const NESTING_MAX = 64;

/**
 * What keeps a parsed JSON value from being written again as it came, or `null`: it is nested too deep, or has a number
 * such as 1e400 that became infinite when it was read.
 */
export function carriedProblem(value: unknown): string | null {
  return problemAt(value, NESTING_MAX);
}

function problemAt(value: unknown, levels: number): string | null {
  if (typeof value === "number" && !Number.isFinite(value))
    return "it has a number beyond 1e308, smaller ones are needed";
  if (typeof value !== "object" || value === null) return null;
  if (levels === 0) return `it is nested deeper than ${NESTING_MAX} levels, fewer are needed`;
  for (const inner of Object.values(value)) {
    const problem = typeof inner === "string" ? null : problemAt(inner, levels - 1);
    if (problem !== null) return problem;
  }
  return null;
}
