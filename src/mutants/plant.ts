import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../diagnostics/user-error.ts";
import type { Mutant } from "./mutant-list.ts";

/** Program and nothing else: maps and types would be two thirds of a copy. */
const isProgram = (path: string): boolean => !/\.(map|d\.ts)$/.test(path);

/** Copies a built `dist/` with the package file that makes its modules run; both folders may lie anywhere below the
 * project, so that dependencies are found. */
export function copyBuild(projectDir: string, targetDir: string): void {
  rmSync(targetDir, { recursive: true, force: true });
  mkdirSync(targetDir, { recursive: true });
  cpSync(join(projectDir, "package.json"), join(targetDir, "package.json"));
  cpSync(join(projectDir, "dist"), join(targetDir, "dist"), { recursive: true, filter: isProgram });
}

/**
 * Makes the change of a mutant in a copy of the build.
 *
 * @throws {UserError} when the text to replace is not there exactly once: the program has moved on, the list has not.
 */
export function plant(mutant: Mutant, copyDir: string): void {
  const file = join(copyDir, "dist", mutant.file);
  const source = readFileSync(file, "utf8");
  const places = source.split(mutant.find).length - 1;
  if (places !== 1) {
    throw new UserError([
      {
        file: `dist/${mutant.file}`,
        text: `Cannot plant mutant ${mutant.name}: it no longer applies, its text occurs ${places} times, once is needed`,
        hint: "write the line as it is emitted now into src/mutants/mutant-list.ts",
      },
    ]);
  }
  writeFileSync(
    file,
    source.replace(mutant.find, () => mutant.replace),
  );
}
