import type { FormulaNode } from "./syntax.ts";
import type { Unit } from "./unit.ts";

/** A name a formula may read: a driver of the engine, or a state variable of the scenario. */
export interface Term {
  readonly name: string;
  readonly type: "number" | "truth";
  readonly unit: Unit;
  /** Range of its values, both ends included; infinite where nothing bounds it. */
  readonly low: number;
  readonly high: number;
  /** `true` when it can be unknown: then formulas see no number. */
  readonly isNullable: boolean;
  /** Where values usually lie when the range has no end: samples are taken up to here. */
  readonly usualLow: number;
  readonly usualHigh: number;
  readonly meaning: string;
  /** It rises and falls with this formula of drivers at once: a z-score moves with its own term. */
  readonly follows?: FormulaNode;
}

/** Names in the order of their slots: a formula reads slot numbers, not names. */
export class Scope {
  readonly terms: readonly Term[];
  readonly #slots: ReadonlyMap<string, number>;

  constructor(terms: readonly Term[]) {
    this.terms = terms;
    this.#slots = new Map(terms.map(({ name }, slot) => [name, slot]));
  }

  slotOf(name: string): number | undefined {
    return this.#slots.get(name);
  }

  termNamed(name: string): Term | undefined {
    const slot = this.#slots.get(name);
    return slot === undefined ? undefined : this.terms[slot];
  }

  get names(): string[] {
    return this.terms.map(({ name }) => name);
  }

  /** The same names in the same slots, one of them within narrower bounds. */
  narrowed(name: string, low: number, high: number): Scope {
    return new Scope(this.terms.map((term) => (term.name === name ? { ...term, low, high } : term)));
  }
}
