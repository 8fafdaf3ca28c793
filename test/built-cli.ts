import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
const stamp = join(root, "dist/.built");
const lock = join(root, "dist/.building");

/** Path of the built `sim`. */
export const SIM = join(root, "dist/cli/sim.js");
/** Path of the built `live`. */
export const LIVE = join(root, "dist/cli/live.js");

/**
 * Builds dist/ when it is older than src/. Call it in `beforeAll` of tests that start the command line as users do;
 * tests in other processes wait for the one that builds.
 */
export async function ensureBuilt(): Promise<void> {
  mkdirSync(join(root, "dist"), { recursive: true });
  while (!takeLock()) await new Promise((done) => setTimeout(done, 100));
  try {
    if (!isStale()) return;
    const compiler = join(root, "node_modules/typescript/bin/tsc");
    const built = spawnSync(process.execPath, [compiler, "-p", join(root, "tsconfig.build.json")], {
      encoding: "utf8",
    });
    if (built.status !== 0) throw new Error(`the build fails:\n${built.stdout}${built.stderr}`);
    writeFileSync(stamp, "");
  } finally {
    rmdirSync(lock);
  }
}

function takeLock(): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch {
    // A lock older than any build is that of a test run which was killed.
    const made = statSync(lock, { throwIfNoEntry: false });
    if (made !== undefined && Date.now() - made.mtimeMs > 120_000) rmdirSync(lock);
    return false;
  }
}

function isStale(): boolean {
  if (!existsSync(stamp) || !existsSync(SIM)) return true;
  const builtMs = statSync(stamp).mtimeMs;
  const sources = readdirSync(join(root, "src"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const inputs = [
    ...sources,
    join(root, "tsconfig.json"),
    join(root, "tsconfig.build.json"),
    join(root, "package.json"),
  ];
  return inputs.some((file) => statSync(file).mtimeMs > builtMs);
}

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Called once the process runs, e.g. to send it a signal. */
  readonly onStart?: (child: ChildProcess) => void;
}

/** Runs the built `sim` as a child process and collects what it prints. */
export function runSim(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return runBuilt(SIM, args, options);
}

/** As `runSim`, of the built `live`. */
export function runLive(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return runBuilt(LIVE, args, options);
}

function runBuilt(program: string, args: readonly string[], { cwd, env, onStart }: CliOptions): Promise<CliResult> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [program, ...args], { cwd, env: { ...process.env, NO_COLOR: "1", ...env } });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.on("error", fail);
    child.on("close", (code) => done({ code, stdout, stderr }));
    onStart?.(child);
  });
}
