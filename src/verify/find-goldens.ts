import { readdirSync, statSync } from "node:fs";
import { join, normalize, relative, sep } from "node:path";
import type { Scenario } from "../sim/scenario/schema.ts";

/**
 * Where the golden of a variant belongs below the folder of goldens: the scenario's path without `scenarios/` and its
 * ending, then the variant, e.g. `incidents/s02/as-it-ran.ndjson`.
 */
export function goldenPlace(scenarioFolder: string, scenario: Pick<Scenario, "file">, variant: string): string {
  return join(stemOf(scenarioFolder, scenario.file), `${variant}.ndjson`);
}

function stemOf(scenarioFolder: string, file: string): string {
  const path = relative(scenarioFolder, file).replace(/\.ya?ml$/, "");
  return path.startsWith("..") ? path.split(sep).at(-1)! : path;
}

/** The files that are asked for, and the folder they are asked for in. */
export interface GoldenChoice {
  /** Folder that `goldenPlace` is below. */
  readonly root: string;
  /** `true` for a place that is asked for. */
  isChosen(file: string): boolean;
}

/**
 * What `sim verify GOLDENS` asks for: a folder of goldens, or a part of one (`goldens/incidents`,
 * `goldens/regime-flip/z-score.ndjson`), told from the places of the scenarios' goldens.
 */
export function chooseGoldens(path: string, places: readonly string[]): GoldenChoice {
  const asked = normalize(path).replace(/[/\\]+$/, "");
  const root = rootOf(asked, places);
  return {
    root,
    isChosen: (file) => file === asked || asked === "." || normalize(file).startsWith(`${asked}${sep}`),
  };
}

function rootOf(asked: string, places: readonly string[]): string {
  const parts = asked.split(sep);
  // The longest end of the path that begins the place of some golden.
  for (let length = parts.length - 1; length > 0; length--) {
    const end = parts.slice(parts.length - length).join(sep);
    const isPlace = places.some((place) => place === end || place.startsWith(`${end}${sep}`));
    if (isPlace) return parts.slice(0, parts.length - length).join(sep);
  }
  return asked;
}

/** Golden files at or below a path, in code-unit order; none when it does not exist. */
export function goldensBelow(path: string): string[] {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined) return [];
  if (status.isFile()) return [normalize(path)];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ndjson"))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Scenario files below a folder, in code-unit order. */
export function scenariosBelow(folder: string): string[] {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.ya?ml$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
