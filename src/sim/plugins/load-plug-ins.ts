import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import * as nodeModule from "node:module";
import { extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { UserError } from "../../diagnostics/user-error.ts";
import type { GovernorDefinition } from "../../engine/governors/governor.ts";
import type { RankerDefinition } from "../../engine/rankers/ranker.ts";
import type { StrategyDefinition } from "../strategies/strategy.ts";
import { guardGovernor, guardRanker, guardStrategy } from "./guard.ts";
import { NO_PLUG_INS, type PlugIn, PlugIns } from "./plug-ins.ts";

const NAME = /^[a-z][a-z0-9-]*$/;
const JAVASCRIPT = new Set([".js", ".mjs"]);
const TYPESCRIPT = new Set([".ts", ".mts"]);

/**
 * Loads the files of `--plugin`, each a module whose default export was made with `defineGovernor`, `defineRanker` or
 * `defineStrategy`. A plug-in is code of the person who runs it: it is trusted as that person is, and the only thing a
 * run knows of it is its file's hash.
 *
 * @throws {UserError} with the file, when one cannot be read, run, or used
 */
export async function loadPlugIns(files: readonly string[]): Promise<PlugIns> {
  if (files.length === 0) return NO_PLUG_INS;
  giveThemThisProgram();
  const loaded: PlugIn[] = [];
  for (const file of files) loaded.push(await loadPlugIn(file));
  return new PlugIns(loaded);
}

async function loadPlugIn(file: string): Promise<PlugIn> {
  const bytes = readPlugIn(file);
  requireLanguage(file);
  requireOneFile(file, bytes.toString("utf8"));
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const exported = await importDefault(file, sha256);
  return plugInOf(exported, file, sha256);
}

function readPlugIn(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    const is = code === "ENOENT" ? "there is no such file" : `reading it failed with ${code ?? "an error"}`;
    throw new UserError([{ file, text: `Cannot load the plug-in: ${is}, a JavaScript file is needed` }], undefined, {
      cause,
    });
  }
}

function requireLanguage(file: string): void {
  const ending = extname(file);
  if (JAVASCRIPT.has(ending)) return;
  if (!TYPESCRIPT.has(ending)) {
    throw refuse(file, `it ends in "${ending}", .js, .mjs, .ts or .mts is needed`);
  }
  const { typescript } = process.features as { readonly typescript?: unknown };
  if (typescript !== undefined && typescript !== false) return;
  throw refuse(
    file,
    `Node ${process.versions.node} does not read TypeScript, JavaScript is needed`,
    `npx tsc --target es2022 --module nodenext ${file} makes it, or run it with Node 22.18 or newer`,
  );
}

/** Imports of further files would be outside of the hash: two runs with one id could differ. */
function requireOneFile(file: string, text: string): void {
  const lines = text.split("\n");
  for (const [place, line] of lines.entries()) {
    const match = /(?:\bfrom|\bimport)\s*\(?\s*["']\.{0,2}\//.exec(line);
    if (match === null) continue;
    const problem = "Cannot load the plug-in: it imports another file, one file is needed";
    throw new UserError([{ file, line: place + 1, column: match.index + 1, text: problem }]);
  }
}

async function importDefault(file: string, sha256: string): Promise<unknown> {
  const url = `${pathToFileURL(resolve(file)).href}?sha256=${sha256}`;
  try {
    const module = (await import(url)) as { readonly default?: unknown };
    return module.default;
  } catch (cause) {
    const error = cause as Error & { readonly code?: string };
    const line = /\?sha256=[0-9a-f]+:(\d+)/.exec(error.stack ?? "")?.[1];
    const is = error instanceof SyntaxError ? "it is no JavaScript module" : "it threw when it was loaded";
    const text = `Cannot load the plug-in: ${is}: ${String(error.message).split("\n")[0]}; a module that loads is needed`;
    throw new UserError([{ file, ...(line === undefined ? {} : { line: Number(line), column: 1 }), text }], undefined, {
      cause,
    });
  }
}

function plugInOf(exported: unknown, file: string, sha256: string): PlugIn {
  if (typeof exported !== "object" || exported === null) {
    const needed = "one made with defineGovernor, defineRanker or defineStrategy is needed";
    throw refuse(file, `it has no default export, ${needed}`);
  }
  const { name, summary, params, judge, rank, create } = exported as Readonly<Record<string, unknown>>;
  if (typeof name !== "string" || !NAME.test(name)) {
    throw refuse(file, `its name is ${JSON.stringify(name)}, a name of a-z, 0-9 and - is needed`);
  }
  if (typeof summary !== "string" || summary === "")
    throw refuse(file, `"${name}" has no summary, a sentence is needed`);
  if (typeof (params as { safeParse?: unknown } | null | undefined)?.safeParse !== "function") {
    throw refuse(
      file,
      `"${name}" has no params, a zod schema is needed`,
      'params: z.strictObject({}), with z from "rehearsal"',
    );
  }
  const identity = { name, file, sha256 };
  if (typeof judge === "function") {
    return { ...identity, kind: "governor", definition: guardGovernor(exported as GovernorDefinition, file) };
  }
  if (typeof rank === "function") {
    return { ...identity, kind: "ranker", definition: guardRanker(exported as RankerDefinition, file) };
  }
  if (typeof create === "function") {
    return { ...identity, kind: "strategy", definition: guardStrategy(exported as StrategyDefinition, file) };
  }
  throw refuse(file, `"${name}" has none of judge, rank and create, one of them is needed`);
}

function refuse(file: string, text: string, hint?: string): UserError {
  return new UserError([{ file, text: `Cannot load the plug-in: ${text}`, ...(hint === undefined ? {} : { hint }) }]);
}

/** `rehearsal` means this program wherever the plug-in lies, not what may be installed beside it. */
function giveThemThisProgram(): void {
  const entry = JSON.stringify(new URL("../../index.js", import.meta.url).href);
  const hook = `export async function resolve(name, context, next) {
    return name === "rehearsal" ? { url: ${entry}, shortCircuit: true } : next(name, context);
  }`;
  nodeModule.register(`data:text/javascript,${encodeURIComponent(hook)}`);
}
