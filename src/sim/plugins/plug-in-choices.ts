import type { PlugInKind, PlugIns } from "./plug-ins.ts";

/** A choice as a scenario writes it: `{ name: my-governor, params: ... }`. */
type Choice = Readonly<Record<string, unknown>>;

/**
 * A document in which the name of a plug-in has become `{ name: plugin, use: <name>, sha256: <of its file> }`, so that
 * one fixed schema reads it and its hash covers the file.
 *
 * @param document a scenario as it was read; it is not changed
 */
export function withPlugInChoices(document: unknown, plugIns: PlugIns): unknown {
  if (plugIns.all.length === 0 || !isMap(document)) return document;
  const variants = document["variants"];
  return {
    ...document,
    ...changed(document, "strategy", (choice) => chosen(choice, "strategy", plugIns)),
    ...changed(document, "pipeline", (pipeline) => withPipelineChoices(pipeline, plugIns)),
    ...(Array.isArray(variants)
      ? {
          variants: variants.map((variant: unknown) =>
            isMap(variant)
              ? { ...variant, ...changed(variant, "pipeline", (pipeline) => withPipelineChoices(pipeline, plugIns)) }
              : variant,
          ),
        }
      : {}),
  };
}

/** As `withPlugInChoices`, for one `pipeline:`. */
export function withPipelineChoices(pipeline: unknown, plugIns: PlugIns): unknown {
  if (plugIns.all.length === 0 || !isMap(pipeline)) return pipeline;
  return {
    ...pipeline,
    ...changed(pipeline, "governor", (choice) => chosen(choice, "governor", plugIns)),
    ...changed(pipeline, "snapshots", (snapshots) =>
      isMap(snapshots)
        ? { ...snapshots, ...changed(snapshots, "ranker", (choice) => chosen(choice, "ranker", plugIns)) }
        : snapshots,
    ),
  };
}

function chosen(choice: unknown, kind: PlugInKind, plugIns: PlugIns): unknown {
  if (!isMap(choice) || typeof choice["name"] !== "string") return choice;
  const plugIn = plugIns.find(kind, choice["name"]);
  return plugIn === undefined ? choice : { ...choice, name: "plugin", use: plugIn.name, sha256: plugIn.sha256 };
}

function changed(owner: Choice, key: string, change: (value: unknown) => unknown): Choice {
  return Object.hasOwn(owner, key) ? { [key]: change(owner[key]) } : {};
}

function isMap(value: unknown): value is Choice {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
