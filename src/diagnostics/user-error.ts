/** One thing a person can fix: what, where, why, and what to do next. */
export interface Problem {
  /** Path of the file as the user typed it. */
  readonly file?: string;
  /** 1-based. */
  readonly line?: number;
  /** 1-based. */
  readonly column?: number;
  /** Path inside the document, e.g. `variants[1].pipeline.governor.name`. */
  readonly path?: string;
  /** `Cannot <do what> to <what>: <what is>, <what is needed>`, without a full stop. */
  readonly text: string;
  /** The command or edit that helps, e.g. `did you mean "governor"?`. */
  readonly hint?: string;
}

/**
 * Exit codes of every command (README, "Exit codes"). Several at once: 14, 11, 10, 12 wins in this order.
 */
export const EXIT = {
  ok: 0,
  internal: 1,
  usage: 2,
  thresholdFailed: 10,
  divergence: 11,
  evidenceIncomplete: 12,
  recordingUnusable: 14,
  liveRefused: 15,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A mistake of a person or a file, with all its problems at once; printed without a stack. */
export class UserError extends Error {
  override readonly name = "UserError";
  readonly exitCode: ExitCode;
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[], exitCode: ExitCode = EXIT.usage, options?: ErrorOptions) {
    super(problems.map(formatProblem).join("\n"), options);
    this.problems = problems;
    this.exitCode = exitCode;
  }
}

/** `scenarios/a.yaml:12:5 variants[0].name: Cannot ...; did you mean ...?` */
export function formatProblem(problem: Problem): string {
  const place =
    problem.file === undefined
      ? ""
      : `${problem.file}${problem.line === undefined ? "" : `:${problem.line}:${problem.column ?? 1}`} `;
  const path = problem.path === undefined || problem.path === "" ? "" : `${problem.path}: `;
  const hint = problem.hint === undefined ? "" : `; ${problem.hint}`;
  return `${place}${path}${problem.text}${hint}`;
}
