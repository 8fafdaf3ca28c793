import { z } from "zod";
import { scenarioSchema } from "./schema.ts";

/** The part of JSON Schema (draft 7) that the scenario's schema uses. */
export interface JsonSchema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly description?: string;
  readonly default?: unknown;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema | readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
}

/** What an editor checks a scenario file against; generated, so it can never say something else than the loader. */
export function scenarioJsonSchema(): JsonSchema {
  return z.toJSONSchema(scenarioSchema, { io: "input", target: "draft-7" }) as JsonSchema;
}

/** Bytes of `schemas/scenario.schema.json`. */
export function scenarioJsonSchemaText(): string {
  return `${JSON.stringify(scenarioJsonSchema(), null, 2)}\n`;
}

/** The schema of the place `path` in a document that holds `value`; a union is narrowed by the value's `name`. */
export function schemaAt(schema: JsonSchema, value: unknown, path: readonly PropertyKey[]): JsonSchema | null {
  const here = narrow(schema, value);
  const [step, ...rest] = path;
  if (step === undefined) return here;
  const below = stepInto(here, step);
  return below === null ? null : schemaAt(below, child(value, step), rest);
}

/** Keys an object at this place may have. */
export function knownKeys(schema: JsonSchema | null): string[] {
  if (schema === null) return [];
  // allow(unordered): names for an error text, in the order of the schema
  const own = Object.keys(schema.properties ?? {});
  const branches = [...(schema.oneOf ?? []), ...(schema.anyOf ?? []), ...(schema.allOf ?? [])];
  return [...new Set([...own, ...branches.flatMap((branch) => knownKeys(branch))])];
}

export function child(value: unknown, step: PropertyKey): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
  return (value as Record<PropertyKey, unknown>)[step];
}

function stepInto(schema: JsonSchema, step: PropertyKey): JsonSchema | null {
  const property = typeof step === "string" ? ownProperty(schema, step) : undefined;
  if (property !== undefined) return property;
  if (typeof step === "number" && schema.items !== undefined) {
    return isList(schema.items) ? (schema.items[step] ?? null) : schema.items;
  }
  if (typeof schema.additionalProperties === "object") return schema.additionalProperties;
  for (const branch of [...(schema.oneOf ?? []), ...(schema.anyOf ?? []), ...(schema.allOf ?? [])]) {
    const found = stepInto(branch, step);
    if (found !== null) return found;
  }
  return null;
}

function narrow(schema: JsonSchema, value: unknown): JsonSchema {
  const branches = schema.oneOf ?? schema.anyOf;
  if (branches === undefined) return schema;
  const name = child(value, "name");
  const named = branches.find((branch) => name !== undefined && branch.properties?.["name"]?.const === name);
  if (named !== undefined) return named;
  const kind = kindOf(value);
  const ofKind = branches.filter((branch) => branch.type === kind);
  return ofKind.length === 1 ? { description: schema.description ?? "", ...ofKind[0]! } : schema;
}

function ownProperty(schema: JsonSchema, key: string): JsonSchema | undefined {
  const properties = schema.properties ?? {};
  return Object.hasOwn(properties, key) ? properties[key] : undefined;
}

function isList(items: JsonSchema | readonly JsonSchema[]): items is readonly JsonSchema[] {
  return Array.isArray(items);
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}
