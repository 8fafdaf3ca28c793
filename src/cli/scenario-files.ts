import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Problem, UserError } from "../diagnostics/user-error.ts";

export interface ScenarioFiles {
  readonly files: readonly string[];
  /** `true` when one file was named, so that one report answers; else a table does. */
  readonly isSingle: boolean;
}

/**
 * Files named on the command line, folders replaced by every `.yaml` and `.yml` below them in code-unit order, each
 * file once. A path that does not exist is kept: reading it says so.
 *
 * @throws {UserError} naming every folder without a scenario.
 */
export function findScenarios(paths: readonly string[]): ScenarioFiles {
  const problems: Problem[] = [];
  const files = paths.flatMap((path) => {
    if (!isFolder(path)) return [path];
    const found = scenariosBelow(path);
    if (found.length === 0) {
      problems.push({ file: path, text: "Cannot run the folder: it has no scenario, a .yaml file in it is needed" });
    }
    return found;
  });
  if (problems.length > 0) throw new UserError(problems);
  return { files: [...new Set(files)], isSingle: paths.length === 1 && !isFolder(paths[0]!) };
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function scenariosBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.ya?ml$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort((left, right) => (left < right ? -1 : 1));
}
