import { type Command, CommanderError } from "commander";
import { EXIT, type ExitCode, formatProblem, type Problem, UserError } from "../diagnostics/user-error.ts";
import { visibleText } from "../reports/visible-text.ts";

/** What a command may do to the outside world; everything else it returns. */
export interface Shell {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  /** The result, on stdout. */
  print(text: string): void;
  /** Notices, on stderr. */
  note(text: string): void;
  /** Adds a cause of the exit code; the gravest of all wins. */
  exitWith(code: ExitCode): void;
  /** From now on Ctrl-C asks the work to stop (`shouldStop`), and a second one leaves at once. */
  catchInterrupts(): Interrupts;
}

export interface Interrupts {
  shouldStop(): boolean;
  /** Run before leaving at once, e.g. to remove what is half-written. */
  onLeave(cleanUp: () => void): void;
  release(): void;
}

/** Gravest first (reports.md 4.2): what comes earlier is the exit code when several happened. */
const GRAVITY: readonly ExitCode[] = [
  EXIT.internal,
  EXIT.terminated,
  EXIT.interrupted,
  EXIT.recordingUnusable,
  EXIT.divergence,
  EXIT.thresholdFailed,
  EXIT.evidenceIncomplete,
  EXIT.liveRefused,
  EXIT.usage,
  EXIT.ok,
];

export function gravest(codes: Iterable<ExitCode>): ExitCode {
  const present = new Set(codes);
  return GRAVITY.find((code) => present.has(code)) ?? EXIT.ok;
}

/**
 * Runs a command line to its end: the one place that prints errors and sets the exit code.
 *
 * `process.exit` is never called while output drains; only a second Ctrl-C leaves at once.
 */
export async function runCommandLine(
  createProgram: (shell: Shell) => Command,
  argv: readonly string[] = process.argv,
): Promise<void> {
  const codes: ExitCode[] = [];
  const shell = createShell((code) => codes.push(code));
  swallowBrokenPipe(process.stdout);
  swallowBrokenPipe(process.stderr);
  try {
    await createProgram(shell).parseAsync([...argv]);
  } catch (error) {
    codes.push(reportFailure(error, shell, argv.includes("--json")));
  }
  process.exitCode = gravest(codes);
}

function createShell(exitWith: (code: ExitCode) => void): Shell {
  const { stdout, stderr } = process;
  return {
    stdout,
    stderr,
    print: (text) => void stdout.write(text.endsWith("\n") ? text : `${text}\n`),
    note: (text) => void stderr.write(text.endsWith("\n") ? text : `${text}\n`),
    exitWith,
    catchInterrupts: () => catchInterrupts(shellNote),
  };
  function shellNote(text: string): void {
    stderr.write(text);
  }
}

function catchInterrupts(note: (text: string) => void): Interrupts {
  let interrupts = 0;
  const cleanUps: (() => void)[] = [];
  const onInterrupt = () => {
    interrupts += 1;
    if (interrupts === 1) {
      note("stopping at the next tick; Ctrl-C again leaves at once\n");
      return;
    }
    for (const cleanUp of cleanUps) cleanUp();
    process.exit(EXIT.interrupted);
  };
  process.on("SIGINT", onInterrupt);
  return {
    shouldStop: () => interrupts > 0,
    onLeave: (cleanUp) => void cleanUps.push(cleanUp),
    release: () => void process.off("SIGINT", onInterrupt),
  };
}

/** The reader of a pipe may leave early (`| head -1`): that is no failure of the work. */
function swallowBrokenPipe(stream: NodeJS.WriteStream): void {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

function reportFailure(error: unknown, shell: Shell, isJson: boolean): ExitCode {
  if (error instanceof CommanderError) {
    // Help and version are results, already printed by commander.
    if (error.exitCode === 0) return EXIT.ok;
    if (error.code === "commander.help") return EXIT.usage;
    return reportProblems([usageProblem(error)], EXIT.usage, shell, isJson);
  }
  if (error instanceof UserError) return reportProblems(error.problems, error.exitCode, shell, isJson);
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  shell.note(`internal error, please report it with the command that repeats it\n${stack}`);
  if (isJson) {
    const text = error instanceof Error ? error.message : String(error);
    shell.print(failureJson([{ text: `internal error: ${text}` }], EXIT.internal));
  }
  return EXIT.internal;
}

function reportProblems(problems: readonly Problem[], code: ExitCode, shell: Shell, isJson: boolean): ExitCode {
  if (isJson) shell.print(failureJson(problems, code));
  else shell.note(problems.map(problemText).join("\n"));
  return code;
}

/** One problem as a line that is safe to print: names and values in it come from outside. */
export function problemText(problem: Problem): string {
  return visibleText(formatProblem(problem));
}

function failureJson(problems: readonly Problem[], code: ExitCode): string {
  return JSON.stringify({ schema: "sim.error/1", error: { problems }, exit: { code, causes: [code] } }, null, 2);
}

/** `error: unknown option '--sed'\n(Did you mean --seed?)` in the words of every other problem. */
function usageProblem(error: CommanderError): Problem {
  const [first = "", ...rest] = error.message.replace(/^error: /, "").split("\n");
  const hint = /\(Did you mean (.*)\?\)/.exec(rest.join(" "))?.[1];
  const text = `Cannot run the command: ${first}`;
  return { text, hint: hint === undefined ? "--help lists what there is" : `did you mean ${hint}?` };
}
