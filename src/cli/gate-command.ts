import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { nearMisses } from "../diagnostics/near-miss.ts";
import { EXIT, UserError } from "../diagnostics/user-error.ts";
import { judgeGate } from "../lab/gate/judge-gate.ts";
import { VariantsInterrupted } from "../lab/run/run-variants.ts";
import { openRecordings } from "../recording/open-recordings.ts";
import type { GateDocument } from "../reports/gate/schema.ts";
import { renderGate } from "../reports/terminal/gate-report-text.ts";
import { loadPlugIns } from "../sim/plugins/load-plug-ins.ts";
import { loadScenario } from "../sim/scenario/load.ts";
import { overrideScenario } from "../sim/scenario/override.ts";
import { fitRecording } from "../sim/scenario/recording-fit.ts";
import type { Scenario } from "../sim/scenario/schema.ts";
import { createPaint } from "./colour.ts";
import type { GateOptions } from "./commands/gate.ts";
import { problemText, type Shell } from "./shell.ts";

/** `sim gate`: replays one variant with parts of its gate off and says what its refusals were worth. */
export async function gateCommand(file: string, options: GateOptions, shell: Shell): Promise<void> {
  const { seed, from, to } = options;
  const scenario = overrideScenario(loadScenario(file, await loadPlugIns(options.plugin ?? [])), {
    ...(seed === undefined ? {} : { seed }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  });
  const variantIndex = placeOf(scenario, options.variant);
  const note = (text: string): void => {
    if (options.quiet !== true) shell.note(text);
  };
  const recording = openRecordings([scenario.recordingPath], { cache: options.cache ? "auto" : "off", onNote: note });
  const fit = fitRecording(scenario, recording);
  if (fit.errors.length > 0) throw new UserError(fit.errors);
  for (const warning of [...scenario.warnings, ...fit.warnings]) note(`warning ${problemText(warning)}`);
  const interrupts = shell.catchInterrupts();
  let gate: GateDocument;
  try {
    gate = await judgeGate({ scenario, recording, variantIndex, shouldStop: () => interrupts.shouldStop() });
  } catch (error) {
    if (!(error instanceof VariantsInterrupted)) throw error;
    const text = "Cannot judge the gate: its replays were interrupted, whole ones are needed";
    throw new UserError([{ text }], EXIT.interrupted);
  } finally {
    interrupts.release();
  }
  if (!gate.isReconciled) shell.exitWith(EXIT.internal);
  const written = writeGate(gate, options.out);
  if (options.json === true) {
    shell.print(JSON.stringify(gate, null, 2));
    return;
  }
  const paint = createPaint(shell.stdout, !options.colour);
  const [wide, ascii] = [options.wide === true, options.ascii === true];
  shell.print(renderGate(gate, { width: shell.stdout.columns ?? 80, wide, ascii, paint, file: written }));
}

function placeOf(scenario: Scenario, named: string | undefined): number {
  if (named === undefined) return 0;
  const names = scenario.variants.map(({ name }) => name);
  const place = names.indexOf(named);
  if (place >= 0) return place;
  const near = nearMisses(named, names);
  throw new UserError([
    {
      file: scenario.file,
      text: `Cannot judge variant "${named}": the scenario has none of that name, one of ${names.join(", ")} is needed`,
      ...(near.length === 0 ? {} : { hint: `did you mean ${near.join(" or ")}?` }),
    },
  ]);
}

/** One folder per scenario and variant; the same judgement is the same bytes. */
function writeGate(gate: GateDocument, outDir: string): string {
  const folder = join(outDir, "gate", `${gate.scenario}-${gate.scenarioHash.slice(0, 8)}-${gate.seed}`);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${gate.variant}.json`);
  const part = `${file}.${process.pid}.part`;
  writeFileSync(part, `${JSON.stringify(gate, null, 2)}\n`);
  renameSync(part, file);
  return file;
}
