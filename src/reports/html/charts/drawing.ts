import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { visibleText } from "../../visible-text.ts";
import { escapeText, html, Markup } from "../markup.ts";
import { compactSvg } from "./compact-svg.ts";

/** Width of every chart in its own units; the page scales it down to the screen. */
export const CHART_WIDTH = 960;

export interface Described {
  /** What the picture is, as its accessible name. */
  readonly title: string;
  /** What it shows, one sentence computed from the data. */
  readonly finding: string;
}

/**
 * Draws a chart to SVG text without a browser. Equal data gives equal bytes on every machine: no clock, no locale, no
 * time zone, and coordinates are rounded to hundredths.
 */
export function draw(options: Plot.PlotOptions, { title, finding }: Described): Markup {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const drawn = Plot.plot({
    document: document as never,
    width: CHART_WIDTH,
    marginLeft: 64,
    marginRight: 16,
    style: { background: "none", fontSize: "12px" },
    ...options,
  });
  return accessible(drawn.outerHTML, title, finding);
}

/** The same promises for SVG that was laid out elsewhere. */
export function accessible(svg: string, title: string, finding: string): Markup {
  const head = `<title>${escapeText(title)}</title><desc>${escapeText(finding)}</desc>`;
  const named = svg
    .replace(/ style="[^"]*"/, "")
    // Names of groups say "line" or "dot" to a listener; the picture's own name and sentence say what is to be seen.
    .replace(/ aria-(label|description)="[^"]*"/g, "")
    .replace(/<style>[\s\S]*?<\/style>/g, "")
    .replace(/^<svg/, '<svg role="img"')
    .replace(/^(<svg[^>]*>)/, `$1${head}`);
  // A drawing holds words of streams too, in the texts of its marks, and no control character of its own.
  return new Markup(compactSvg(rounded(visibleText(named))));
}

/**
 * Coordinates need no more than hundredths of a pixel; seventeen digits of them would be most of the file. What is printed
 * between the tags stays as it is: it is a number somebody reads.
 */
function rounded(svg: string): string {
  return svg.replace(/<[^>]*>/g, (tag) =>
    tag.replace(/(?<![\w#.-])-?\d+\.\d{3,}(?![\w.])/g, (number) => String(Number(Number(number).toFixed(2)) + 0)),
  );
}

/** A picture with its finding above and its numbers below, for those who do not see it or want to check it. */
export function figure(picture: Markup, { finding }: Described, numbers: Markup | null = null): Markup {
  return html`<figure><figcaption>${finding}</figcaption><div class="chart">${picture}</div>${
    numbers === null ? null : html`<details><summary>Numbers of this picture</summary>${numbers}</details>`
  }</figure>`;
}

const DAY_MS = 86_400_000;

/** UTC axis: hours within a day and a half, days with hours beyond; never a 12-hour clock. */
export function timeAxis(startTsMs: number, endTsMs: number): Plot.ScaleOptions & { type: "utc" } {
  const isShort = endTsMs - startTsMs <= 1.5 * DAY_MS;
  return {
    type: "utc",
    domain: [new Date(startTsMs), new Date(Math.max(endTsMs, startTsMs + 1))],
    ticks: 8,
    label: "time (UTC)",
    tickFormat: (time: Date) => {
      const text = time.toISOString();
      if (isShort) return endTsMs - startTsMs < 300_000 ? text.slice(11, 19) : text.slice(11, 16);
      return text.slice(11, 16) === "00:00" ? text.slice(5, 10) : `${text.slice(5, 10)} ${text.slice(11, 16)}`;
    },
  };
}
