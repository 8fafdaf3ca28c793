import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { UserError } from "../../diagnostics/user-error.ts";
import { git } from "./revisions.ts";

/** What became of one revision: the folder of its run, or why it cannot say anything. */
export type Trial = { readonly runFolder: string } | { readonly reason: string };

/** A checkout beside the user's own, in which one revision after the other is built and run. */
export interface Workshop {
  /** Builds a revision and runs a scenario with it. */
  run(id: string, scenario: ScenarioPlace): Promise<Trial>;
  /** Takes the checkout and its runs away; may be called twice. */
  remove(): void;
}

/** A scenario of the user's tree, or the file at that path of each revision. */
export type ScenarioPlace =
  | { readonly kind: "current"; readonly file: string }
  | { readonly kind: "revision"; readonly path: string };

/**
 * The scenario as it is now, or at its path in each revision.
 *
 * @throws {UserError} when the file is not there, or a file of revisions lies outside the checkout.
 */
export function scenarioPlace(root: string, file: string, tree: "current" | "revision"): ScenarioPlace {
  if (tree === "current") {
    if (existsSync(file)) return { kind: "current", file };
    throw new UserError([{ file, text: "Cannot bisect with the scenario: the file is missing, a scenario is needed" }]);
  }
  const path = relative(realpathSync(root), file);
  if (!path.startsWith("..")) return { kind: "revision", path };
  throw new UserError([
    { file, text: `Cannot bisect with the scenario of revisions: it lies outside ${root}, a file of them is needed` },
  ]);
}

/**
 * Makes the checkout: a `git worktree` in a temporary folder, so that the user's own files and branch stay untouched.
 *
 * @throws {UserError} when git cannot make it.
 */
export function openWorkshop(root: string, firstId: string): Workshop {
  // The real path: git remembers it, and would not find a worktree again through a link.
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "rehearsal-bisect-")));
  const tree = join(folder, "tree");
  if (git(root, ["worktree", "add", "--detach", "--quiet", tree, firstId]) === null) {
    rmSync(folder, { recursive: true, force: true });
    throw new UserError([
      { text: `Cannot bisect: git makes no worktree of ${root} in the folder for temporary files, one is needed` },
    ]);
  }
  return {
    async run(id, scenario) {
      const problem = await build(root, tree, id);
      if (problem !== null) return { reason: problem };
      const out = join(folder, `run-${id}`);
      const file = scenario.kind === "current" ? scenario.file : join(tree, scenario.path);
      if (!existsSync(file)) return { reason: `has no ${file.slice(tree.length + 1)}` };
      const sim = join(tree, "dist/cli/sim.js");
      const { stderr } = await finished(process.execPath, [sim, "run", file, "--out", out, "--progress", "none"], tree);
      const name = existsSync(out) ? readdirSync(out).find((entry) => entry.startsWith("r-")) : undefined;
      return name === undefined ? { reason: `does not run: ${lastLine(stderr)}` } : { runFolder: join(out, name) };
    },
    remove() {
      git(root, ["worktree", "remove", "--force", tree]);
      rmSync(folder, { recursive: true, force: true });
      git(root, ["worktree", "prune"]);
    },
  };
}

/** @returns why the revision cannot be built, `null` when it is */
async function build(root: string, tree: string, id: string): Promise<string | null> {
  rmSync(join(tree, "dist"), { recursive: true, force: true });
  if (git(tree, ["checkout", "--quiet", "--force", "--detach", id]) === null) return "cannot be checked out";
  const modules = join(tree, "node_modules");
  // A link is taken away, not what it leads to.
  rmSync(modules, { recursive: true, force: true });
  if (hasSameLock(root, tree)) symlinkSync(join(root, "node_modules"), modules, "dir");
  else {
    const installed = await finished("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], tree);
    if (installed.code !== 0) return `does not install: ${lastLine(installed.stderr)}`;
  }
  const built = await finished("npm", ["run", "build", "--silent"], tree);
  return built.code === 0 ? null : `does not build: ${firstLine(built.stdout) ?? lastLine(built.stderr)}`;
}

function hasSameLock(root: string, tree: string): boolean {
  const [own, other] = [join(root, "package-lock.json"), join(tree, "package-lock.json")];
  if (!existsSync(own) || !existsSync(other)) return false;
  return existsSync(join(root, "node_modules")) && readFileSync(own).equals(readFileSync(other));
}

interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function finished(program: string, args: readonly string[], cwd: string): Promise<Finished> {
  return new Promise((done) => {
    const child = spawn(program, args, {
      cwd,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, NO_COLOR: "1" },
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.on("error", (error) => done({ code: null, stdout, stderr: `${stderr}${error.message}` }));
    child.on("close", (code) => done({ code, stdout, stderr }));
  });
}

function firstLine(text: string): string | undefined {
  return text.split("\n").find((line) => line.trim() !== "");
}

function lastLine(text: string): string {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.at(-1) ?? "nothing is said why";
}
