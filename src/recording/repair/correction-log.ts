export interface Place {
  readonly file: string;
  /** 1-based; `null` when the whole file is meant. */
  readonly line: number | null;
}

/** One entry of the manifest's `corrections` as `--repair` writes them. */
export interface Correction {
  readonly what: string;
  readonly count: number;
  /** In the original. */
  readonly first: Place | null;
  /** By what rule, in a sentence. */
  readonly rule: string;
  /** Numbers and texts of this kind of correction. */
  readonly details?: Readonly<Record<string, unknown>>;
}

interface Kept {
  count: number;
  first: Place | null;
  rule: string;
  details: Record<string, unknown>;
}

/** Gathers corrections by what they are, in the order in which the first of each came. */
export class CorrectionLog {
  readonly #kept = new Map<string, Kept>();

  add(
    what: string,
    rule: string,
    first: Place | null,
    details: Readonly<Record<string, unknown>> = {},
    count = 1,
  ): void {
    const known = this.#kept.get(what);
    if (known === undefined) this.#kept.set(what, { count, first, rule, details: { ...details } });
    else known.count += count;
  }

  /** Adds one to a number among the details of a correction that was added before. */
  bump(what: string, name: string): void {
    const details = this.#kept.get(what)?.details;
    if (details !== undefined) details[name] = ((details[name] as number | undefined) ?? 0) + 1;
  }

  /** Lifts a number among the details of a correction that was added before. */
  raise(what: string, name: string, value: number): void {
    const details = this.#kept.get(what)?.details;
    if (details !== undefined) details[name] = Math.max((details[name] as number | undefined) ?? 0, value);
  }

  entries(): Correction[] {
    return [...this.#kept].map(([what, { count, first, rule, details }]) => ({
      what,
      count,
      first,
      rule,
      ...(Object.keys(details).length === 0 ? {} : { details }),
    }));
  }
}
