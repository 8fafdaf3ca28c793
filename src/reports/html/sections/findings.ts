import { evidenceText, type FindingKind, findingKinds, kindCounts } from "../../findings/index.ts";
import { grouped } from "../../format.ts";
import { html, type Markup } from "../markup.ts";
import type { ReportModel } from "../report-model.ts";

/** The rest is folded: what comes after the answer must not be pages away. */
const KINDS_OPEN = 8;
const KINDS_SHOWN = 60;
const SYMBOLS_SHOWN = 8;
const WORDS = { error: "error", warn: "warning", info: "told" } as const;

/** What a person should know and do, worst first: the sentence, what it rests on, the command that shows it, advice. */
export function findingSection({ variants }: ReportModel): Markup {
  const kinds = findingKinds(variants.map(({ summary, findings }) => ({ variant: summary.run.variant, findings })));
  if (kinds.length === 0) return html`<p>No rule found anything.</p>`;
  const items = kinds.slice(0, KINDS_SHOWN).map((kind) => item(kind, variants.length));
  const [open, folded] = [items.slice(0, KINDS_OPEN), items.slice(KINDS_OPEN)];
  const left = kinds.length - KINDS_SHOWN;
  return html`<p class="note">${kindCounts(kinds)}. docs/findings.md says what each code means.</p><ol class="findings">${open}</ol>${
    folded.length === 0
      ? null
      : html`<details><summary>${folded.length} more: ${kinds
          .slice(KINDS_OPEN, KINDS_SHOWN)
          .map(({ code }) => code)
          .join(", ")}</summary><ol class="findings" start="${KINDS_OPEN + 1}">${folded}</ol></details>`
  }${left > 0 ? html`<p class="note">${grouped(left)} more codes: sim doctor tells them.</p>` : null}`;
}

function item({ code, severity, first, variants, otherSymbols, others }: FindingKind, of: number): Markup {
  const shown = otherSymbols.slice(0, SYMBOLS_SHOWN);
  const more = otherSymbols.length - shown.length;
  const also = shown.length === 0 ? "" : `Also ${shown.join(", ")}${more > 0 ? ` and ${grouped(more)} more` : ""}. `;
  const where = variants.length === of ? "" : `Under ${variants.join(", ")}. `;
  const repeated = others === 0 ? "" : `${grouped(others + 1)} findings of this kind. `;
  return html`<li class="${severity}"><p><strong>${WORDS[severity]}</strong> <code>${code}</code> ${first.text}</p><p class="note">${also}${where}${repeated}${evidenceText(first)}</p><p>${first.advice}.</p><p><code>${first.command}</code></p></li>`;
}
