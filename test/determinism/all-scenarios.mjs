/**
 * Runs every shipped scenario with the built program, in one process or in a worker thread of it, and prints the hash of
 * every file and of the report as JSON. What to do comes as JSON in the first argument:
 *
 * - `out` folder to write into; `isThread` do it in a worker thread
 * - `passes` what to do one after another, each `{ kind, cache, cacheDir }`; kinds:
 *   - `whole` each scenario as it is
 *   - `alone` each variant of a scenario with several as if it were the only one
 *   - `times` each scenario stopped at two random times and gone on with
 *   - `envelopes` one variant of each scenario alone, stopped after two random envelopes and gone on with
 * - `spans` what `whole` has told about each scenario, needed by the last two
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import seedrandom from "seedrandom";
import { executeScenario } from "../../dist/cli/execute-scenario.js";
import { findScenarios } from "../../dist/cli/scenario-files.js";
import { renderRunReport } from "../../dist/reports/terminal/run-report.js";
import { readCheckpoint } from "../../dist/sim/run/checkpoint-file.js";
import { loadScenario } from "../../dist/sim/scenario/load.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const order = isMainThread ? JSON.parse(process.argv[2]) : workerData;

if (isMainThread && order.isThread) {
  const thread = new Worker(fileURLToPath(import.meta.url), { workerData: order });
  thread.on("message", (answer) => process.stdout.write(JSON.stringify(answer)));
} else {
  const answer = { place: placeOf(), passes: [] };
  for (const [number, pass] of order.passes.entries()) answer.passes.push(await runPass(pass, number));
  if (isMainThread) process.stdout.write(JSON.stringify(answer));
  else parentPort.postMessage(answer);
}

/** Points of a sweep differ from their base in a number, and some decide alike: the written variants stand for them. */
function writtenOnly(scenario) {
  return { ...scenario, variants: scenario.variants.filter(({ settings }) => settings === undefined) };
}

/** Where this ran, so that a test can see that it was somewhere else. */
function placeOf() {
  const { timeZone, locale } = Intl.DateTimeFormat().resolvedOptions();
  return { timeZone, locale, isMainThread, nodeOptions: process.env.NODE_OPTIONS ?? "" };
}

async function runPass(pass, number) {
  const notes = [];
  const hashes = {};
  const spans = {};
  for (const file of findScenarios([join(root, "scenarios")]).files) {
    const scenario = writtenOnly(loadScenario(file));
    const id = relative(root, file);
    const out = join(order.out, `${number}-${basename(file, ".yaml")}`);
    const run = (more, what = scenario) =>
      executeScenario(what, {
        outDir: out,
        isReplaceAllowed: true,
        furtherRecordings: [],
        cache: pass.cache ?? "off",
        ...(pass.cacheDir === undefined ? {} : { cacheDir: pass.cacheDir, cachedRowsMin: 1 }),
        onNote: (text) => notes.push(text),
        onWarning: () => undefined,
        onProgress: () => undefined,
        shouldStop: () => false,
        onLeave: () => undefined,
        ...more,
      });
    if (pass.kind === "whole") {
      const executed = await run({});
      spans[id] = spanOf(scenario, executed);
      Object.assign(hashes, wholeHashes(id, executed), bodyHashes(id, scenario, executed));
    } else if (pass.kind === "times") {
      Object.assign(
        hashes,
        wholeHashes(id, await runInParts(run, scenario, timesOf(id), join(order.out, "part.ckpt"))),
      );
    } else {
      if (scenario.variants.length === 1) continue;
      for (const [place, variant] of scenario.variants.entries()) {
        const alone = { ...scenario, variants: [variant] };
        if (pass.kind === "alone") Object.assign(hashes, bodyHashes(id, alone, await run({}, alone)));
        if (pass.kind !== "envelopes" || place !== scenario.variants.length - 1) continue;
        const parts = runInParts((more) => run(more, alone), alone, seqsOf(id, place), join(order.out, "part.ckpt"));
        Object.assign(hashes, bodyHashes(id, alone, await parts));
      }
    }
  }
  return { hashes, spans, notes };
}

/** Runs up to each stop in turn, every part from the checkpoint of the one before, and the rest. */
async function runInParts(run, scenario, stops, file) {
  let from = {};
  for (const until of stops) {
    const part = await run({ ...from, until, checkpoint: { file } });
    if (part.checkpoint === null) throw new Error(`${scenario.name} was over before ${JSON.stringify(until)}`);
    from = { from: { file, checkpoint: readCheckpoint(file) } };
  }
  return run(from);
}

function timesOf(id) {
  const { startTsMs, endTsMs } = order.spans[id];
  const random = seedrandom(`${order.seed}/${id}`);
  const times = [random(), random()].sort((left, right) => left - right);
  return times.map((share) => ({ kind: "absolute", tsMs: Math.floor(startTsMs + share * (endTsMs - startTsMs)) }));
}

function seqsOf(id, place) {
  const random = seedrandom(`${order.seed}/${id}`);
  const last = order.spans[id].seqs[place];
  const seqs = [random(), random()].map((share) => 1 + Math.floor(share * (last - 2)));
  return seqs.sort((left, right) => left - right).map((seq) => ({ kind: "seq", seq }));
}

function spanOf(scenario, executed) {
  const seqs = scenario.variants.map(({ name }) => {
    const lines = readFileSync(join(folderOf(scenario, executed, name), "journal.ndjson"), "utf8")
      .trimEnd()
      .split("\n");
    return JSON.parse(lines.at(-1)).envelope.seq;
  });
  const { startTsMs, endTsMs } = JSON.parse(
    readFileSync(join(folderOf(scenario, executed, scenario.variants[0].name), "summary.json"), "utf8"),
  ).run;
  return { startTsMs, endTsMs, seqs };
}

/** Hash of every file of the run and of its report, by name. */
function wholeHashes(id, executed) {
  const files = readdirSync(executed.folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).sort();
  const report = renderRunReport(executed.summaries, executed.comparison, { width: 120, outDir: "sim-out" });
  return {
    ...Object.fromEntries(
      paths.map((path) => [`${id} ${relative(executed.folder, path)}`, sha256(readFileSync(path))]),
    ),
    [`${id} report`]: sha256(report),
    [`${id} id`]: executed.runId,
  };
}

/** Hash of what each variant decided. The header is left out: it has the run's id, which follows the choice of variants. */
function bodyHashes(id, scenario, executed) {
  return Object.fromEntries(
    scenario.variants.flatMap(({ name }) => {
      const folder = folderOf(scenario, executed, name);
      const journal = readFileSync(join(folder, "journal.ndjson"), "utf8");
      return [
        [`${id} ${name} entries`, sha256(journal.slice(journal.indexOf("\n")))],
        [`${id} ${name} decisions`, sha256(readFileSync(join(folder, "decisions.ndjson")))],
      ];
    }),
  );
}

function folderOf(scenario, executed, name) {
  return scenario.variants.length === 1 ? executed.folder : join(executed.folder, name);
}

function sha256(bytes) {
  return createHash("sha256").update(bytes).digest("hex");
}
