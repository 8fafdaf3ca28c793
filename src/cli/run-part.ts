import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { UserError } from "../diagnostics/user-error.ts";
import { parseDurationMs } from "../engine/domain/duration.ts";
import { readCheckpoint } from "../sim/run/checkpoint-file.ts";
import { MOMENT_NEEDED, parseMoment } from "../sim/scenario/moment.ts";
import type { ScenarioOverrides } from "../sim/scenario/override.ts";
import type { Scenario } from "../sim/scenario/schema.ts";
import type { RunOptions } from "./commands/run.ts";
import type { ExecutedScenario, ExecuteOptions } from "./execute-scenario.ts";

/** Which part of a run is wanted, and what of it is kept. */
export type RunPart = Pick<ExecuteOptions, "until" | "checkpoint" | "from">;

/**
 * Reads `--until`, `--checkpoint`, `--checkpoint-every`, and `--from` where it names a checkpoint.
 *
 * @throws {UserError} when one of them cannot be understood, or needs another
 */
export function runPartOf({ from, until, checkpoint, checkpointEvery }: RunOptions): RunPart {
  const everyMs = checkpointEvery === undefined ? undefined : parseDurationMs(checkpointEvery);
  if (everyMs !== undefined && !(everyMs !== null && everyMs > 0)) {
    throw refuse(`Cannot write a checkpoint every "${checkpointEvery}": a duration such as "6h" is needed`);
  }
  if (everyMs !== undefined && checkpoint === undefined) {
    throw refuse("Cannot write checkpoints: --checkpoint-every has no file, --checkpoint FILE is needed");
  }
  const file = from !== undefined && parseMoment(from) === null ? from : undefined;
  if (file !== undefined && !existsSync(file)) {
    throw refuse(
      `Cannot use --from "${file}": it is no time and no file, ${MOMENT_NEEDED}, or a checkpoint is needed`,
      "sim run SCENARIO --until TIME --checkpoint FILE writes a checkpoint",
    );
  }
  return {
    ...(until === undefined ? {} : { until: stopOf(until) }),
    ...(checkpoint === undefined ? {} : { checkpoint: { file: checkpoint, ...(everyMs == null ? {} : { everyMs }) } }),
    ...(file === undefined ? {} : { from: { file, checkpoint: readCheckpoint(file) } }),
  };
}

/** The overrides of a run that goes on are those of its first part, unless the command line says otherwise. */
export function overridesOf({ seed, variant, recording, from, to }: RunOptions, part: RunPart): ScenarioOverrides {
  return {
    ...part.from?.checkpoint.header.overrides,
    ...(seed === undefined ? {} : { seed }),
    ...(variant === undefined ? {} : { variants: variant }),
    ...(recording?.[0] === undefined ? {} : { recording: resolve(recording[0]) }),
    ...(from === undefined || part.from !== undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  };
}

/**
 * A part is a part of one run, and an envelope number is that of one variant.
 *
 * @throws {UserError} otherwise
 */
export function requireOneRun(part: RunPart, scenarios: readonly Scenario[]): void {
  if (Object.keys(part).length === 0) return;
  const [scenario] = scenarios;
  if (scenarios.length !== 1 || scenario === undefined) {
    const text = `Cannot run a part of ${scenarios.length} scenarios: --until, --checkpoint and a checkpoint for --from are of one run, one scenario file is needed`;
    throw refuse(text);
  }
  const names = scenario.variants.map(({ name }) => name);
  if (part.until?.kind !== "seq" || names.length === 1) return;
  const { seq } = part.until;
  throw refuse(
    `Cannot stop at envelope ${seq}: the scenario has ${names.length} variants that count for themselves, one variant or a time is needed`,
    `--variant ${names[0]}`,
  );
}

/** What a person needs to know of a part that has run; `null` when it was a whole run without a checkpoint. */
export function partNote(executed: ExecutedScenario, part: RunPart): string | null {
  const { checkpoint, end, scenario } = executed;
  if (end === "end-of-recording") {
    if (part.until === undefined) return null;
    const kept = part.checkpoint === undefined || checkpoint !== null ? "" : ", and no checkpoint was written";
    return `the run ended before --until: it is whole${kept}`;
  }
  if (checkpoint === null || part.checkpoint === undefined) return null;
  const seqs = checkpoint.variants.map(({ name, seq }) => `${name} ${seq}`).join(", ");
  const time = new Date(checkpoint.tsMs).toISOString();
  return `checkpoint at ${time} (envelopes: ${seqs}): sim run ${scenario.file} --from ${part.checkpoint.file}`;
}

function stopOf(text: string): NonNullable<RunPart["until"]> {
  const seq = /^\d+$/.test(text) ? Number(text) : null;
  if (seq !== null && Number.isSafeInteger(seq) && seq > 0) return { kind: "seq", seq };
  const moment = seq === null ? parseMoment(text) : null;
  if (moment !== null) return moment;
  throw refuse(`Cannot stop at "${text}": an envelope number from 1, ${MOMENT_NEEDED} is needed`);
}

function refuse(text: string, hint?: string): UserError {
  return new UserError([{ text, ...(hint === undefined ? {} : { hint }) }]);
}
