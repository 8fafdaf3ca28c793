// Tables of a finished run: node examples/analysis.mjs sim-out/r-1f2e3d4c
// In a project of your own, `import ... from "rehearsal"` instead.
import { decisionsFrame, loadRun, tableOf } from "../dist/index.js";

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error("Cannot analyse: no run is given, the folder of a finished run is needed");
  process.exit(2);
}
const run = loadRun(folder);

// A table is plain rows: count what each governor refused, and why, without any further package.
const episodes = tableOf("episodes", [run]);
const at = (name) => episodes.columns.findIndex((column) => column.name === name);
const refused = new Map();
for (const row of episodes.rows()) {
  if (row[at("decision")] !== "BLOCKED") continue;
  const key = `${row[at("variant")]}  ${row[at("eval_type")]}  ${row[at("reason")]}`;
  refused.set(key, (refused.get(key) ?? 0) + 1);
}
console.log("refused episodes");
for (const [key, count] of [...refused].sort()) console.log(`  ${key}  ${count}`);

// The same run as a DataFrame, for those who like one (needs the optional package danfojs-node).
const decisions = await decisionsFrame(run);
console.log(`decisions ${decisions.shape[0]} x ${decisions.shape[1]}`);
console.log(decisions.query(decisions["type"].eq("plan.published")).groupby(["decision"]).count().loc({ columns: ["decision", "seq_count"] }).toString());
