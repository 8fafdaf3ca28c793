/** One mistake in a formula. `is` and `needed` follow "Cannot use ...": what is there, and what is needed instead. */
export interface FormulaProblem {
  /** First character of the mistake in the formula's text, from 0. */
  readonly offset: number;
  readonly is: string;
  readonly needed: string;
  /** The word that is not known, and those that are: whoever tells a person looks for near misses. */
  readonly word?: string;
  readonly known?: readonly string[];
}

/** A formula that cannot be used; thrown inside this folder and caught at its edge. */
export class FormulaError extends Error {
  override readonly name = "FormulaError";
  readonly problem: FormulaProblem;

  constructor(problem: FormulaProblem) {
    super(`at character ${problem.offset + 1}: ${problem.is}, ${problem.needed} is needed`);
    this.problem = problem;
  }
}

export function refuse(offset: number, is: string, needed: string): FormulaError {
  return new FormulaError({ offset, is, needed });
}
