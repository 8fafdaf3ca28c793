import { z } from "zod";
import { governors } from "../engine/governors/index.ts";
import { rankers } from "../engine/rankers/index.ts";

/** A governor or ranker as a list shows it. */
export interface CatalogueEntry {
  readonly name: string;
  readonly summary: string;
  readonly params: readonly CatalogueParam[];
}

export interface CatalogueParam {
  readonly name: string;
  readonly default: unknown;
  readonly description: string;
}

export function governorCatalogue(): CatalogueEntry[] {
  return governors.map(({ name, summary, params }) => ({ name, summary, params: paramsOf(params) }));
}

export function rankerCatalogue(): CatalogueEntry[] {
  return rankers.map(({ name, summary, params }) => ({ name, summary, params: paramsOf(params) }));
}

/** Names and defaults as a scenario writes them, from the schema that checks scenarios. */
function paramsOf(schema: z.ZodType): CatalogueParam[] {
  const { properties = {} } = z.toJSONSchema(schema, { io: "input" }) as {
    properties?: Record<string, { default?: unknown; description?: string }>;
  };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    default: property.default ?? null,
    description: property.description ?? "",
  }));
}

export function catalogueText(entries: readonly CatalogueEntry[]): string {
  const width = Math.max(...entries.flatMap(({ params }) => params.map(({ name }) => name.length)));
  return entries
    .map(({ name, summary, params }) => {
      const lines = params.map((param) => {
        const { default: given } = param;
        const value = typeof given === "object" && given !== null ? JSON.stringify(given) : String(given);
        return `    ${param.name.padEnd(width)}  ${value.padEnd(10)}  ${param.description}`.trimEnd();
      });
      return [`${name}`, `  ${summary}`, ...(lines.length === 0 ? ["    (no parameters)"] : lines)].join("\n");
    })
    .join("\n\n");
}
