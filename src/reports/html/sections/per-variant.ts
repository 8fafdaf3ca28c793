import { html, joined, type Markup } from "../markup.ts";
import type { ReportedVariant, ReportModel } from "../report-model.ts";

/** The same part for every variant under its name; with one variant no name is needed. */
export function perVariant({ variants }: ReportModel, part: (variant: ReportedVariant) => Markup | null): Markup {
  const parts = variants.flatMap((variant) => {
    const body = part(variant);
    if (body === null) return [];
    return [variants.length === 1 ? body : html`<h3>${variant.summary.run.variant}</h3>${body}`];
  });
  return joined(parts);
}
