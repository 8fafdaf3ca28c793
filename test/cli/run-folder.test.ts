import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findRun } from "../../src/cli/finished-runs.ts";
import { createRunFolder } from "../../src/cli/run-folder.ts";
import { findScenarios } from "../../src/cli/scenario-files.ts";
import { UserError } from "../../src/diagnostics/user-error.ts";

let outDir = "";
beforeEach(() => {
  outDir = mkdtempSync(join(tmpdir(), "rehearsal-runs-"));
});
afterEach(() => rmSync(outDir, { recursive: true, force: true }));

const begin = (isReplaceAllowed = false) => createRunFolder({ outDir, runId: "r-00000001", isReplaceAllowed });
const visible = () => readdirSync(outDir).filter((name) => !name.startsWith("."));

describe("the folder of a run", () => {
  test("appears only when it is sealed, with all its files", () => {
    const folder = begin();
    const journal = folder.open("a/journal.ndjson");
    journal.write("one\n");
    journal.write("two ü\n");
    folder.write("summary.json", "{}\n");
    expect(visible()).toEqual([]);
    expect(folder.seal(false)).toBe("new");
    expect(visible()).toEqual(["r-00000001"]);
    expect(readdirSync(outDir)).toEqual(["r-00000001"]);
    expect(readFileSync(join(folder.path, "a/journal.ndjson"), "utf8")).toBe("one\ntwo ü\n");
  });

  test("leaves nothing when it is discarded", () => {
    const folder = begin();
    folder.open("journal.ndjson").write("half");
    folder.discard();
    expect(readdirSync(outDir)).toEqual([]);
  });

  test("is reused when the same run has the same bytes", () => {
    for (const expected of ["new", "same"]) {
      const folder = begin();
      folder.write("summary.json", "{}\n");
      expect(folder.seal(false)).toBe(expected);
    }
    expect(readdirSync(outDir)).toEqual(["r-00000001"]);
  });

  test("is never overwritten by other bytes unless told, and the old run stays whole", () => {
    const first = begin();
    first.write("summary.json", "1\n");
    first.seal(false);
    const second = begin();
    second.write("summary.json", "2\n");
    expect(() => second.seal(false)).toThrowError(/holds other bytes under the same id.*--force/);
    expect(readFileSync(join(outDir, "r-00000001/summary.json"), "utf8")).toBe("1\n");
    expect(readdirSync(outDir)).toEqual(["r-00000001"]);
    const third = begin(true);
    third.write("summary.json", "3\n");
    expect(third.seal(false)).toBe("replaced");
    expect(readFileSync(join(outDir, "r-00000001/summary.json"), "utf8")).toBe("3\n");
  });

  test("of a partial run has its own name and makes room for a later partial one", () => {
    for (const text of ["1\n", "2\n"]) {
      const folder = begin();
      folder.write("summary.json", text);
      folder.seal(true);
      expect(folder.path).toBe(join(outDir, "r-00000001-partial"));
    }
    expect(readFileSync(join(outDir, "r-00000001-partial/summary.json"), "utf8")).toBe("2\n");
    expect(visible()).toEqual(["r-00000001-partial"]);
  });

  test("removes what a killed process of the same run left, and nothing of another run", () => {
    // No process has an id above the kernel's limit of 2^22.
    mkdirSync(join(outDir, ".r-00000001.99999999.tmp"));
    mkdirSync(join(outDir, ".r-00000002.99999999.tmp"));
    begin().discard();
    expect(readdirSync(outDir)).toEqual([".r-00000002.99999999.tmp"]);
  });

  test("cannot be begun where a file stands in the way, and says so before anything runs", () => {
    writeFileSync(join(outDir, "file"), "");
    const make = () => createRunFolder({ outDir: join(outDir, "file"), runId: "r-1", isReplaceAllowed: false });
    expect(make).toThrowError(UserError);
    expect(make).toThrowError(/making the folder failed with (EEXIST|ENOTDIR), a writable folder is needed/);
  });
});

describe("a finished run", () => {
  const place = (id: string, variants: readonly string[], minutesAgo: number) => {
    for (const variant of variants) {
      mkdirSync(join(outDir, id, variant), { recursive: true });
      writeFileSync(join(outDir, id, variant, "journal.ndjson"), "");
    }
    const time = new Date(Date.UTC(2026, 0, 1) - minutesAgo * 60_000);
    utimesSync(join(outDir, id), time, time);
  };

  test("is the newest unless named, and named by id, beginning or folder", () => {
    place("r-aaaa1111", [""], 5);
    place("r-bbbb2222", ["b", "a"], 1);
    expect(findRun(outDir, undefined)).toMatchObject({ id: "r-bbbb2222", variants: [{ name: "a" }, { name: "b" }] });
    expect(findRun(outDir, "r-aaaa1111").variants).toEqual([
      { name: "", journal: join(outDir, "r-aaaa1111/journal.ndjson") },
    ]);
    expect(findRun(outDir, "aaaa").id).toBe("r-aaaa1111");
    expect(findRun("elsewhere", join(outDir, "r-aaaa1111")).id).toBe("r-aaaa1111");
  });

  test("that does not exist is refused with the runs there are", () => {
    expect(() => findRun(outDir, undefined)).toThrowError(/it has none/);
    place("r-aaaa1111", [""], 5);
    place("r-aaaa2222", [""], 5);
    expect(() => findRun(outDir, "r-aaab1111")).toThrowError(/runs: r-aaaa1111/);
    expect(() => findRun(outDir, "aaaa")).toThrowError(/2 runs begin with it/);
  });
});

describe("scenario files", () => {
  test("of a folder are found below it in one order, each once", () => {
    mkdirSync(join(outDir, "b"));
    for (const name of ["z.yaml", "a.yml", "b/c.yaml", "note.md"]) writeFileSync(join(outDir, name), "");
    const { files, isSingle } = findScenarios([outDir, join(outDir, "z.yaml")]);
    expect(files.map((file) => file.slice(outDir.length + 1))).toEqual(["a.yml", "b/c.yaml", "z.yaml"]);
    expect(isSingle).toBe(false);
    expect(findScenarios([join(outDir, "z.yaml")]).isSingle).toBe(true);
    expect(existsSync(join(outDir, "none"))).toBe(false);
    expect(findScenarios([join(outDir, "none")]).files).toHaveLength(1);
  });
});
