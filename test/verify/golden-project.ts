import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { GoldenHeader, GoldenRow } from "../../src/verify/golden/golden.ts";
import { goldenText, parseGolden } from "../../src/verify/golden/golden-file.ts";
import { repositoryPath } from "../sim/run/run-helpers.ts";

/** A project of its own with some of the shipped scenarios and their goldens, to be damaged. */
export interface GoldenProject {
  readonly folder: string;
  path(relative: string): string;
  /** Rewrites a text file. */
  edit(relative: string, change: (text: string) => string): void;
  /** Rewrites a golden and seals it again, as if it had been made so. */
  reseal(
    relative: string,
    change: (rows: GoldenRow[], header: GoldenHeader) => Partial<GoldenHeader> | undefined,
  ): void;
  remove(): void;
}

export const EDGES = "scenarios/regression/edges.yaml";
export const EDGES_GOLDEN = "goldens/regression/edges/base.ndjson";
export const WHY = "scenarios/why-no-execute.yaml";

/** @param isCopied recordings are copied and may be damaged; else they are those of the repository */
export function createGoldenProject({ isCopied = false }: { readonly isCopied?: boolean } = {}): GoldenProject {
  const folder = mkdtempSync(join(tmpdir(), "verify-"));
  const path = (relative: string) => join(folder, relative);
  for (const part of [EDGES, WHY, "goldens/regression", "goldens/why-no-execute"]) {
    mkdirSync(dirname(path(part)), { recursive: true });
    cpSync(repositoryPath(part), path(part), { recursive: true });
  }
  if (isCopied) cpSync(repositoryPath("recordings"), path("recordings"), { recursive: true });
  else symlinkSync(repositoryPath("recordings"), path("recordings"), "dir");
  const edit: GoldenProject["edit"] = (relative, change) => {
    const before = readFileSync(path(relative), "utf8");
    const after = change(before);
    if (after === before) throw new Error(`the edit of ${relative} changes nothing`);
    writeFileSync(path(relative), after);
  };
  return {
    folder,
    path,
    edit,
    reseal(relative, change) {
      edit(relative, (text) => {
        const { header, rows } = parseGolden(text, relative);
        const edited = [...rows];
        const further = change(edited, header) ?? {};
        const { schema: _schema, sha256: _sha256, ...open } = { ...header, ...further };
        return goldenText({ ...open, counts: { ...open.counts, lines: edited.length } }, edited);
      });
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
