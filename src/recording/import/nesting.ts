/** Real frames have five levels; what is carried must be written as JSON again, which deep nesting would overflow. */
export const NESTING_MAX = 64;

/** Whether lists and objects are nested in more levels than that. */
export function isNestedBeyond(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (levels === 0) return true;
  for (const inner of Object.values(value)) {
    if (typeof inner === "object" && inner !== null && isNestedBeyond(inner, levels - 1)) return true;
  }
  return false;
}
