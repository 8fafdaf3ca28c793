import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { EXIT, UserError } from "../diagnostics/user-error.ts";
import { ticksToPrice } from "../engine/domain/instrument.ts";
import { openRecording } from "../recording/reader.ts";
import {
  calibrate,
  FILLS_MIN,
  type HoldOut,
  holdOut,
  type Measured,
  measureFills,
} from "../reports/calibration/calibration.ts";
import { marksOf } from "../reports/drift/marks.ts";
import { numberText, percentText } from "../reports/format.ts";
import { calibratedScenarioText } from "../sim/scenario/calibrated-scenario.ts";
import { loadScenario } from "../sim/scenario/load.ts";
import { createPaint } from "./colour.ts";
import type { CalibrateOptions } from "./commands/calibrate.ts";
import { liveLedger } from "./drift-command.ts";
import { readSessionFile } from "./live/session-file.ts";
import type { Shell } from "./shell.ts";

/** `sim calibrate`: fits the ways of orders and the slippage of sessions, and says how far a fit can be trusted. */
export function calibrateCommand(folders: readonly string[], options: CalibrateOptions, shell: Shell): void {
  const measured = joined(folders.map(measure));
  const scenario = loadScenario(join(folders[0]!, "scenario.yaml"));
  const { fill } = scenario.variants[0]!.exchange;
  if (measured.orderMs.length < FILLS_MIN) {
    const { impossible } = measured;
    const text = `Cannot fit the sessions: they have ${measured.orderMs.length} fills with possible times (${impossible} contradict the clocks), at least ${FILLS_MIN} are needed`;
    throw new UserError([{ text, hint: "name more sessions, or let one run longer" }], EXIT.evidenceIncomplete);
  }
  const fitted = calibrate(measured, fill.halfSpreadBps);
  const tests = options.holdout === undefined ? null : holdOut(measured, measure(options.holdout));
  const isTested = tests === null || tests.every(({ tested }) => tested >= FILLS_MIN);
  if (!isTested) shell.exitWith(EXIT.evidenceIncomplete);
  if (options.out !== undefined) {
    const recording = relative(dirname(resolve(options.out)), resolve(scenario.recordingPath));
    const text = readFileSync(join(folders[0]!, "scenario.yaml"), "utf8");
    writeFileSync(options.out, calibratedScenarioText(text, { recording, ...fitted }));
  }
  if (options.json === true) {
    const document = {
      schema: "sim.calibration/1",
      sessions: folders,
      played: folders.filter(isPlayed),
      fills: measured.orderMs.length,
      impossible: measured.impossible,
      fitted,
      holdOut: tests,
      out: options.out ?? null,
      exit: { code: isTested ? 0 : EXIT.evidenceIncomplete },
    };
    shell.print(JSON.stringify(document, null, 2));
    return;
  }
  const paint = createPaint(shell.stdout, !options.colour);
  const middle = (table: readonly number[]) => table[Math.floor((table.length - 1) / 2)] ?? Number.NaN;
  const high = (table: readonly number[]) => table[Math.floor((table.length - 1) * 0.95)] ?? Number.NaN;
  const { orderTableMs, answerTableMs, slippageBps } = fitted;
  const played = folders.filter(isPlayed);
  const lines = [
    paint(
      "heading",
      `MEASURED  ${measured.orderMs.length} fills of ${folders.length} ${folders.length === 1 ? "session" : "sessions"}`,
    ),
    `  order     decision to match    median ${middle(orderTableMs)} ms  p95 ${high(orderTableMs)} ms`,
    `  answer    match to knowledge   median ${middle(answerTableMs)} ms  p95 ${high(answerTableMs)} ms`,
    `  slippage  beyond the half spread of ${fill.halfSpreadBps} bps: ${numberText(slippageBps)} bps on average`,
    ...(measured.impossible === 0
      ? []
      : [paint("warn", `  !! ${measured.impossible} fills have times that contradict the clocks and were left out`)]),
    ...(played.length === 0
      ? []
      : [
          paint("warn", `  !! ${played.length} of ${folders.length} sessions ran against no real exchange`),
          "     their ways are those of this machine, times the speed; they say nothing of Binance",
        ]),
    ...(tests === null
      ? ["  how far it can be trusted is not known: --holdout SESSION tests it on another one"]
      : [paint("heading", `HOLD-OUT  ${options.holdout}`), ...tests.map(holdOutLine)]),
    ...(options.out === undefined ? [] : [`written ${options.out}; sim run ${options.out}`]),
  ];
  shell.print(lines.join("\n"));
}

function holdOutLine({ what, fitted, tested, ksDistance, ksCritical, coverageP95, isPredictive }: HoldOut): string {
  if (tested < FILLS_MIN) return `  ?? ${what}: ${tested} fills are too few for a conclusion, ${FILLS_MIN} are needed`;
  const verdict = isPredictive ? "ok  tells it" : "!!  does not tell it";
  return `  ${verdict.padEnd(20)} ${what}: distance ${ksDistance.toFixed(3)} (95 % stay below ${ksCritical.toFixed(3)}), ${percentText(coverageP95)} at or below the fitted p95, n ${fitted} and ${tested}`;
}

/** A recording or a served exchange may run faster than time: its ways are then the machine's, multiplied. */
function isPlayed(folder: string): boolean {
  const { feed, venue } = readSessionFile(folder);
  return feed === "recording" || venue === "loopback";
}

function measure(folder: string): Measured {
  const { executions } = liveLedger(folder);
  const recording = openRecording(join(folder, "recording"));
  const instruments = new Map(recording.instruments.map((instrument) => [instrument.symbol, instrument]));
  return measureFills(executions, marksOf(recording), ({ symbol }, priceTicks) =>
    ticksToPrice(instruments.get(symbol)!, priceTicks),
  );
}

function joined(all: readonly Measured[]): Measured {
  return {
    orderMs: all.flatMap(({ orderMs }) => orderMs),
    answerMs: all.flatMap(({ answerMs }) => answerMs),
    slippageBps: all.flatMap(({ slippageBps }) => slippageBps),
    impossible: all.reduce((sum, { impossible }) => sum + impossible, 0),
  };
}
