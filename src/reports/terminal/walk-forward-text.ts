import { formatDurationMs } from "../../engine/domain/duration.ts";
import { numberText, timeText } from "../format.ts";
import type { Measured } from "../statistics/measured.ts";
import { told } from "./lab-comparison-text.ts";
import { type ReportOptions, screenOf } from "./run-report.ts";
import { type Column, type Row, renderTable } from "./table.ts";

/** What the screen needs of a walk-forward; the document has more. */
export interface WalkForwardShown {
  readonly scenario: string;
  readonly scenarioHash: string;
  readonly recording: string;
  readonly recordingHash: string;
  readonly engineVersion: string;
  readonly seed: string;
  readonly baseline: string;
  readonly variants: readonly string[];
  readonly embargoMs: number;
  readonly isRolling: boolean;
  readonly folds: readonly {
    readonly test: { readonly fromTsMs: number; readonly toTsMs: number };
    readonly chosen: string;
    readonly chosenTrainPerDay: number;
    readonly chosenTestPerDay: number;
    readonly baselineTestPerDay: number;
    readonly oracle: string;
    readonly oracleTestPerDay: number;
    readonly rankCorrelation: Measured;
  }[];
  readonly chosenTestPerDay: number;
  readonly baselineTestPerDay: number;
  readonly efficiency: Measured;
  readonly wins: number;
  readonly signP: Measured;
}

export interface WalkForwardTextOptions extends Partial<ReportOptions> {
  readonly file?: string;
}

/** A walk-forward on the terminal: a row for each test, then what choosing was worth. */
export function renderWalkForward(walk: WalkForwardShown, options: WalkForwardTextOptions = {}): string {
  const screen = screenOf(options);
  const { folds, baseline } = walk;
  const columns: Column[] = [
    { header: "TEST FROM", align: "left", dropOrder: 0 },
    { header: "length", align: "right", dropOrder: 4 },
    { header: "chosen before", align: "left", dropOrder: 0 },
    { header: "net/day then", align: "right", dropOrder: 1 },
    { header: "net/day after", align: "right", dropOrder: 0 },
    { header: baseline, align: "right", dropOrder: 0 },
    { header: "oracle", align: "right", dropOrder: 3 },
    { header: "rank corr.", align: "right", dropOrder: 2 },
  ];
  const number = (value: number): string => numberText(value, 4);
  const rows = folds.map(
    (fold): Row => ({
      cells: [
        `  ${timeText(fold.test.fromTsMs).slice(0, 16)}Z`,
        formatDurationMs(fold.test.toTsMs - fold.test.fromTsMs),
        fold.chosen,
        number(fold.chosenTrainPerDay),
        number(fold.chosenTestPerDay),
        number(fold.baselineTestPerDay),
        number(fold.oracleTestPerDay),
        fold.rankCorrelation.value === null ? "-" : numberText(fold.rankCorrelation.value, 2),
      ],
    }),
  );
  const shown = (measured: Measured): string =>
    measured.value === null ? `- (${measured.reason.replaceAll("_", " ")})` : numberText(measured.value, 3);
  const lines = [
    ...told(
      `walk-forward  ${walk.scenario} @${walk.scenarioHash.slice(0, 8)}  recording ${walk.recording} @${walk.recordingHash.slice(0, 8)}  engine ${walk.engineVersion}  seed ${walk.seed}`,
      screen,
      0,
    ),
    ...told(
      `${walk.variants.length} variants, ${folds.length} tests after ${walk.isRolling ? "rolling" : "growing"} training, embargo ${formatDurationMs(walk.embargoMs)}`,
      screen,
      0,
    ),
    "",
    ...renderTable(columns, rows, screen),
    "",
    ...told(
      `what was chosen made ${number(walk.chosenTestPerDay)} a day afterwards, ${baseline} ${number(walk.baselineTestPerDay)}; it was ahead in ${walk.wins} of ${folds.length} tests (sign test p ${shown(walk.signP)})`,
      screen,
      0,
    ),
    ...told(
      `efficiency (after over before): ${shown(walk.efficiency)}; a rank correlation near 0 means that the past did not rank the variants`,
      screen,
      0,
    ),
    ...told(
      "every test begins with an empty account, as each training does; net results in quote, open positions at their mark",
      screen,
      0,
    ).map((line) => screen.paint("dim", line)),
    ...(options.file === undefined ? [] : [screen.paint("dim", `file  ${options.file}`)]),
  ];
  return `${lines.join("\n")}\n`;
}
