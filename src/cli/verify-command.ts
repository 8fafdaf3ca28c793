import { appendFileSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { delimiter, dirname } from "node:path";
import { UserError } from "../diagnostics/user-error.ts";
import { holdsRecordings } from "../verify/find-recordings.ts";
import { verifyDocument } from "../verify/report/document.ts";
import { annotations, defused, defusedJson, SUMMARY_BYTES_MAX, stepSummary } from "../verify/report/github.ts";
import { junitText } from "../verify/report/junit.ts";
import { verifyText } from "../verify/report/verify-text.ts";
import { verify } from "../verify/verify.ts";
import { createPaint } from "./colour.ts";
import type { VerifyOptions } from "./commands/verify.ts";
import { gravest, type Shell } from "./shell.ts";

const RECORDINGS = "recordings";
const GOLDENS = "goldens";

/** Back to the start of the line, and the line is empty. */
const ERASE = "\r\u001b[2K";

/** `sim verify`: compares, prints, and tells CI in its own forms. */
export async function verifyCommand(
  first: string | undefined,
  second: string | undefined,
  options: VerifyOptions,
  shell: Shell,
): Promise<void> {
  const isCi = isSet(process.env["CI"]);
  const because = reasonOf(options, isCi);
  const { recordings, goldens } = placesOf(first, second);
  const isProgressShown = options.quiet !== true && shell.stderr.isTTY;
  const elsewhere = (process.env["RECORDINGS_PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const verification = await verify(
    {
      recordings: [recordings, ...elsewhere],
      goldens,
      scenarios: options.scenarios,
      isCi,
      isStrict: options.strict === true,
      isAll: options.all === true,
      because,
    },
    {
      onDone: (done, of) => {
        if (isProgressShown) shell.stderr.write(`${ERASE}verify  ${done} of ${of} scenarios`);
      },
    },
  );
  if (isProgressShown) shell.stderr.write(ERASE);
  const exit = gravest(verification.causes);
  for (const cause of verification.causes) shell.exitWith(cause);
  if (options.junit !== undefined) writeReport(options.junit, junitText(verification));
  const isGitHub = process.env["GITHUB_ACTIONS"] === "true";
  if (options.json === true) {
    const text = JSON.stringify(verifyDocument(verification, exit), null, 2);
    shell.print(isGitHub ? defusedJson(text) : text);
  } else {
    const isNarrow = options.wide !== true && shell.stdout.columns !== undefined;
    const width = isNarrow ? Math.max(80, shell.stdout.columns) : Number.POSITIVE_INFINITY;
    const paint = createPaint(shell.stdout, !options.colour);
    const text = verifyText(verification, { goldens, exit, width, paint });
    shell.print(isGitHub ? defused(text) : text);
  }
  if (!isGitHub) return;
  for (const line of annotations(verification)) shell.note(defused(line));
  const file = process.env["GITHUB_STEP_SUMMARY"];
  if (file === undefined || file === "") return;
  const written = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  appendFileSync(file, stepSummary(verification, SUMMARY_BYTES_MAX - written));
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== "" && value !== "0" && value.toLowerCase() !== "false";
}

/** @throws {UserError} when goldens may not be written, or without a word why. */
function reasonOf({ update, because }: VerifyOptions, isCi: boolean): string | null {
  const refuse = (text: string, hint: string) => new UserError([{ text: `Cannot update the goldens: ${text}`, hint }]);
  if (update !== true) {
    if (because === undefined) return null;
    throw refuse("--because is given alone, --update is needed with it", "add --update, or leave --because out");
  }
  if (isCi) throw refuse("CI is set, a person's machine is needed", "run it there and commit the goldens");
  if (because === undefined || because.trim() === "") {
    throw refuse("no reason is given, one is needed", 'add --because "why these decisions are right"');
  }
  return because.trim();
}

/** A single path is of recordings when it holds some, else of goldens. */
function placesOf(first: string | undefined, second: string | undefined): { recordings: string; goldens: string } {
  if (first === undefined) return { recordings: RECORDINGS, goldens: GOLDENS };
  if (second !== undefined) return { recordings: first, goldens: second };
  return holdsRecordings(first) ? { recordings: first, goldens: GOLDENS } : { recordings: RECORDINGS, goldens: first };
}

function writeReport(file: string, text: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "an error";
    throw new UserError(
      [{ file, text: `Cannot write the JUnit file: the system answers ${code}, a writable path is needed` }],
      undefined,
      { cause },
    );
  }
}
