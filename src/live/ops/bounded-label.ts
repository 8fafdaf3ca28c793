export const OTHER_LABEL = "other";

/**
 * Values a metric label may have: those of a list, and `other`. Every further value of a label is a time series that
 * Prometheus keeps, and words from outside do not end.
 */
export function knownLabel(known: Iterable<string>): (value: string) => string {
  const words = new Set(known);
  return (value) => (words.has(value) ? value : OTHER_LABEL);
}

/** The first `most` values that look like a word of ours, and `other`. */
export function firstLabels(most: number): (value: string) => string {
  const words = new Set<string>();
  return (value) => {
    if (words.has(value)) return value;
    if (words.size >= most || !/^[a-z][a-z0-9._-]{0,63}$/.test(value)) return OTHER_LABEL;
    words.add(value);
    return value;
  };
}
