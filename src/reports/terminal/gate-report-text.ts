import { durationText, grouped, moneyText, numberText, percentText } from "../format.ts";
import type { EntrySection, ExitSection, GateDocument, HorizonValue } from "../gate/schema.ts";
import type { Measured } from "../statistics/measured.ts";
import { told } from "./lab-comparison-text.ts";
import { type ReportOptions, type Screen, screenOf } from "./run-report.ts";
import { type Column, type Row, renderTable } from "./table.ts";

const ROWS_SHOWN = 8;

export interface GateTextOptions extends Partial<ReportOptions> {
  /** Where the whole judgement is, as the user would type it. */
  readonly file?: string;
}

/**
 * The judgement of a gate on the terminal (reports.md section 3): what its refusals were worth, entries and exits never
 * in one number, then whether chance would have done as well, and what cannot be said. Ends with a line feed.
 */
export function renderGate(gate: GateDocument, options: GateTextOptions = {}): string {
  const screen = screenOf(options);
  const sections = [
    identity(gate, screen),
    ...(["ENTRY", "UNKNOWN"] as const).flatMap((evalType) => entrySections(evalType, gate.entry[evalType], screen)),
    ...(["EXIT", "UNKNOWN"] as const).map((evalType) => exitSection(evalType, gate.exit[evalType], screen)),
    coverageSection(gate, screen),
    ablationSection(gate, screen),
    closing(gate, options.file, screen),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}

function identity(gate: GateDocument, screen: Screen): string[] {
  const { variant, scenario, scenarioHash, recording, recordingHash, engineVersion, seed, days } = gate;
  return [
    ...told(
      `gate  ${variant}  scenario ${scenario} @${scenarioHash.slice(0, 8)}  recording ${recording} @${recordingHash.slice(0, 8)}  engine ${engineVersion}  seed ${seed}`,
      screen,
      0,
    ),
    ...told(
      `judged ${numberText(days, 3)} days, warm-up left out; one episode is one refusal, however often asked`,
      screen,
      0,
    ),
  ].map((line, index) => (index === 0 ? screen.paint("strong", line) : line));
}

function entrySections(evalType: string, section: EntrySection, screen: Screen): string[][] {
  if (section.episodes === 0) return [];
  return [
    worthSection(evalType, section, screen),
    reasonSection(evalType, section, screen),
    predictorSection(section, screen),
  ];
}

const text = (measured: Measured, show: (value: number) => string): string =>
  measured.value === null ? `- (${measured.reason.replaceAll("_", " ")})` : show(measured.value);

function worthSection(evalType: string, section: EntrySection, screen: Screen): string[] {
  const { horizons, episodes, blocked, limited, executed, skipped } = section;
  const columns: Column[] = [
    { header: `WHAT ${evalType} REFUSALS WERE WORTH`, align: "left", dropOrder: 0 },
    ...horizons.map(({ horizon }, place): Column => ({ header: horizon, align: "right", dropOrder: place })),
  ];
  const row = (label: string, read: (value: HorizonValue) => string): Row => ({
    cells: [`  ${label}`, ...horizons.map(read)],
  });
  const rows = [
    row("entries with a shadow", ({ n }) => grouped(n)),
    row("refused", (value) => grouped(value.blocked)),
    row("loss avoided", ({ lossAvoidedQuote }) => moneyText(lossAvoidedQuote)),
    row("profit forgone", ({ profitForgoneQuote }) => moneyText(profitForgoneQuote)),
    row("net value", ({ netValueQuote }) => moneyText(netValueQuote)),
    row("  95 % interval", ({ netValueInterval: { value } }) =>
      value === null ? "-" : `${numberText(value.low, 3)} to ${numberText(value.high, 3)}`,
    ),
    row("a random gate, same rate", ({ randomNetValue }) => numberText(randomNetValue)),
    row("an oracle", ({ oracleNetValue }) => numberText(oracleNetValue)),
    row("skill (0 chance, 1 oracle)", ({ skill }) => (skill.value === null ? "-" : numberText(skill.value, 2))),
    row("p of chance (shift test)", ({ pShift }) => (pShift.value === null ? "-" : numberText(pShift.value, 2))),
  ];
  const counts = `${grouped(episodes)} episodes: ${grouped(blocked)} refused by the governor, ${grouped(limited)} by a limit, ${grouped(executed)} let through, ${grouped(skipped)} skipped`;
  return [...renderTable(columns, rows, screen), ...told(counts, screen)];
}

function reasonSection(evalType: string, { byReason, byRegime }: EntrySection, screen: Screen): string[] {
  if (byReason.length === 0) return [];
  const columns: Column[] = [
    { header: `${evalType} REFUSALS BY REASON`, align: "left", dropOrder: 0 },
    { header: "refused", align: "right", dropOrder: 0 },
    { header: "loss avoided", align: "right", dropOrder: 1 },
    { header: "profit forgone", align: "right", dropOrder: 2 },
    { header: "net value", align: "right", dropOrder: 0 },
  ];
  const line = (name: string, row: EntrySection["byRegime"][number]): Row => ({
    cells: [
      `  ${name}`,
      grouped(row.blocked),
      moneyText(row.lossAvoidedQuote),
      moneyText(row.profitForgoneQuote),
      moneyText(row.netValueQuote),
    ],
  });
  return renderTable(
    columns,
    [
      ...byReason.slice(0, ROWS_SHOWN).map((row) => line(row.stage === "limit" ? `limit ${row.name}` : row.name, row)),
      ...byRegime.slice(0, ROWS_SHOWN).map((row) => line(`in regime ${row.name}`, row)),
    ],
    screen,
  );
}

function predictorSection({ predictor, gridConclusion }: EntrySection, screen: Screen): string[] {
  if (predictor.n === 0) return [];
  const { brier } = predictor;
  const brierText =
    brier.value === null
      ? `Brier - (${brier.reason})`
      : `Brier ${numberText(brier.value.brier)} = reliability ${numberText(brier.value.reliability)} - resolution ${numberText(brier.value.resolution)} + uncertainty ${numberText(brier.value.uncertainty)} + within bins ${numberText(brier.value.withinBinVariance - brier.value.withinBinCovariance)}`;
  return [
    screen.paint("heading", "THE KILL SCORE AS A PREDICTOR OF A LOSING ENTRY"),
    ...told(
      `ROC area ${text(predictor.rocArea, (value) => numberText(value, 3))} (0.5 is chance), average precision ${text(predictor.averagePrecision, (value) => numberText(value, 3))} of ${percentText(predictor.bad / predictor.n)} losing, n ${predictor.n}`,
      screen,
    ),
    ...told(brierText, screen),
    ...told(`over all horizons and sizes of loss: ${gridConclusion}`, screen),
  ];
}

function exitSection(evalType: string, section: ExitSection, screen: Screen): string[] {
  if (section.episodes === 0) return [];
  const { waits, total } = section;
  const seconds = (measured: Measured) => text(measured, (value) => durationText(value * 1000));
  return [
    screen.paint("heading", `WHAT REFUSED EXITS COST  ${evalType}`),
    ...told(
      `${grouped(section.episodes)} episodes: ${grouped(section.blocked)} refused, ${grouped(section.executed)} let through; cost of waiting ${moneyText(total.delayCostQuote)} (${grouped(total.censored)} still waiting at the end)`,
      screen,
    ),
    ...(waits.n === 0
      ? []
      : told(
          `waits (Kaplan-Meier, n ${waits.n}): median ${seconds(waits.p50Seconds)}, 95 % ${seconds(waits.p95Seconds)}; ${waits.executed} let go, ${waits.closed} closed another way, ${waits.atEnd} never`,
          screen,
        )),
    ...section.byReason
      .slice(0, ROWS_SHOWN)
      .flatMap(({ name, blocked, delayCostQuote }) =>
        told(`  ${name}: ${grouped(blocked)} refused, cost ${moneyText(delayCostQuote)}`, screen),
      ),
  ];
}

function coverageSection({ coverage }: GateDocument, screen: Screen): string[] {
  const head = screen.paint("heading", "DID THE RANKER SEE WHAT WAS NEEDED");
  if (coverage.value === null) return [head, ...told(`- (${coverage.reason.replaceAll("_", " ")})`, screen)];
  const { budget, microRecall, ceiling, precision, starvation, callsPerMinute } = coverage.value;
  const share = (measured: Measured) => text(measured, percentText);
  const worst = starvation.filter(({ longestMs }) => longestMs > 0).slice(0, 3);
  return [
    head,
    ...told(
      `recall@${budget} ${share(microRecall)} (ceiling ${share(ceiling)}), precision ${share(precision)}, ${text(callsPerMinute, (value) => numberText(value, 3))} calls a minute`,
      screen,
    ),
    ...(worst.length === 0
      ? []
      : told(
          `longest without a look: ${worst.map(({ symbol, longestMs }) => `${symbol} ${durationText(longestMs)}`).join(", ")}`,
          screen,
        )),
  ];
}

function ablationSection({ ablation }: GateDocument, screen: Screen): string[] {
  const columns: Column[] = [
    { header: "REPLAYED WITH REFUSALS PASSED", align: "left", dropOrder: 0 },
    { header: "refused", align: "right", dropOrder: 0 },
    { header: "equity at end", align: "right", dropOrder: 0 },
    { header: "effect", align: "right", dropOrder: 0 },
  ];
  const rows: Row[] = [
    { cells: ["  as it is", "", moneyText(ablation.actualQuote), ""] },
    { cells: ["  gate off", "", moneyText(ablation.ungovernedQuote), moneyText(ablation.differenceQuote)] },
    ...ablation.effects.map(
      ({ reason, refusals, effectQuote, withoutQuote }): Row => ({
        cells: [`  without ${reason}`, grouped(refusals), moneyText(withoutQuote), moneyText(effectQuote)],
      }),
    ),
    { cells: ["  interaction of the rules", "", "", moneyText(ablation.interactionQuote)] },
  ];
  return renderTable(columns, rows, screen);
}

function closing(
  { limits, assumptions, isReconciled }: GateDocument,
  file: string | undefined,
  screen: Screen,
): string[] {
  const dim = (words: string) => told(words, screen, 0).map((line) => screen.paint("dim", line));
  return [
    ...limits.flatMap((words) => told(`!! ${words}`, screen, 0)),
    ...dim(isReconciled ? "sums of every table reconcile" : "internal error: tables do not add up, please report it"),
    ...dim(`assumptions: ${assumptions.join("; ")}`),
    ...(file === undefined ? [] : dim(`file  ${file}`)),
  ];
}
