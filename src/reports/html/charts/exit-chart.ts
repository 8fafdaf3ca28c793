import * as Plot from "@observablehq/plot";
import { durationText, percentText } from "../../format.ts";
import { type Delay, kaplanMeier } from "../../statistics/survival.ts";
import type { Markup } from "../markup.ts";
import { numberTable } from "../tables.ts";
import { draw, figure } from "./drawing.ts";

/** Steps a curve is drawn with; between them nothing ended. */
const STEPS_MAX = 400;

/** Share of blocked exits still waiting, with the pointwise 95 % band of Greenwood; `null` when none was blocked. */
export function exitWaitFigure(variant: string, waits: readonly Delay[]): Markup | null {
  const { value } = kaplanMeier(waits);
  if (value === null) return null;
  const { steps, ended, censored, median, restrictedToSeconds } = value;
  const span = (seconds: number) => durationText(seconds * 1000);
  const described = {
    title: `Blocked exits still waiting, ${variant}`,
    finding: `Of ${waits.length} blocked exits ${ended} were let go and ${censored} never were; ${
      median.value === null
        ? `more than half still waited after ${span(restrictedToSeconds)}.`
        : `half waited ${span(median.value)} or longer.`
    }`,
  };
  const every = Math.ceil(steps.length / STEPS_MAX);
  const drawn = steps.filter((_, place) => place % every === 0 || place === steps.length - 1);
  const last = drawn.at(-1);
  const curve = [
    { x: 0, survival: 1, low: 1, high: 1 },
    ...drawn.map(({ seconds, survival, se }) => ({
      x: seconds,
      survival,
      low: Math.max(0, survival - 1.96 * se),
      high: Math.min(1, survival + 1.96 * se),
    })),
  ];
  const end = curve.at(-1)!;
  if (restrictedToSeconds > end.x) curve.push({ ...end, x: restrictedToSeconds });
  const unit = restrictedToSeconds > 7200 ? { name: "hours", seconds: 3600 } : { name: "minutes", seconds: 60 };
  const x = ({ x: seconds }: { readonly x: number }) => seconds / unit.seconds;
  const picture = draw(
    {
      height: 200,
      x: { label: `time since the first refusal (${unit.name})`, grid: true },
      y: { label: "still waiting (%)", grid: true, domain: [0, 100] },
      marks: [
        Plot.areaY(curve, {
          x,
          y1: ({ low }: (typeof curve)[number]) => low * 100,
          y2: ({ high }: (typeof curve)[number]) => high * 100,
          fill: "var(--blocked)",
          fillOpacity: 0.15,
          curve: "step-after",
        }),
        Plot.lineY(curve, {
          x,
          y: ({ survival }: (typeof curve)[number]) => survival * 100,
          stroke: "var(--blocked)",
          strokeWidth: 1.5,
          curve: "step-after",
        }),
        Plot.ruleY([0], { stroke: "currentColor" }),
      ],
    },
    described,
  );
  const rows = drawn.map(({ seconds, survival, atRisk, ended: now }) => [
    span(seconds),
    percentText(survival),
    String(atRisk),
    String(now),
  ]);
  if (last === undefined) rows.push([span(restrictedToSeconds), percentText(1), String(waits.length), "0"]);
  return figure(picture, described, numberTable(["after", "still waiting", "at risk", "ended"], rows));
}
