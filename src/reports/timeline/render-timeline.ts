import { createHash } from "node:crypto";
import { grouped, timeText } from "../format.ts";
import { embeddedJson, html, joined, Markup } from "../html/markup.ts";
import { STYLE } from "../html/style.ts";
import { table } from "../html/tables.ts";
import { ACCOUNT_FIELDS, SYMBOL_FIELDS } from "./state-changes.ts";
import type { TimelineSide } from "./timeline-data.ts";
import { TIMELINE_SCRIPT } from "./timeline-script.ts";

/** A decision that ended otherwise on the two sides. */
export interface Divergence {
  readonly tsMs: number;
  readonly text: string;
}

export interface Timeline {
  /** One, or two side by side; the first leads. */
  readonly sides: readonly TimelineSide[];
  readonly divergences: readonly Divergence[];
  readonly engine: string;
}

const OWN_STYLE = `
main,header,footer{max-width:1800px}
.controls{display:flex;flex-wrap:wrap;gap:6px;align-items:center;margin:8px 0}
.controls button,.controls input[type=search],.controls select{font:inherit;background:var(--bg);color:var(--fg);border:1px solid var(--rule);border-radius:4px;padding:4px 9px}
.controls button{cursor:pointer}
.controls input[type=range]{flex:1 1 100%;accent-color:var(--line)}
#where{font-weight:600;max-width:none;overflow-wrap:anywhere}
.sides{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,560px),1fr));gap:24px}
.sides>section{content-visibility:visible;min-width:0}
.steps{list-style:none;margin:8px 0;padding:0;border:1px solid var(--rule);border-radius:4px;overflow:hidden}
.steps button{all:unset;display:block;box-sizing:border-box;width:100%;padding:2px 8px;font:12px/1.5 ui-monospace,monospace;white-space:nowrap;overflow:hidden;text-overflow:ellipsis;cursor:pointer;border-left:4px solid transparent}
.steps button.quiet{color:var(--quiet)}
.steps button[aria-current]{background:var(--mark);border-left-color:var(--blocked);color:var(--fg)}
.steps button:focus-visible{outline:2px solid var(--line);outline-offset:-2px}
.now p{margin:2px 0;max-width:none;overflow-wrap:anywhere;font-size:13px}
.now .head{font-weight:600}
td.changed{background:var(--mark)}
.sides td,.sides th{text-align:left}
kbd{border:1px solid var(--rule);border-radius:3px;padding:0 4px;font:12px ui-monospace,monospace}
`;

/**
 * A run to step through, as one file that asks the network for nothing: every event, the state at that instant, jumps to
 * decisions and divergences, two runs side by side. Without a script it shows the first decisions and says how to get more.
 */
export function renderTimeline({ sides, divergences, engine }: Timeline): string {
  const [lead] = sides;
  if (lead === undefined || lead.entries === 0)
    throw new RangeError("Cannot show a timeline: the run has no event, at least one is needed");
  const hash = createHash("sha256").update(TIMELINE_SCRIPT).digest("base64");
  const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
  const title = `${lead.runId} · timeline`;
  const data = {
    sides: sides.map(({ first: _, chunks, ...side }) => ({
      ...side,
      chunks: chunks.map(({ packed: _packed, ...chunk }) => chunk),
    })),
    divergences,
    symbolFields: SYMBOL_FIELDS,
    accountFields: ACCOUNT_FIELDS,
  };
  const body = html`<header><button class="theme" type="button" hidden>light / dark</button><h1>${sides
    .map(({ runId, variant }) => `${runId} ${variant}`)
    .join(" beside ")}</h1><p class="quiet">${sides
    .map(
      ({ variant, entries, decisions }) =>
        `${variant}: ${grouped(entries)} events, ${grouped(decisions)} with decisions`,
    )
    .join(" · ")} · from ${timeText(lead.startTsMs)} · engine ${engine}</p></header>
<main><div id="walk" hidden>${controls(lead, divergences.length, sides.length)}<div class="sides">${sides.map(
    ({ runId, variant }, place) =>
      html`<section aria-label="${runId} ${variant}"><h2>${variant}</h2><ol class="steps" id="list-${place}" aria-label="events around, ${runId} ${variant}"></ol><h3>This event</h3><div class="now" id="now-${place}"></div><h3>State after it</h3><div id="state-${place}"></div></section>`,
  )}</div></div><div id="plain">${sides.map(plainSide)}</div></main>
<footer><p>Written by rehearsal ${engine} from the journals. The page loads nothing from anywhere.</p></footer>
<script type="application/json" id="timeline-data">${embeddedJson(data)}</script>
${joined(
  sides.flatMap(({ chunks }, side) =>
    chunks.map(
      // Base64 has no character that could end the element.
      ({ packed }, place) =>
        html`<script type="text/plain" id="chunk-${side}-${place}">${new Markup(packed)}</script>\n`,
    ),
  ),
)}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
${html`<title>${title}</title>`.text}
<style>${STYLE}${OWN_STYLE}</style>
</head>
<body>
${body.text}
<script>${TIMELINE_SCRIPT}</script>
</body>
</html>
`;
}

function controls(lead: TimelineSide, divergences: number, sides: number): Markup {
  const button = (action: string, text: string, key: string) =>
    html`<button type="button" data-action="${action}" title="${key}">${text}</button>`;
  return html`<div class="controls" role="toolbar" aria-label="steps">${[
    button("first", "first", "Home"),
    button("decision-back", "decision back", "p"),
    button("back", "back", "left arrow"),
    button("on", "on", "right arrow"),
    button("decision-on", "next decision", "n"),
    button("last", "last", "End"),
    button("symbol-back", "same symbol back", "Shift and left arrow"),
    button("symbol-on", "same symbol on", "Shift and right arrow"),
    ...(sides > 1
      ? [
          button("divergence-back", "divergence back", "D"),
          button("divergence-on", `next of ${grouped(divergences)} divergences`, "d"),
        ]
      : []),
  ]}<label>symbol <select id="symbol"><option value="">of the event</option>${[...lead.symbols]
    .sort()
    .map(
      (symbol) => html`<option value="${symbol}">${symbol}</option>`,
    )}</select></label><label>find <input type="search" id="find" placeholder="id, reason, words" size="18"></label>${button(
    "find",
    "find",
    "Enter",
  )}<input type="range" id="slider" min="0" max="${String(lead.entries - 1)}" value="0" aria-label="event"></div><p id="where" role="status"></p><p class="quiet"><kbd>←</kbd> <kbd>→</kbd> step, with <kbd>Shift</kbd> to decisions on the same symbol; <kbd>n</kbd> <kbd>p</kbd> decisions${
    sides > 1 ? html`; <kbd>d</kbd> <kbd>D</kbd> divergences` : null
  }; <kbd>/</kbd> find; <kbd>Home</kbd> <kbd>End</kbd>. Marked cells were changed by this event.</p>`;
}

function plainSide({ runId, variant, first, decisions }: TimelineSide): Markup {
  return html`<h2>${runId} ${variant}</h2><p>Stepping needs a script. These are the first of ${grouped(decisions)} events with decisions; decisions.ndjson has all, and sim explain says everything of one.</p>${table(
    ["time", "event and decisions"],
    first.map(({ tsMs, text }) => [timeText(tsMs), text]),
    { caption: `First decisions of ${variant}`, textColumns: [0, 1], isSortable: false },
  )}`;
}
