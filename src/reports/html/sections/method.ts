import { formatDurationMs } from "../../../engine/domain/duration.ts";
import { grouped } from "../../format.ts";
import { html, joined, type Markup } from "../markup.ts";
import { list } from "../page.ts";
import type { ReportModel } from "../report-model.ts";
import { table } from "../tables.ts";

const SIGNS = { ok: "ok", fail: "fail", no_data: "nodata", skipped: "skipped" } as const;

/** What was asked of the run, with the value each threshold saw. */
export function thresholdSection({ variants }: ReportModel): Markup {
  const rows = variants.flatMap(({ summary }) =>
    summary.thresholds.map(({ metric, expr, level, status, text, n }) => [
      metric,
      summary.run.variant,
      expr,
      html`<span class="${SIGNS[status]}">${status.replace("_", " ")}</span>`,
      `${text}${n === null ? "" : ` (n ${n})`}`,
      level,
    ]),
  );
  if (rows.length === 0) return html`<p>The scenario sets no threshold.</p>`;
  return table(["threshold", "variant", "asked", "verdict", "value", "level"], rows, {
    textColumns: [0, 1, 2, 3, 4, 5],
  });
}

/** How the numbers came about, and which were not computed and why. */
export function methodSection({ variants }: ReportModel): Markup {
  const parts = variants.map(({ summary }) => {
    const { run, metrics } = summary;
    // allow(unordered): metrics are written in the order of their list
    const undefinedOnes = Object.entries(metrics).filter(
      ([, { value, distribution }]) => value === null && distribution === null,
    );
    return html`<h3>${run.variant}</h3>${list([
      run.matching === undefined ? "orders went to a real exchange" : `matching: ${run.matching.text}`,
      `warm-up ${formatDurationMs(run.warmupMs)}: ${grouped(run.warmupIntents)} intents and ${grouped(run.warmupEvaluations)} evaluations are in no count`,
      `two evaluations more than ${formatDurationMs(summary.evidence.episodeGapMs)} apart are two episodes`,
      run.quirks.length === 0
        ? "no defect of the origin is switched on"
        : `defects of the origin switched on: ${run.quirks.join(", ")}`,
      `taints: ${grouped(summary.taints.tainted)} of ${grouped(summary.taints.plans)} plans rested on an input that was invented, stale or a default`,
      `${grouped(run.entries)} journal entries, ${grouped(run.decisions)} decisions`,
    ])}${
      undefinedOnes.length === 0
        ? null
        : table(
            ["not computed", "why"],
            undefinedOnes.map(([id, { reason }]) => [id, reason ?? "undefined"]),
            { textColumns: [0, 1], isSortable: false, caption: `Not computed under ${run.variant}` },
          )
    }`;
  });
  return html`<p>Times are UTC. Money is in USDT. Counts are of intents and episodes, never of evaluations alone. An undefined figure is a dash with its reason, never a number. Charts keep the first, least, greatest and last value of every stretch of time, so that no spike is lost.</p>${joined(parts)}`;
}

export function dataSection({ files }: ReportModel): Markup {
  if (files.length === 0) return html`<p>This page was made without the files of its run.</p>`;
  return table(
    ["file", "bytes", "SHA-256"],
    files.map(({ name, bytes, sha256 }) => [name, bytes, sha256]),
    { textColumns: [0, 2], isSortable: false },
  );
}
