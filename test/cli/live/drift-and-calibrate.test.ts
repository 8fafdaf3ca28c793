import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { driftDocumentSchema } from "../../../src/reports/drift/drift-document.ts";
import { ensureBuilt, runLive, runSim } from "../../built-cli.ts";
import { busyScenario } from "./busy-scenario.ts";

/** Two sessions of half an hour on recorded prices, the second four hours later. */
let dir: string;
const sessions: string[] = [];

beforeAll(async () => {
  await ensureBuilt();
  dir = mkdtempSync(join(tmpdir(), "rehearsal-drift-"));
  const args = ["--paper", "--feed", "recording", "--yes", "--durability", "process", "--speed", "400x"];
  for (const [place, window] of ["{ from: 6h, to: 8h }", "{ from: 10h, to: 12h }"].entries()) {
    const own = join(dir, String(place));
    mkdirSync(own);
    const limits = ["--max-notional", "100", "--max-total", "2000", "--for", "30m"];
    const session = await runLive([busyScenario(own, window), ...args, ...limits, "--out", own]);
    expect(session.code, session.stderr).toBe(0);
    sessions.push(join(own, readdirSync(own).find((name) => name.startsWith("live-"))!));
  }
}, 120_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const money = (text: string) => Math.round(Number(text) * 1e8);

test("the difference between a session and its rehearsal is the sum of its causes, in words and as a document", async () => {
  const shown = await runSim(["compare", "--live", sessions[0]!]);
  expect(shown.code, shown.stderr).toBe(0);
  for (const word of ["fees", "slippage", "latency", "missed", "extra", "funding", "residual", "total"]) {
    expect(shown.stdout).toMatch(new RegExp(`^  ${word} +-?[\\d,]+\\.\\d\\d`, "m"));
  }
  const drift = driftDocumentSchema.parse(
    JSON.parse((await runSim(["compare", "--live", sessions[0]!, "--json"])).stdout),
  );
  expect(drift.orders.matched).toBeGreaterThan(30);
  const sum = Object.values(drift.parts).reduce((total, part) => total + money(part), 0);
  expect(sum).toBe(money(drift.total));
  expect(money(drift.profit.live) - money(drift.profit.simulated)).toBe(money(drift.total));
}, 60_000);

test("a fit is written as a scenario that runs, and is tested on the session it has not seen", async () => {
  const out = join(dir, "calibrated.yaml");
  const fitted = await runSim(["calibrate", sessions[0]!, "--holdout", sessions[1]!, "--out", out, "--json"]);
  expect(fitted.code, fitted.stderr).toBe(0);
  const document = JSON.parse(fitted.stdout) as {
    fills: number;
    played: string[];
    fitted: { orderTableMs: number[] };
    holdOut: { what: string; tested: number; ksDistance: number }[];
  };
  expect(document.fills).toBeGreaterThan(30);
  expect(document.played).toEqual([sessions[0]]);
  expect(document.holdOut.map(({ what }) => what)).toEqual(["order", "answer", "slippage"]);
  for (const { tested } of document.holdOut) expect(tested).toBeGreaterThan(30);
  expect(readFileSync(out, "utf8")).toContain(`- ${document.fitted.orderTableMs[0]}ms`);
  const run = await runSim(["run", out, "--out", join(dir, "run"), "--no-report", "--json"]);
  expect(run.code, run.stderr).toBe(0);
}, 60_000);

test("what is no session that has ended is refused by name, and too few fills are no fit", async () => {
  const missing = await runSim(["compare", "--live", join(dir, "0")]);
  expect(missing.code).toBe(14);
  expect(missing.stderr).toContain("the folder has no journal.ndjson");
  expect((await runSim(["calibrate", join(dir, "0")])).code).toBe(14);

  const own = join(dir, "few");
  mkdirSync(own);
  const short = ["--paper", "--feed", "recording", "--yes", "--speed", "400x", "--for", "2m", "--out", own];
  expect((await runLive([busyScenario(own), ...short])).code).toBe(0);
  const few = join(own, readdirSync(own).find((name) => name.startsWith("live-"))!);
  const refused = await runSim(["calibrate", few]);
  expect(refused.code).toBe(12);
  expect(refused.stderr).toMatch(/they have \d+ fills with possible times .* at least 30 are needed/);
}, 60_000);
