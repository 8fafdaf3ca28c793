import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensureBuilt } from "../built-cli.ts";
import { repositoryPath } from "../sim/run/run-helpers.ts";

type Hashes = Readonly<Record<string, string>>;

interface Span {
  readonly startTsMs: number;
  readonly endTsMs: number;
  readonly seqs: readonly number[];
}

interface Pass {
  readonly hashes: Hashes;
  readonly spans: Readonly<Record<string, Span>>;
  /** What was said of market caches. */
  readonly notes: readonly string[];
}

/** What a child process says of itself and of what it ran. */
interface Answer {
  readonly place: { timeZone: string; locale: string; isMainThread: boolean; nodeOptions: string };
  readonly passes: readonly Pass[];
}

interface Order {
  readonly passes: readonly { readonly kind: string; readonly cache?: string; readonly cacheDir?: string }[];
  readonly isThread?: boolean;
  readonly spans?: Readonly<Record<string, Span>>;
  readonly seed?: string;
}

const folder = mkdtempSync(join(tmpdir(), "rehearsal-determinism-"));
const program = fileURLToPath(new URL("all-scenarios.mjs", import.meta.url));
let childCount = 0;

/** Does it in a fresh process; `env` is added to that of the test. */
function inProcess(order: Order, env: Readonly<Record<string, string>> = {}): Promise<Answer> {
  childCount += 1;
  const argument = JSON.stringify({ ...order, out: join(folder, String(childCount)) });
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [program, argument], { env: { ...process.env, ...env } });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.on("error", fail);
    child.on("close", (code) => {
      if (code === 0) done(JSON.parse(stdout) as Answer);
      else fail(new Error(`the child process ends with ${code}: ${stderr}`));
    });
  });
}

/** Names whose hashes differ or are missing on one side: short to read when it fails. */
function differing(found: Hashes, expected: Hashes): string[] {
  const names = [...new Set([...Object.keys(found), ...Object.keys(expected)])];
  return names.filter((name) => found[name] !== expected[name]);
}

/** Those of `expected` that `found` has a say on; a pass of variants alone has no comparison and no report. */
function restrictedTo(found: Hashes, expected: Hashes): Hashes {
  return Object.fromEntries(Object.entries(expected).filter(([name]) => name in found));
}

/** Every file of a run folder, the run's id and its terminal report are compared, for every shipped scenario. */
describe("every shipped scenario makes the same bytes", () => {
  const whole = { kind: "whole" };
  let first: Hashes;
  let baseline: Answer;
  let spans: Readonly<Record<string, Span>>;

  beforeAll(async () => {
    await ensureBuilt();
    baseline = await inProcess({ passes: [whole, whole] });
    first = baseline.passes[0]!.hashes;
    spans = baseline.passes[0]!.spans;
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("and every one was run, with journals, decisions, summaries and reports", () => {
    const shipped = readdirSync(repositoryPath("scenarios"), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".yaml"))
      .map((name) => `scenarios/${name}`);
    expect(shipped.length).toBeGreaterThanOrEqual(11);
    expect(Object.keys(spans).sort()).toEqual(shipped.sort());
    const names = Object.keys(first);
    for (const id of shipped) {
      for (const kind of ["journal.ndjson", "decisions.ndjson", "summary.json", "report", "id"]) {
        expect(
          names.some((name) => name.startsWith(`${id} `) && name.endsWith(kind)),
          `${id} ${kind}`,
        ).toBe(true);
      }
    }
    // Different runs have different bytes, so equal hashes below mean something.
    const journals = names.filter((name) => name.endsWith("journal.ndjson")).map((name) => first[name]);
    expect(new Set(journals).size).toBe(journals.length);
  });

  test("in a second run of the same process", () => {
    expect(differing(baseline.passes[1]!.hashes, first)).toEqual([]);
  });

  test("in a fresh process, in a worker thread", async () => {
    const answer = await inProcess({ passes: [whole], isThread: true });
    expect(answer.place.isMainThread).toBe(false);
    expect(differing(answer.passes[0]!.hashes, first)).toEqual([]);
  });

  test("while the market cache is written, and when it is read", async () => {
    const cacheDir = join(folder, "cache");
    const answer = await inProcess({
      passes: [
        { ...whole, cache: "rebuild", cacheDir },
        { ...whole, cache: "auto", cacheDir },
      ],
    });
    const written = readdirSync(cacheDir, { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith(".parquet"),
    );
    expect(written.length).toBeGreaterThan(0);
    // A run that stops before the end of its recording writes none.
    const [writing, reading] = answer.passes;
    expect(writing!.notes.every((note) => note.includes(" written, "))).toBe(true);
    expect(writing!.notes.length).toBeGreaterThan(Object.keys(spans).length / 2);
    expect(reading!.notes).toEqual([]);
    expect(differing(writing!.hashes, first)).toEqual([]);
    expect(differing(reading!.hashes, first)).toEqual([]);
  });

  test.each([
    ["Pacific/Chatham", "tr_TR.UTF-8", "tr-TR", "--max-old-space-size=192"],
    ["America/St_Johns", "ar_EG.UTF-8", "ar-EG", "--max-old-space-size=3000 --max-semi-space-size=1"],
  ])("at a time zone, language and heap that are none of ours: %s, %s, %s, %s", async (TZ, LANG, locale, options) => {
    const answer = await inProcess({ passes: [whole] }, { TZ, LANG, LC_ALL: LANG, NODE_OPTIONS: options });
    expect(answer.place).toEqual({ timeZone: TZ, locale, isMainThread: true, nodeOptions: options });
    expect(differing(answer.passes[0]!.hashes, first)).toEqual([]);
  });

  test("of each variant, whether it runs alone or among the others", async () => {
    const [pass] = (await inProcess({ passes: [{ kind: "alone" }] })).passes;
    expect(Object.keys(pass!.hashes).length).toBeGreaterThan(40);
    expect(differing(pass!.hashes, restrictedTo(pass!.hashes, first))).toEqual([]);
  });

  test("when it is stopped at random times and after random envelopes, and gone on with from checkpoints", async () => {
    const { passes } = await inProcess({ passes: [{ kind: "times" }, { kind: "envelopes" }], spans, seed: "stops" });
    const [times, envelopes] = passes.map(({ hashes }) => hashes);
    const files = Object.fromEntries(Object.entries(first).filter(([name]) => !/ (entries|decisions)$/.test(name)));
    expect(differing(times!, files)).toEqual([]);
    expect(Object.keys(envelopes!).length).toBeGreaterThan(20);
    expect(differing(envelopes!, restrictedTo(envelopes!, first))).toEqual([]);
  });
});
