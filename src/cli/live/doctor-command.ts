import { nearMisses } from "../../diagnostics/near-miss.ts";
import { EXIT, UserError } from "../../diagnostics/user-error.ts";
import { LANE_QUESTIONS, type LaneAnswer, type LaneQuestion } from "../../reports/doctor/lane-answers.ts";
import { createPaint } from "../colour.ts";
import type { Shell } from "../shell.ts";
import type { LiveDoctorOptions } from "./commands/doctor.ts";
import { doctorText } from "./doctor-text.ts";
import { askSession, readSessionFolder, type SessionDocument } from "./session-document.ts";

export interface LiveDoctorArgs extends LiveDoctorOptions {
  readonly folder?: string | undefined;
}

interface Question {
  readonly question: LaneQuestion | null;
  readonly symbol: string | null;
  /** What stood behind the question and belongs to the command: `--question no-exit FOLDER`. */
  readonly folder: string | null;
}

/**
 * `live doctor`: asks a running session over HTTP, or reads the journal of one, and answers.
 *
 * Exit 0 when the question was answered, 12 when there was nothing to judge yet.
 *
 * @throws {UserError} exit 2 for a question nobody knows or a session that does not answer, exit 14 for a folder
 * without a session
 */
export async function liveDoctor(args: LiveDoctorArgs, shell: Shell): Promise<void> {
  const asked = readQuestion(args.question);
  const folder = args.folder ?? asked.folder;
  const document = await readDocument(folder, args.port);
  const answers = answersTo(asked, document);
  const isAnswered = answers.some((each) => each.isAnswered);
  const code = isAnswered ? EXIT.ok : EXIT.evidenceIncomplete;
  shell.exitWith(code);
  const { findings } = document.findings;
  const shown = asked.symbol === null ? findings : findings.filter(({ symbol }) => symbol === asked.symbol);
  if (args.json === true) {
    const { source, running } = document;
    const { runId, startTsMs, lastTsMs, entries, isEnded } = document.findings;
    const session = { runId, source, startTsMs, lastTsMs, entries, isEnded, running };
    shell.print(
      JSON.stringify({ schema: "live.doctor/1", session, answers, findings: shown, exit: { code } }, null, 2),
    );
    return;
  }
  shell.print(doctorText(document, answers, shown, createPaint(shell.stdout, !args.colour)));
}

function readQuestion([first = "", ...others]: readonly string[] = []): Question {
  // `--question "why-blocked BTCUSDT"` says the same; a folder behind it keeps its blanks.
  const [word, ...further] = first.split(" ").filter((each) => each !== "");
  const rest = [...further, ...others];
  if (word === undefined) return { question: null, symbol: null, folder: null };
  const question = LANE_QUESTIONS.find((each) => each === word);
  if (question === undefined) {
    const near = nearMisses(word, LANE_QUESTIONS);
    const text = `Cannot answer "${word}": it is no question of the doctor, one of ${LANE_QUESTIONS.join(", ")} is needed`;
    throw new UserError([{ text, ...(near.length === 0 ? {} : { hint: `did you mean ${near.join(" or ")}?` }) }]);
  }
  const symbol = question === "why-blocked" ? rest.shift() : null;
  if (symbol === undefined || rest.length > 1) {
    const is = symbol === undefined ? "no symbol is named" : `${rest.join(" ")} is left over`;
    const hint = "live doctor FOLDER --question why-blocked BTCUSDT";
    throw new UserError([{ text: `Cannot answer ${question}: ${is}, the question and its symbol are needed`, hint }]);
  }
  return { question, symbol, folder: rest[0] ?? null };
}

async function readDocument(folder: string | null, port: string | undefined): Promise<SessionDocument> {
  if ((folder === null) === (port === undefined)) {
    const is = folder === null ? "neither a folder nor a port is given" : "a folder and a port are given";
    const text = `Cannot find the session: ${is}, either FOLDER or --port is needed`;
    throw new UserError([{ text, hint: "live doctor --help" }]);
  }
  if (folder !== null) return readSessionFolder(folder);
  const number = Number(port);
  if (/^\d{1,5}$/.test(port!) && number > 0 && number < 65_536) return askSession(number);
  throw new UserError([{ text: `Cannot ask port "${port}": it is no port, a number from 1 to 65535 is needed` }]);
}

function answersTo({ question, symbol }: Question, { findings }: SessionDocument): LaneAnswer[] {
  const { noExecute, noExit, coverage } = findings.answers;
  switch (question) {
    case null:
      return [noExecute, noExit, coverage];
    case "no-execute":
      return [noExecute];
    case "no-exit":
      return [noExit];
    case "coverage":
      return [coverage];
    case "why-blocked":
      return [answerOfSymbol(symbol!, findings)];
  }
}

function answerOfSymbol(symbol: string, { bySymbol, symbols, runId }: SessionDocument["findings"]): LaneAnswer {
  if (Object.hasOwn(bySymbol, symbol)) return bySymbol[symbol]!;
  if (symbols.includes(symbol)) {
    const answer = `${symbol} has not been judged yet: no intent and no exit of it has come`;
    return { question: "why-blocked", symbol, isAnswered: false, answer, causes: [], notTheCause: [] };
  }
  const near = nearMisses(symbol, symbols);
  const text = `Cannot say why "${symbol}" was blocked: session ${runId} has no such symbol and no intent named it, one of its ${symbols.length} symbols is needed`;
  throw new UserError([{ text, ...(near.length === 0 ? {} : { hint: `did you mean ${near.join(" or ")}?` }) }]);
}
