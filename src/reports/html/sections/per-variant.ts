import { escapeText, html, joined, Markup } from "../markup.ts";
import type { ReportedVariant, ReportModel } from "../report-model.ts";

const REGION = 'role="region" aria-label="';

/** The same part for every variant under its name; with one variant no name is needed. */
export function perVariant({ variants }: ReportModel, part: (variant: ReportedVariant) => Markup | null): Markup {
  const parts = variants.flatMap((variant) => {
    const body = part(variant);
    if (body === null) return [];
    const { variant: name } = variant.summary.run;
    return [variants.length === 1 ? body : html`<h3>${name}</h3>${withName(body, name)}`];
  });
  return joined(parts);
}

/** Tables that scroll are landmarks, and those of several variants must not have one name. */
function withName(body: Markup, name: string): Markup {
  return new Markup(body.text.replaceAll(REGION, `${REGION}${escapeText(name).replaceAll("$", "$$$$")}: `));
}
