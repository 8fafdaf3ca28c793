import type { SweepDocument, SweepRow } from "../comparison/sweep-document.ts";
import { shortParameterNames, sweepMap, sweptParameters } from "../comparison/sweep-map.ts";
import { grouped, moneyText, numberText, timeText } from "../format.ts";
import { labSections, told } from "./lab-comparison-text.ts";
import { type ReportOptions, type Screen, screenOf } from "./run-report.ts";
import { type Column, type Row, renderTable } from "./table.ts";

const ROWS_SHOWN = 40;
/** Lowest to highest. */
const SHADES = [".", ":", "-", "+", "#"] as const;

export interface SweepTextOptions extends Partial<ReportOptions> {
  readonly file?: string;
}

/** A sweep on the terminal: a row for each variant, a map when two parameters were turned, then what may be claimed. */
export function renderSweep(sweep: SweepDocument, options: SweepTextOptions = {}): string {
  const screen = screenOf(options);
  const sections = [
    identity(sweep, screen),
    rowSection(sweep, screen),
    mapSection(sweep, screen),
    stoppingSection(sweep, screen),
    failedSection(sweep, screen),
    ...(sweep.comparison === null ? [] : labSections(sweep.comparison, screen)),
    closing(sweep, options.file, screen),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}

function identity(sweep: SweepDocument, screen: Screen): string[] {
  const { scenario, scenarioHash, recording, recordingHash, engineVersion, seeds, profiles, rows } = sweep;
  const dimension = profiles.length === 0 ? "" : `  profiles ${profiles.join(", ")}`;
  return told(
    `sweep  ${scenario} @${scenarioHash.slice(0, 8)}  recording ${recording} @${recordingHash.slice(0, 8)}  engine ${engineVersion}  variants ${rows.length}  seeds ${seeds.join(",")}${dimension}`,
    screen,
    0,
  ).map((line, index) => (index === 0 ? screen.paint("strong", line) : line));
}

function rowSection(sweep: SweepDocument, screen: Screen): string[] {
  const paths = sweptParameters(sweep);
  const names = shortParameterNames(paths);
  const isMany = sweep.seeds.length * Math.max(1, sweep.profiles.length) > 1;
  const columns: Column[] = [
    { header: "VARIANT", align: "left", dropOrder: 0 },
    ...paths.map((path): Column => ({ header: names.get(path)!, align: "right", dropOrder: 2 })),
    { header: "entries filled", align: "right", dropOrder: 3 },
    { header: "blocked", align: "right", dropOrder: 4 },
    { header: "trades", align: "right", dropOrder: 5 },
    { header: "net", align: "right", dropOrder: 0 },
    ...(isMany ? [{ header: "least to most", align: "right", dropOrder: 1 } as const] : []),
    { header: "drawdown", align: "right", dropOrder: 1 },
    { header: "verdict", align: "left", dropOrder: 0 },
  ];
  const baseline = sweep.comparison?.baseline ?? null;
  const rows = sweep.rows.slice(0, ROWS_SHOWN).map(
    (row): Row => ({
      cells: [
        `  ${row.variant}`,
        ...paths.map((path) => (row.settings[path] === undefined ? "" : settingText(row.settings[path]))),
        `${grouped(row.entryFilled)} of ${grouped(row.entryIntents)}`,
        grouped(row.entryBlocked),
        grouped(row.trades),
        moneyText(row.netPnlQuote),
        ...(isMany ? [`${numberText(row.netPnlOrdered[0]!, 4)} to ${numberText(row.netPnlOrdered.at(-1)!, 4)}`] : []),
        row.maxDrawdownQuote === null ? "-" : moneyText(row.maxDrawdownQuote),
        row.variant === baseline ? "baseline" : verdictText(row),
      ],
    }),
  );
  const left = sweep.rows.length - rows.length;
  return [...renderTable(columns, rows, screen), ...(left > 0 ? told(`and ${left} more in sweep.json`, screen) : [])];
}

function settingText(value: string | number | boolean | null): string {
  return typeof value === "number" ? numberText(value, 5) : String(value);
}

/** "best" is a word of evidence E3, so it is no word here. */
function verdictText({ verdict, badge, isFlipping }: SweepRow): string {
  if (verdict === null) return "-";
  return `${badge ?? ""} ${isFlipping ? "flips" : verdict}`.trim();
}

/** Two parameters, a letter of five shades for each pair: where the sweep found money, and whether it is a ridge or a spike. */
function mapSection(sweep: SweepDocument, screen: Screen): string[] {
  const paths = sweptParameters(sweep);
  if (paths.length !== 2) return [];
  const map = sweepMap(sweep, ...(paths as [string, string]));
  if (map === null) return [];
  const { down, across, downValues, acrossValues, cells } = map;
  const nets = cells.map(({ netPnlQuote }) => netPnlQuote);
  const [low, high] = [Math.min(...nets), Math.max(...nets)];
  const names = shortParameterNames(paths);
  const shadeAt = (row: number, column: number): string => {
    const share = high > low ? (nets[row * acrossValues.length + column]! - low) / (high - low) : 0.5;
    return SHADES[Math.min(SHADES.length - 1, Math.floor(share * SHADES.length))]!.repeat(5);
  };
  return [
    screen.paint("heading", `NET BY ${names.get(down)} (down) AND ${names.get(across)} (across)`),
    ...renderTable(
      [
        { header: "", align: "right", dropOrder: 0 },
        ...acrossValues.map(
          (value, place): Column => ({ header: settingText(value), align: "right", dropOrder: place }),
        ),
      ],
      downValues.map(
        (value, row): Row => ({
          cells: [`  ${settingText(value)}`, ...acrossValues.map((_, column) => shadeAt(row, column))],
        }),
      ),
      { ...screen, headerStyle: "dim" },
    ),
    ...told(
      `${SHADES[0]} ${numberText(low, 4)}  to  ${SHADES.at(-1)} ${numberText(high, 4)} quote, five equal steps`,
      screen,
    ),
  ];
}

function stoppingSection({ stopping }: SweepDocument, screen: Screen): string[] {
  if (stopping === null) return [];
  return [
    screen.paint("heading", `STOPPED EARLY  ${stopping.stopped.length}`),
    ...told(stopping.rule, screen),
    ...stopping.stopped.flatMap(({ variant, by, untilTsMs, netPnlQuote }) =>
      told(`${variant} at ${timeText(untilTsMs)}: net ${moneyText(netPnlQuote)}, dominated by ${by}`, screen),
    ),
  ];
}

function failedSection({ failed }: SweepDocument, screen: Screen): string[] {
  if (failed.length === 0) return [];
  return [
    screen.paint("heading", `FAILED  ${failed.length}`),
    ...failed.flatMap(({ variant, seed, profile, reason }) =>
      told(`!! ${variant} seed ${seed}${profile === null ? "" : ` ${profile}`}: ${reason}`, screen),
    ),
  ];
}

function closing({ rows, comparison }: SweepDocument, file: string | undefined, screen: Screen): string[] {
  const words = [
    `the highest of ${rows.length} results is the luckiest as well: read the verdicts, not the order`,
    ...(comparison?.notes ?? []),
    ...(file === undefined ? [] : [`file  ${file}`]),
  ];
  return words.flatMap((text) => told(text, screen, 0).map((line) => screen.paint("dim", line)));
}
