import { createHash } from "node:crypto";
import { html, joined, Markup } from "./markup.ts";
import { SCRIPT } from "./script.ts";
import { STYLE } from "./style.ts";

export interface Section {
  readonly id: string;
  readonly title: string;
  readonly body: Markup;
}

export interface Page {
  readonly title: string;
  readonly head: Markup;
  /** In reading order; the first is the answer and has no heading of its own. */
  readonly sections: readonly Section[];
  readonly foot: Markup;
}

/**
 * A whole document that asks the network for nothing: its policy allows the inline style, this very script by its hash, and
 * pictures made of data. Complete without the script.
 */
export function renderPage({ title, head, sections, foot }: Page): string {
  const hash = createHash("sha256").update(SCRIPT).digest("base64");
  const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${hash}'; img-src data:; base-uri 'none'; form-action 'none'`;
  const [answer, ...rest] = sections;
  const body = html`<header><button class="theme" type="button" hidden>light / dark</button>${head}<nav aria-label="sections">${rest.map(
    (section) => html`<a href="#${section.id}">${section.title}</a> `,
  )}</nav></header>
<main>
${answer === undefined ? null : html`<section class="first" id="${answer.id}" aria-label="${answer.title}">${answer.body}</section>`}
${joined(rest.map((section) => html`<section id="${section.id}" aria-labelledby="${section.id}-head"><h2 id="${section.id}-head">${section.title}</h2>${section.body}</section>\n`))}</main>
<footer>${foot}</footer>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
${html`<title>${title}</title>`.text}
<style>${STYLE}</style>
</head>
<body>
${body.text}
<script>${SCRIPT}</script>
</body>
</html>
`;
}

export function list(items: readonly (Markup | string)[]): Markup {
  return new Markup(`<ul>${items.map((item) => html`<li>${item}</li>`.text).join("")}</ul>`);
}
