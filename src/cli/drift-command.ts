import { existsSync } from "node:fs";
import { join } from "node:path";
import { EXIT, UserError } from "../diagnostics/user-error.ts";
import type { RecordingSource } from "../recording/batch.ts";
import { openRecording } from "../recording/reader.ts";
import { type MarkAt, measureDrift } from "../reports/drift/drift.ts";
import { driftDocument } from "../reports/drift/drift-document.ts";
import { createLedgerBuilder, type Ledger } from "../reports/drift/executions.ts";
import { marksOf } from "../reports/drift/marks.ts";
import { openJournal } from "../reports/journal-file.ts";
import { renderDrift } from "../reports/terminal/drift-text.ts";
import { runScenario } from "../sim/run/run.ts";
import { loadScenario } from "../sim/scenario/load.ts";
import { createPaint } from "./colour.ts";
import type { Shell } from "./shell.ts";

export interface DriftOptions {
  readonly json?: boolean;
  readonly wide?: boolean;
  readonly colour: boolean;
}

/**
 * `sim compare --live`: rehearses a session on the simulated exchange and says what the difference is made of. Exit 12
 * when neither side filled anything: then there is nothing to compare.
 */
export function driftCommand(folder: string, options: DriftOptions, shell: Shell): void {
  const session = readSession(folder);
  const drift = measureDrift(session.live, session.simulated, session.recording.instruments, session.markAt, (symbol) =>
    session.markAt(symbol, Number.POSITIVE_INFINITY),
  );
  const code = drift.counts.live + drift.counts.simulated === 0 ? EXIT.evidenceIncomplete : EXIT.ok;
  if (code !== EXIT.ok) shell.exitWith(code);
  const document = driftDocument({ session: folder, ...session.rehearsal }, drift, code);
  shell.print(
    options.json === true
      ? JSON.stringify(document, null, 2)
      : renderDrift(document, {
          width: shell.stdout.columns ?? 80,
          paint: createPaint(shell.stdout, !options.colour),
        }),
  );
}

export interface RehearsedSession {
  readonly live: Ledger;
  readonly simulated: Ledger;
  readonly recording: RecordingSource;
  readonly markAt: MarkAt;
  readonly rehearsal: { readonly scenario: string; readonly variant: string };
}

/** @throws {UserError} exit 14 when the folder is none of a finished live session */
function readSession(folder: string): RehearsedSession {
  const live = liveLedger(folder);
  const file = join(folder, "scenario.yaml");
  const scenario = loadScenario(file);
  const recording = openRecording(scenario.recordingPath);
  const builder = createLedgerBuilder();
  runScenario({
    runId: "",
    scenario,
    recording,
    onHeader: () => undefined,
    onEntry: (_, entry) => builder.observe(entry),
  });
  return {
    live,
    simulated: builder.finish(),
    recording,
    markAt: marksOf(recording),
    rehearsal: { scenario: file, variant: scenario.variants[0]!.name },
  };
}

export function liveLedger(folder: string): Ledger {
  for (const name of ["journal.ndjson", "scenario.yaml", join("recording", "manifest.json")]) {
    if (existsSync(join(folder, name))) continue;
    const text = `Cannot read the session: the folder has no ${name}, that of a live session that has ended is needed`;
    const hint = name.startsWith("recording") ? `live --resume ${folder} ends it` : "live-out/ holds sessions";
    throw new UserError([{ file: folder, text, hint }], EXIT.recordingUnusable);
  }
  const builder = createLedgerBuilder();
  for (const entry of openJournal(join(folder, "journal.ndjson")).entries()) builder.observe(entry);
  return builder.finish();
}
