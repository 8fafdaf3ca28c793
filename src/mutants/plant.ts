import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Problem, UserError } from "../diagnostics/user-error.ts";
import type { Mutant } from "./mutant-list.ts";

/** Program and nothing else: maps and types would be two thirds of a copy. */
const isProgram = (path: string): boolean => !/\.(map|d\.ts)$/.test(path);

/**
 * Copies a built `dist/` with the package file that makes its modules run. The copy must lie below the project, so that
 * dependencies are found.
 */
export function copyBuild(projectDir: string, targetDir: string): void {
  rmSync(targetDir, { recursive: true, force: true });
  mkdirSync(targetDir, { recursive: true });
  cpSync(join(projectDir, "package.json"), join(targetDir, "package.json"));
  cpSync(join(projectDir, "dist"), join(targetDir, "dist"), { recursive: true, filter: isProgram });
}

/**
 * Makes the change of a mutant in a copy of the build.
 *
 * @throws {UserError} when the mutant no longer applies.
 */
export function plant(mutant: Mutant, copyDir: string): void {
  const problem = misfit(mutant, copyDir);
  if (problem !== null) throw new UserError([problem]);
  const file = join(copyDir, "dist", mutant.file);
  writeFileSync(
    file,
    readFileSync(file, "utf8").replace(mutant.find, () => mutant.replace),
  );
}

/** The text to replace is not there exactly once: the program has moved on, the list has not. */
export function misfit({ name, file, find }: Mutant, copyDir: string): Problem | null {
  const path = join(copyDir, "dist", file);
  const places = existsSync(path) ? readFileSync(path, "utf8").split(find).length - 1 : 0;
  if (places === 1) return null;
  return {
    file: `dist/${file}`,
    text: `Cannot plant mutant ${name}: it no longer applies, its text occurs ${places} times, once is needed`,
    hint: "write the line as it is emitted now into src/mutants/mutant-list.ts",
  };
}
