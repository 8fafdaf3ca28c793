import type { StudyRow } from "./coverage-study.ts";

/** What docs/statistics.md promises of the primary interval and of every promotion rule. */
export const CLAIMS = { coverageMin: 0.93, coverageMax: 0.97, promotionMax: 0.05 } as const;

/** Monte Carlo errors a row may be outside before its claim counts as broken. */
const ERRORS_ALLOWED = 3;

export type Judgement = "holds" | "BROKEN" | "no claim";

/**
 * Whether a row keeps its claim, given its Monte Carlo error. Claims are made for clustered episodes and for promotions
 * in the claimed worlds; the other rows are second opinions and limits, whose weakness the table shows.
 */
export function judge(row: StudyRow): Judgement {
  if (!row.isClaimed) return "no claim";
  const slack = ERRORS_ALLOWED * row.monteCarloSe;
  if (row.study === "known null") return row.share - slack <= CLAIMS.promotionMax ? "holds" : "BROKEN";
  const isInside = row.share + slack >= CLAIMS.coverageMin && row.share - slack <= CLAIMS.coverageMax;
  return isInside ? "holds" : "BROKEN";
}

export function renderStudy(rows: readonly StudyRow[], seed: string): string {
  const head = ["study", "world", "method", "share", "+- MC", "answered", "of", "claim"];
  const body = rows.map((row) => [
    row.study,
    row.world,
    row.method,
    percent(row.share),
    percent(row.monteCarloSe),
    String(row.answered),
    String(row.replications),
    judge(row),
  ]);
  const widths = head.map((_, column) => Math.max(...[head, ...body].map((line) => line[column]!.length)));
  const isNumber = (column: number): boolean => column >= 3 && column <= 6;
  const lines = [head, ...body].map((line) =>
    line
      .map((cell, column) => (isNumber(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join("  ")
      .trimEnd(),
  );
  return [
    `seed ${seed}; share = intervals that contain the truth (nominal 95 %), or recordings that promote; MC = one standard error`,
    ...lines,
  ].join("\n");
}

function percent(share: number): string {
  return Number.isFinite(share) ? `${(100 * share).toFixed(2)} %` : "-";
}
