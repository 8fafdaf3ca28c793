import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { nearMisses } from "../diagnostics/near-miss.ts";
import { EXIT, UserError } from "../diagnostics/user-error.ts";
import type { JournalEntry, JournalHeader } from "../engine/domain/journal.ts";
import { openRecordings } from "../recording/open-recordings.ts";
import { DOCTOR_QUESTIONS, type DoctorQuestion, diagnose, type Patient } from "../reports/doctor/diagnosis.ts";
import { type DoctorDocument, doctorDocument } from "../reports/doctor/doctor-document.ts";
import { VerdictBook } from "../reports/doctor/verdict-book.ts";
import { type Ask, askOfRun, createFindings, findInRecording } from "../reports/findings/index.ts";
import { openJournal } from "../reports/journal-file.ts";
import { renderDiagnosis } from "../reports/terminal/doctor-text.ts";
import { loadScenario } from "../sim/scenario/load.ts";
import type { Scenario } from "../sim/scenario/schema.ts";
import { createPaint } from "./colour.ts";
import type { DoctorOptions } from "./commands/doctor.ts";
import { type FinishedRun, findRun } from "./finished-runs.ts";
import type { Shell } from "./shell.ts";

const ID_SHOWN = 8;

/** Beginnings of plan ids are enough for `sim explain`; entry ids stay whole. */
function shortId(id: string): string {
  return id.includes("-") ? id : id.slice(0, ID_SHOWN);
}

type Seen = Pick<Patient, "facts" | "findings" | "book" | "parity" | "parityCommand"> & {
  readonly source: DoctorDocument["source"];
  readonly symbols: readonly string[];
};

/**
 * `sim doctor`: reads a run, a live session or a recording and answers. A recording without decisions is rehearsed by the
 * scenario that is made for it, and that is said.
 */
export async function doctorCommand(target: string | undefined, options: DoctorOptions, shell: Shell): Promise<void> {
  const { question, symbol, rest } = readQuestion(options.question);
  const seen = await look(target ?? rest, options);
  if (symbol !== null) requireSymbol(symbol, seen);
  const diagnosis = diagnose({ ...seen, question, symbol });
  const code = diagnosis.isAnswered ? EXIT.ok : EXIT.evidenceIncomplete;
  if (code !== EXIT.ok) shell.exitWith(code);
  for (const gap of seen.source.gaps) shell.note(`warning: ${gap}`);
  if (options.json === true) {
    shell.print(JSON.stringify(doctorDocument(seen.source, diagnosis, code), null, 2));
    return;
  }
  shell.print(
    renderDiagnosis(diagnosis, {
      source: sourceText(seen.source),
      width: shell.stdout.columns ?? 80,
      wide: options.wide === true,
      paint: createPaint(shell.stdout, !options.colour),
    }),
  );
}

function sourceText({ kind, name, variant }: DoctorDocument["source"]): string {
  const of = variant === null ? "" : `  variant ${variant}`;
  if (kind !== "rehearsal") return `${kind} ${name}${of}`;
  return `recording without decisions, rehearsed by ${name}${of}`;
}

function readQuestion([first = "", ...others]: readonly string[] = []): {
  readonly question: DoctorQuestion | null;
  readonly symbol: string | null;
  /** What stood behind the question and is the target. */
  readonly rest: string | undefined;
} {
  const [word, ...further] = first.split(" ").filter((each) => each !== "");
  const rest = [...further, ...others];
  if (word === undefined) return { question: null, symbol: null, rest: undefined };
  const question = DOCTOR_QUESTIONS.find((each) => each === word);
  if (question === undefined) {
    const near = nearMisses(word, DOCTOR_QUESTIONS);
    const text = `Cannot answer "${word}": it is no question of the doctor, one of ${DOCTOR_QUESTIONS.join(", ")} is needed`;
    throw new UserError([{ text, ...(near.length === 0 ? {} : { hint: `did you mean ${near.join(" or ")}?` }) }]);
  }
  const symbol = question === "why-blocked" ? rest.shift() : null;
  if (symbol === undefined || rest.length > 1) {
    const is = symbol === undefined ? "no symbol is named" : `${rest.join(" ")} is left over`;
    const text = `Cannot answer ${question}: ${is}, the question and its symbol are needed`;
    throw new UserError([{ text, hint: "sim doctor RUN --question why-blocked BTCUSDT" }]);
  }
  return { question, symbol, rest: rest[0] };
}

function requireSymbol(symbol: string, { book, symbols, source }: Seen): void {
  const known = [...new Set([...symbols, ...(book?.bySymbol.keys() ?? [])])];
  if (known.includes(symbol)) return;
  const near = nearMisses(symbol, known);
  const text = `Cannot say why "${symbol}" was blocked: ${source.name} has no such symbol, one of its ${known.length} is needed`;
  throw new UserError([{ text, ...(near.length === 0 ? {} : { hint: `did you mean ${near.join(" or ")}?` }) }]);
}

async function look(target: string | undefined, options: DoctorOptions): Promise<Seen> {
  if (target !== undefined && /\.ya?ml$/.test(target)) return rehearse(loadScenario(target), options.variant);
  if (target !== undefined && existsSync(join(target, "manifest.json"))) return lookAtRecording(target, options);
  return lookAtRun(findRun(options.out, target), options.variant);
}

async function lookAtRecording(dir: string, options: DoctorOptions): Promise<Seen> {
  const { facts, findings } = findInRecording(dir);
  const hasDecisions = facts.execution.results > 0 || facts.plans.byOutcome.size > 0;
  const scenario = hasDecisions ? null : scenarioOf(dir);
  if (scenario !== null) return rehearse(scenario, options.variant);
  const gaps = hasDecisions
    ? []
    : ["the recording has no decisions and no scenario here is made for it: sim run SCENARIO makes some"];
  return {
    facts,
    findings,
    book: null,
    parity: null,
    parityCommand: `sim run a scenario on ${dir}, then sim verify`,
    source: { kind: "recording", name: dir, variant: null, gaps },
    symbols: openRecordings([dir], { cache: "off" }).symbols,
  };
}

/** The scenario below `scenarios` that plays the intents of this recording. */
function scenarioOf(dir: string): Scenario | null {
  if (!existsSync("scenarios")) return null;
  const wanted = realpathSync(dir);
  for (const name of readdirSync("scenarios").sort()) {
    const file = join("scenarios", name);
    if (!/\.ya?ml$/.test(name) || !statSync(file).isFile()) continue;
    try {
      const scenario = loadScenario(file);
      const isOfIt = existsSync(scenario.recordingPath) && realpathSync(scenario.recordingPath) === wanted;
      if (isOfIt && scenario.intents === "recording") return scenario;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
    }
  }
  return null;
}

async function rehearse(scenario: Scenario, variantName: string | undefined): Promise<Seen> {
  const variant =
    variantName === undefined ? scenario.variants[0]! : scenario.variants.find(({ name }) => name === variantName);
  if (variant === undefined)
    throw noVariant(
      variantName!,
      scenario.file,
      scenario.variants.map(({ name }) => name),
    );
  const { runScenario } = await import("../sim/run/run.ts");
  const recording = openRecordings([scenario.recordingPath]);
  let watcher: ReturnType<typeof watch> | null = null;
  runScenario({
    runId: "",
    scenario: { ...scenario, variants: [variant] },
    recording,
    onHeader: (_, header) => {
      watcher = watch(header, {
        explain: (id) => `sim explain ${shortId(id)}`,
        at: (symbol) => `sim doctor ${scenario.file} --question why-blocked ${symbol}`,
        overview: () => "sim report",
      });
    },
    onEntry: (_, entry) => watcher!.observe(entry),
  });
  return {
    ...watcher!.done(),
    parity: null,
    parityCommand: "sim verify",
    source: { kind: "rehearsal", name: scenario.file, variant: variant.name, gaps: [] },
    symbols: recording.symbols,
  };
}

function lookAtRun(run: FinishedRun, variantName: string | undefined): Seen {
  const names = run.variants.map(({ name, journal }) => (name === "" ? openJournal(journal).header.variant : name));
  const place = variantName === undefined ? 0 : names.indexOf(variantName);
  const chosen = run.variants[place];
  if (chosen === undefined) throw noVariant(variantName!, `run ${run.id}`, names);
  const journal = openJournal(chosen.journal);
  const isSession = existsSync(join(run.folder, "session.json"));
  const watcher = watch(journal.header, askOfRun(run.folder, names.length === 1 ? "" : names[place]!));
  for (const entry of journal.entries()) watcher.observe(entry);
  return {
    ...watcher.done(),
    parity: readParity(run.folder),
    parityCommand: isSession ? `live --resume ${run.folder}` : "sim verify",
    source: {
      kind: isSession ? "session" : "run",
      name: run.folder,
      variant: names[place]!,
      gaps: journal.findings.map(({ text }) => text),
    },
    symbols: journal.header.symbols,
  };
}

function watch(header: JournalHeader, ask: Ask) {
  const engine = createFindings({ header, ask });
  const book = new VerdictBook();
  return {
    observe(entry: JournalEntry) {
      engine.observe(entry);
      book.observe(entry);
    },
    done: () => ({ facts: engine.facts, findings: engine.report(), book }),
  };
}

/** What the end of a live session wrote down. */
function readParity(folder: string): Patient["parity"] {
  const file = join(folder, "parity.json");
  if (!existsSync(file)) return null;
  try {
    const { decisions, equal, firstDivergence } = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
    if (typeof decisions !== "number" || typeof equal !== "number") return null;
    const { seq, field } = (firstDivergence ?? {}) as { seq?: unknown; field?: unknown };
    const difference = firstDivergence == null ? null : `seq ${String(seq)} in ${String(field)}`;
    return { decisions, equal, difference };
  } catch {
    return null;
  }
}

function noVariant(name: string, where: string, names: readonly string[]): UserError {
  const near = nearMisses(name, names);
  const text = `Cannot ask variant "${name}": ${where} has ${names.join(", ")}`;
  return new UserError([{ text, ...(near.length === 0 ? {} : { hint: `did you mean ${near.join(" or ")}?` }) }]);
}
