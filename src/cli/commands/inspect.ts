import type { Command } from "commander";
import { EXIT, type Problem, UserError } from "../../diagnostics/user-error.ts";
import type { Shell } from "../shell.ts";

interface InspectFlags {
  readonly json?: boolean;
  readonly wide?: boolean;
  readonly repair?: boolean;
  readonly redact?: boolean;
  readonly redactField?: readonly string[];
  readonly out?: string;
}

/** `sim inspect RECORDING`: what is in a recording, what is damaged, and what it is good for. */
export function registerInspect(program: Command, shell: Shell): void {
  program
    .command("inspect")
    .description("what a recording holds, what is damaged in it, and what it is good for")
    .argument("<recording>", "folder of the recording; it is only read")
    .option("--json", "one JSON document on stdout")
    .option("--wide", "all columns, however wide the terminal is")
    .option("--repair", "write a new recording with the corrections named in its manifest")
    .option("--redact", "write a new recording without the secrets that were found")
    .option("--redact-field <name>", "with --redact: the values of this field too (repeat it)", append)
    .option("--out <dir>", "folder of the new recording")
    .action(async (dir: string, flags: InspectFlags) => {
      const isJson = flags.json === true;
      checkFlags(flags);
      const { refuseManyRecordings } = await import("../../recording/inspect/many-recordings.ts");
      refuseManyRecordings(dir);
      if (flags.repair === true) return repair(dir, flags.out!, isJson, shell);
      if (flags.redact === true) return redact(dir, flags.out!, flags.redactField ?? [], isJson, shell);
      if (await inspectUnsealed(dir, isJson, shell)) return;
      const { inspectRecording } = await import("../../recording/inspect/inspect-recording.ts");
      const inspection = inspectRecording(dir);
      if (isJson) shell.print(JSON.stringify(inspection, null, 2));
      else {
        const { inspectionText } = await import("./inspect-text.ts");
        const width = shell.stdout.columns ?? 0;
        shell.print(inspectionText(inspection, { width, isWide: flags.wide === true }));
      }
      if (inspection.damageCount > 0) shell.exitWith(EXIT.recordingUnusable);
    });
}

function append(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

function checkFlags({ repair: isRepair, redact: isRedact, redactField, out }: InspectFlags): void {
  const problems: Problem[] = [];
  const refuse = (is: string, needed: string, hint: string) => {
    problems.push({ text: `Cannot run the command: ${is}, ${needed} is needed`, hint });
  };
  if (isRepair === true && isRedact === true) {
    refuse("--repair and --redact are given", "one of them", "repair into a new folder, then redact that one");
  }
  const isWriting = isRepair === true || isRedact === true;
  if (isWriting && (out ?? "") === "") refuse("no --out is given", "a new folder", "add --out NEW");
  if (!isWriting && out !== undefined) refuse("--out is given alone", "--repair or --redact", "add one of them");
  if (isRedact !== true && redactField !== undefined) {
    refuse("--redact-field is given without --redact", "--redact", "add --redact");
  }
  if (problems.length > 0) throw new UserError(problems);
}

async function repair(dir: string, out: string, isJson: boolean, shell: Shell): Promise<void> {
  const { isUnsealedRecording } = await import("../../recording/live/recover-recording.ts");
  if (isUnsealedRecording(dir)) {
    const { sealRecovered } = await import("../../recording/live/seal-recovered.ts");
    const { manifest } = sealRecovered(dir, out, "sim inspect --repair");
    const { repairedText } = await import("./inspect-copies.ts");
    shell.print(repairedText(dir, out, manifest, manifest.corrections, isJson));
    return;
  }
  const { repairRecording } = await import("../../recording/repair/repair-recording.ts");
  const { sealed, corrections } = repairRecording(dir, out);
  const { repairedText } = await import("./inspect-copies.ts");
  shell.print(repairedText(dir, out, sealed.manifest, corrections, isJson));
}

async function redact(
  dir: string,
  out: string,
  fields: readonly string[],
  isJson: boolean,
  shell: Shell,
): Promise<void> {
  const { isUnsealedRecording } = await import("../../recording/live/recover-recording.ts");
  if (isUnsealedRecording(dir)) {
    const text = "Cannot redact the recording: it is not sealed, a sealed one is needed";
    const hint = `"sim inspect ${dir} --repair --out NEW" makes one`;
    throw new UserError([{ file: dir, text, hint }], EXIT.recordingUnusable);
  }
  const { redactRecording } = await import("../../recording/repair/redact-recording.ts");
  const { sealed, redactions } = redactRecording(dir, out, fields);
  const { redactedText } = await import("./inspect-copies.ts");
  shell.print(redactedText(dir, out, sealed.manifest, redactions, isJson));
}

/** A recording that was not sealed has a report of its own; false when this is none. */
async function inspectUnsealed(dir: string, isJson: boolean, shell: Shell): Promise<boolean> {
  const { isUnsealedRecording, recoverRecording } = await import("../../recording/live/recover-recording.ts");
  if (!isUnsealedRecording(dir)) return false;
  const report = recoverRecording(dir);
  const { unsealedText } = await import("./inspect-unsealed.ts");
  shell.print(isJson ? JSON.stringify(report, null, 2) : unsealedText(report));
  if (report.missing.length > 0) shell.exitWith(EXIT.recordingUnusable);
  return true;
}
