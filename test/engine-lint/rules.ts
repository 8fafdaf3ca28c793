import type { Token } from "./tokens.ts";

/** One line that breaks a rule. */
export interface Hit {
  readonly line: number;
  readonly text: string;
}

export interface Rule {
  readonly name: string;
  /** Why the core must not do this, in one sentence. */
  readonly why: string;
  find(tokens: readonly Token[]): Hit[];
  /** Code on which the rule must fire, each on its own. */
  readonly fires: readonly string[];
  /** Code that looks alike and is allowed. */
  readonly passes: readonly string[];
}

/** Functions of Math whose result IEEE 754 or the language fixes to the last bit, on every engine and processor. */
const EXACT_MATH = "abs ceil clz32 floor fround imul max min round sign sqrt trunc".split(" ");
/** Constants: decimal literals in the language's definition. */
const MATH_CONSTANTS = "E LN10 LN2 LOG10E LOG2E PI SQRT1_2 SQRT2".split(" ");
/**
 * The language does not fix these two, but the kill score is a logistic and features are logarithms of prices, so there
 * is no rule without them. V8 computes both in software, the same on every processor; a test holds their bits.
 */
const PINNED_MATH = ["exp", "log"];
const MATH = new Set([...EXACT_MATH, ...MATH_CONSTANTS, ...PINNED_MATH]);

const LOCAL_DATE =
  /^(toLocale\w*|localeCompare|Intl|getHours|getDate|getDay|getMonth|getFullYear|getMinutes|getTimezoneOffset|setHours|toDateString|toTimeString)$/;
const BUILT_IN_MODULES =
  /^(node:.*|fs|fs\/promises|path|os|crypto|http|https|net|dns|child_process|worker_threads|cluster|timers|readline|zlib|stream|process|perf_hooks|v8|vm)$/;

export const RULES: readonly Rule[] = [
  {
    name: "clock",
    why: "time arrives with the envelope; a clock makes the second run differ from the first",
    find: (tokens) => [
      ...members(tokens, "Date", (name) => name !== "UTC"),
      ...references(tokens, ["performance", "hrtime", "Temporal"]),
    ],
    fires: [
      "const now = Date.now();",
      "const { now } = Date;",
      "const clock = Date; clock.now();",
      "const at = new Date();",
      'Date.parse("2026-02-02");',
      "performance.now();",
      'globalThis["Date"].now();',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: source of a template, not one
      "const text = `at ${Date.now()}`;",
    ],
    passes: [
      'const text = "Date.now()"; // Date.now() is what live/ calls',
      "const text = `Date.now()`;",
      "const startTsMs = Date.UTC(2026, 1, 2);",
      "envelope.tsMs; queue.now();",
      "interface Row { readonly performance: number }",
      "const pattern = /Date.now()/;",
    ],
  },
  {
    name: "dice",
    why: "chance comes from a named, seeded stream that is handed in",
    find: (tokens) => [
      ...members(tokens, "Math", (name) => name === "random"),
      ...references(tokens, ["crypto", "seedrandom", "getRandomValues", "randomUUID", "randomBytes", "randomInt"]),
      ...strings(tokens, (text) => text === "seedrandom"),
    ],
    fires: [
      "Math.random();",
      'Math["random"]();',
      "const { random } = Math;",
      "crypto.randomUUID();",
      'import seedrandom from "seedrandom";',
      'import { randomBytes } from "node:crypto";',
    ],
    passes: ["stream.random();", "// Math.random", 'const text = "Math.random()";', "Math.max(1, 2);"],
  },
  {
    name: "timers",
    why: "a timer is an effect, `timer.set`, that comes back as an event",
    find: (tokens) => references(tokens, ["setTimeout", "setInterval", "setImmediate", "queueMicrotask", "nextTick"]),
    fires: ["setTimeout(run, 5);", "const later = setImmediate;", "queueMicrotask(run);", "setInterval(run, 1);"],
    passes: ["setTimer(run);", 'const type = "setTimeout";'],
  },
  {
    name: "io",
    why: "the core reads events and returns decisions, nothing else",
    find: (tokens) => [
      ...strings(tokens, (text, index) => isModuleName(tokens, index) && BUILT_IN_MODULES.test(text)),
      ...references(tokens, ["require", "fetch", "console", "WebSocket", "XMLHttpRequest"]),
      ...hits(tokens, (index) => isAt(tokens, index, "import") && /^[(.]$/.test(tokens[index + 1]?.text ?? "")),
    ],
    fires: [
      'import { readFileSync } from "node:fs";',
      'import "fs";',
      'export * from "node:os";',
      'const fs = require("fs");',
      "const later = import(name);",
      "const here = import.meta.url;",
      "console.log(plan);",
    ],
    passes: ['import type { Side } from "./intent.ts";', 'const path = "node:fs";', "port.fetch(symbol);"],
  },
  {
    name: "process",
    why: "the environment of a process is not an input of a run",
    find: (tokens) => references(tokens, ["process", "globalThis", "global"]),
    fires: ["const home = process.env;", "const { env } = process;", "globalThis.x = 1;", "use(process);"],
    passes: ["queue.process(item);", "const table = { process: 1 };", "interface Step { readonly global: number }"],
  },
  {
    name: "async",
    why: "the order of awaited answers is the scheduler's, not the engine's",
    find: (tokens) => references(tokens, ["Promise", "async", "await", "AsyncGenerator", "AsyncIterable"]),
    fires: [
      "async function step() {}",
      "Promise.resolve(1);",
      "const run = async () => 1;",
      "type Answer = Promise<void>;",
    ],
    passes: ['const text = "await";', "lock.await;"],
  },
  {
    name: "threads",
    why: "what another thread writes arrives at no fixed moment",
    find: (tokens) => references(tokens, ["Atomics", "SharedArrayBuffer", "Worker", "MessageChannel"]),
    fires: ["Atomics.load(cell, 0);", "new SharedArrayBuffer(8);"],
    passes: ["interface Pool { Worker: string }", "new ArrayBuffer(8);"],
  },
  {
    name: "locale",
    why: "the order of letters and the zone of a clock differ between machines",
    find: (tokens) => names(tokens, (name) => LOCAL_DATE.test(name)),
    fires: [
      "a.localeCompare(b);",
      "const { localeCompare } = text;",
      'a["localeCompare"](b);',
      "price.toLocaleString();",
      "new Intl.Collator();",
      "at.getHours();",
    ],
    passes: ["at.getUTCHours();", "symbol.toUpperCase();", "a < b ? -1 : 1;", "// localeCompare"],
  },
  {
    name: "unordered",
    why: "a plain object lists number-like keys first, so its order is not that of insertion; state lives in Map",
    find: (tokens) => [
      ...members(tokens, "Object", (name) => /^(keys|values|entries|getOwnProperty\w*)$/.test(name)),
      ...members(tokens, "Reflect", (name) => name === "ownKeys"),
      ...hits(tokens, (index) => isForIn(tokens, index)),
    ],
    fires: [
      "for (const key in table) {}",
      "for (let key in table) {}",
      "Object.keys(table);",
      "Object.entries(table).map(run);",
      "const { values } = Object;",
      "Reflect.ownKeys(table);",
    ],
    passes: [
      "for (const key of table.keys()) {}",
      'if ("key" in table) {}',
      "for (let index = 0; index < count; index++) {}",
      "Object.fromEntries(rows);",
      "Object.freeze(table);",
    ],
  },
  {
    name: "arithmetic",
    why: "the language leaves the last bits of these functions to the engine",
    find: (tokens) => [
      ...members(tokens, "Math", (name) => !MATH.has(name) && name !== "random"),
      ...hits(tokens, (index) => tokens[index]!.type === "mark" && /^\*\*=?$/.test(tokens[index]!.text)),
    ],
    fires: [
      "Math.pow(2, x);",
      "2 ** x;",
      "x **= 2;",
      "Math.sin(x);",
      "Math.hypot(a, b);",
      'Math["cbrt"](x);',
      "const { tanh } = Math;",
    ],
    passes: [
      "Math.sqrt(x);",
      "Math.exp(-x);",
      "Math.log(x);",
      "Math.round(x);",
      "x * x; /** a ** b */",
      "vector.pow(2);",
    ],
  },
  {
    name: "sort",
    why: "a sort without a unique last key keeps the order in which things happened to arrive",
    find: findLooseSorts,
    fires: [
      "values.sort();",
      "values.toSorted();",
      "rows.sort((a, b) => a.ageMs - b.ageMs);",
      "rows.sort((a, b) => { return a.ageMs - b.ageMs; });",
      "rows.sort(byAge);",
    ],
    passes: [
      "numbers.sort((a, b) => a - b);",
      "rows.sort((a, b) => a.ageMs - b.ageMs || a.index - b.index);",
      "rows.sort((a, b) => { if (a.age !== b.age) return a.age - b.age; return a.id < b.id ? -1 : 1; });",
      "sort(rows);",
    ],
  },
  {
    name: "collected",
    why: "what the garbage collector decides is not reproducible",
    find: (tokens) => references(tokens, ["WeakMap", "WeakRef", "WeakSet", "FinalizationRegistry"]),
    fires: ["new WeakMap();", "const Kept = WeakRef;", "new FinalizationRegistry(run);"],
    passes: ["new Map();", 'const text = "WeakRef";'],
  },
  {
    name: "code",
    why: "code made from text is read by no rule here",
    find: (tokens) => [
      ...references(tokens, ["eval", "Function"]),
      ...hits(
        tokens,
        (index) => isAt(tokens, index, "with") && tokens[index + 1]?.text === "(" && !isMember(tokens, index),
      ),
    ],
    fires: ['eval("1");', 'new Function("return 1");', "const run = eval; run(text);"],
    passes: ["function run() {}", "policy.eval(plan);", "rows.with(0, row);"],
  },
  {
    name: "module-state",
    why: "what a module remembers outlives the run, so the second run in a process is not the first",
    find: findModuleState,
    fires: [
      "let count = 0;",
      "var count = 0;",
      "export let last = null;",
      "const cache = new Map<string, number>();",
      "const seen = new Set();",
    ],
    passes: [
      "const TABLE = new Map([[1, 2]]);",
      "function run() { let count = 0; const seen = new Set(); }",
      "class Book { readonly #open = new Map<string, number>(); }",
    ],
  },
];

function hits(tokens: readonly Token[], isHit: (index: number) => boolean): Hit[] {
  return tokens.flatMap((token, index) => (isHit(index) ? [{ line: token.line, text: token.text }] : []));
}

function isAt(tokens: readonly Token[], index: number, name: string): boolean {
  return tokens[index]?.type === "name" && tokens[index].text === name;
}

/** `a.name` and `a?.name`; a name of the global object is a global all the same. */
function isMember(tokens: readonly Token[], index: number): boolean {
  const before = tokens[index - 1]?.text;
  if (before !== "." && before !== "?.") return false;
  return !isGlobalObject(tokens[index - 2]);
}

function isGlobalObject(token: Token | undefined): boolean {
  return token?.text === "globalThis" || token?.text === "global";
}

/** `{ name: ...`, `; name: ...` and `readonly name: ...`: keys of literals and members of types. */
function isKey(tokens: readonly Token[], index: number): boolean {
  const after = tokens[index + 1]?.text;
  const isBeforeColon = after === ":" || (after === "?" && tokens[index + 2]?.text === ":");
  return isBeforeColon && /^([{,;]|readonly)$/.test(tokens[index - 1]?.text ?? "");
}

/** Names that stand for a global, wherever they stand: called, aliased, destructured or passed on. */
function references(tokens: readonly Token[], globals: readonly string[]): Hit[] {
  const wanted = new Set(globals);
  return names(tokens, (name, index) => {
    if (tokens[index]!.type === "string") return wanted.has(name) && isGlobalObject(tokens[index - 2]);
    return wanted.has(name) && !isMember(tokens, index) && !isKey(tokens, index);
  });
}

/** Names, written after a point or as text in brackets: `a.name` and `a["name"]`. */
function names(tokens: readonly Token[], isWanted: (name: string, index: number) => boolean): Hit[] {
  return hits(tokens, (index) => {
    const { type, text } = tokens[index]!;
    return (type === "name" || isComputed(tokens, index)) && isWanted(text, index);
  });
}

function isComputed(tokens: readonly Token[], index: number): boolean {
  return tokens[index]!.type === "string" && tokens[index - 1]?.text === "[" && tokens[index + 1]?.text === "]";
}

/** Members of a global object, and any use of the object that hides which member is meant. */
function members(tokens: readonly Token[], object: string, isWanted: (member: string) => boolean): Hit[] {
  return hits(tokens, (index) => {
    if (isComputed(tokens, index) && isGlobalObject(tokens[index - 2])) return tokens[index]!.text === object;
    if (!isAt(tokens, index, object) || isMember(tokens, index) || isKey(tokens, index)) return false;
    const after = tokens[index + 1]?.text;
    const member = tokens[index + 2];
    if (after === "." || after === "?.") return isWanted(member?.text ?? "");
    if (after === "[") return member?.type !== "string" || isWanted(member.text);
    return true;
  });
}

function strings(tokens: readonly Token[], isWanted: (text: string, index: number) => boolean): Hit[] {
  return hits(tokens, (index) => tokens[index]!.type === "string" && isWanted(tokens[index]!.text, index));
}

function isModuleName(tokens: readonly Token[], index: number): boolean {
  return isAt(tokens, index - 1, "from") || isAt(tokens, index - 1, "import");
}

function isForIn(tokens: readonly Token[], index: number): boolean {
  if (!isAt(tokens, index, "for") || tokens[index + 1]?.text !== "(") return false;
  for (let at = index + 2; at < tokens.length && !/^[;)]$/.test(tokens[at]!.text); at++) {
    if (isAt(tokens, at, "of")) return false;
    if (isAt(tokens, at, "in")) return true;
  }
  return false;
}

/**
 * Calls of `sort` and `toSorted` whose comparator, if any, shows no second key: no `||` and no second `return`. Whole
 * elements subtracted from each other are numbers, and equal numbers cannot be told apart.
 */
function findLooseSorts(tokens: readonly Token[]): Hit[] {
  return hits(tokens, (index) => {
    if (!isAt(tokens, index, "sort") && !isAt(tokens, index, "toSorted")) return false;
    if (!isMember(tokens, index) || tokens[index + 1]?.text !== "(") return false;
    const comparator = tokens.slice(index + 2, closingOf(tokens, index + 1));
    const returns = comparator.filter(({ type, text }) => type === "name" && text === "return").length;
    if (isSubtraction(comparator)) return false;
    return !comparator.some(({ type, text }) => type === "mark" && text === "||") && returns < 2;
  });
}

function isSubtraction(comparator: readonly Token[]): boolean {
  const [, left, , right] = comparator;
  return (
    comparator.map(({ text }) => text).join(" ") ===
    `( ${left?.text} , ${right?.text} ) => ${left?.text} - ${right?.text}`
  );
}

/** `let` and `var` outside any block, and collections made empty there: both only make sense to be filled later. */
function findModuleState(tokens: readonly Token[]): Hit[] {
  const found: Hit[] = [];
  let depth = 0;
  for (const [index, token] of tokens.entries()) {
    if (token.type === "mark" && /^[({[]$/.test(token.text)) depth++;
    if (token.type === "mark" && /^[)}\]]$/.test(token.text)) depth--;
    if (depth > 0) continue;
    const isVariable = isAt(tokens, index, "let") || isAt(tokens, index, "var");
    if (isVariable || isEmptyCollection(tokens, index)) found.push({ line: token.line, text: token.text });
  }
  return found;
}

function isEmptyCollection(tokens: readonly Token[], index: number): boolean {
  if (!isAt(tokens, index, "new") || !/^(Weak)?(Map|Set)$/.test(tokens[index + 1]?.text ?? "")) return false;
  const open = tokens.findIndex(({ text }, at) => at > index && text === "(");
  return open >= 0 && tokens[open + 1]?.text === ")";
}

function closingOf(tokens: readonly Token[], open: number): number {
  let depth = 0;
  for (let at = open; at < tokens.length; at++) {
    if (tokens[at]!.type !== "mark") continue;
    if (/^[({[]$/.test(tokens[at]!.text)) depth++;
    if (/^[)}\]]$/.test(tokens[at]!.text) && --depth === 0) return at;
  }
  return tokens.length;
}
