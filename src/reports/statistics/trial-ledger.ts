import { known, type Measured, unknown } from "./measured.ts";

/** One variant scored once on one recording. */
export interface Trial {
  /** Content hash of the recording. */
  readonly recording: string;
  /** Hash of everything that decides: pipeline, governor, ranker, parameters. Names do not count. */
  readonly variant: string;
  readonly metric: string;
  /** `null` when the metric was undefined: the variant was tried all the same. */
  readonly value: number | null;
  /** Wall time of the trial, for people; nothing is computed from it. */
  readonly tsMs: number;
}

export interface TrialLedger {
  readonly trials: readonly Trial[];
  /** Lines that were no trial, with their number from 1: a writer was killed, or somebody edited the file. */
  readonly damaged: readonly { readonly line: number; readonly text: string }[];
}

const LEDGER_VERSION = 1;
const SHOWN = 80;

/** One line with its newline, keys in a fixed order; never longer than a few hundred bytes, so one write appends it. */
export function encodeTrial(trial: Trial): string {
  for (const [field, text] of [
    ["recording", trial.recording],
    ["variant", trial.variant],
    ["metric", trial.metric],
  ] as const) {
    if (text === "" || text.length > 200) {
      throw new RangeError(`Cannot write a trial: ${field} has ${text.length} characters, 1 to 200 are needed`);
    }
  }
  if (trial.value !== null && !Number.isFinite(trial.value)) {
    throw new RangeError(`Cannot write a trial: value ${trial.value}, a finite number or null is needed`);
  }
  if (!Number.isSafeInteger(trial.tsMs)) {
    throw new RangeError(`Cannot write a trial: time ${trial.tsMs}, whole milliseconds are needed`);
  }
  const { recording, variant, metric, value, tsMs } = trial;
  return `${JSON.stringify({ v: LEDGER_VERSION, recording, variant, metric, value, tsMs })}\n`;
}

/**
 * Reads a ledger, complete or torn. Blank lines are skipped; a line that is no trial is reported and the rest still
 * counts, because a lower N would make every variant look better than it is.
 */
export function decodeLedger(text: string): TrialLedger {
  const trials: Trial[] = [];
  const damaged: { line: number; text: string }[] = [];
  text.split("\n").forEach((line, index) => {
    if (line.trim() === "") return;
    const trial = decodeTrial(line);
    if (trial === null) damaged.push({ line: index + 1, text: line.slice(0, SHOWN) });
    else trials.push(trial);
  });
  return { trials, damaged };
}

function decodeTrial(line: string): Trial | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    // What is no JSON is reported as damaged, with its line.
    return null;
  }
  if (typeof parsed !== "object" || parsed === null) return null;
  const fields = parsed as Record<string, unknown>;
  const { v, recording, variant, metric, value, tsMs } = fields as Readonly<Record<keyof Trial | "v", unknown>>;
  const isText = (each: unknown): each is string => typeof each === "string" && each !== "";
  if (v !== LEDGER_VERSION || !isText(recording) || !isText(variant) || !isText(metric)) return null;
  if (value !== null && !(typeof value === "number" && Number.isFinite(value))) return null;
  return typeof tsMs === "number" && Number.isSafeInteger(tsMs) ? { recording, variant, metric, value, tsMs } : null;
}

/**
 * N for deflation: distinct variants ever scored on this recording, however often and under whatever name. A damaged
 * line may be one variant more, so N is unknown then: `ledger_damaged`. `n_unknown` when nothing was ever scored.
 */
export function trialsOn(ledger: TrialLedger, recording: string): Measured {
  if (ledger.damaged.length > 0) return unknown("ledger_damaged");
  const variants = distinctVariants(ledger, recording).length;
  return variants === 0 ? unknown("n_unknown") : known(variants);
}

/** Hashes of the variants ever scored on a recording, in order of hash. */
export function distinctVariants(ledger: TrialLedger, recording: string): string[] {
  const variants = new Set<string>();
  for (const trial of ledger.trials) if (trial.recording === recording) variants.add(trial.variant);
  return [...variants].sort();
}

/**
 * Variance over trials of one metric, the V of the deflated Sharpe ratio: the latest value of each distinct variant,
 * undefined ones left out. `too_few` under two.
 */
export function trialVariance(ledger: TrialLedger, options: { recording: string; metric: string }): Measured {
  const latest = new Map<string, number>();
  for (const { recording, variant, metric, value } of ledger.trials) {
    if (recording === options.recording && metric === options.metric && value !== null) latest.set(variant, value);
  }
  const values = [...latest.values()];
  if (values.length < 2) return unknown("too_few");
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return known(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}
