import type { ChildProcess } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openJournal } from "../../../src/reports/journal-file.ts";
import { ensureBuilt, runLive, runSim } from "../../built-cli.ts";
import { busyScenario } from "./busy-scenario.ts";

/** Six hours of recorded prices and more in some seconds, a simulated account: nothing outside of this machine. */
const PAPER = ["--paper", "--feed", "recording", "--yes", "--durability", "process"];

let out: string;

beforeAll(async () => {
  await ensureBuilt();
  out = mkdtempSync(join(tmpdir(), "rehearsal-live-cli-"));
}, 120_000);
afterAll(() => rmSync(out, { recursive: true, force: true }));

/** `null` as long as there is none. */
function sessionIn(dir: string): string | null {
  const [name] = existsSync(dir) ? readdirSync(dir).filter((each) => each.startsWith("live-")) : [];
  return name === undefined ? null : join(dir, name);
}

function folderIn(dir: string): string {
  return sessionIn(dir)!;
}

test("a session on recorded prices trades, replays to the same decisions, and can be rehearsed and explained", async () => {
  const dir = join(out, "whole");
  // At this speed a busy machine's millisecond is not yet an order's timeout.
  const busy = [busyScenario(out), ...PAPER, "--max-notional", "100", "--max-total", "2000"];
  const session = await runLive([...busy, "--speed", "400x", "--for", "30m", "--out", dir, "--json"]);
  expect(session.stderr).not.toContain("internal error");
  expect(session.code).toBe(0);
  const result = JSON.parse(session.stdout) as {
    cause: string;
    seq: number;
    parity: { decisions: number; equal: number; source: string; firstDivergence: unknown };
  };
  expect(result).toMatchObject({ cause: "stopped", parity: { source: "recording", firstDivergence: null } });
  expect(result.parity.decisions).toBeGreaterThan(1000);
  expect(result.parity.equal).toBe(result.parity.decisions);

  const folder = folderIn(dir);
  const entries = [...openJournal(join(folder, "journal.ndjson")).entries()];
  const filled = entries.filter(({ envelope }) => envelope.event.type === "exchange.order-filled");
  expect(filled.length).toBeGreaterThan(30);
  for (const name of ["summary.json", "decisions.ndjson", "report.html", "parity.json"]) {
    expect(existsSync(join(folder, name)), name).toBe(true);
  }

  // The same intents on the same prices, on a simulated exchange: the recording is a scenario of its own.
  const rehearsed = await runSim([
    "run",
    join(folder, "scenario.yaml"),
    "--out",
    join(out, "sim"),
    "--json",
    "--no-report",
  ]);
  expect(rehearsed.code).toBe(0);
  const [summary] = (
    JSON.parse(rehearsed.stdout) as { summaries: { funnel: { evalType: string; intents: number }[] }[] }
  ).summaries;
  const intents = entries.filter(({ envelope }) => envelope.event.type === "intent.received").length;
  expect(summary!.funnel.reduce((sum, each) => sum + each.intents, 0)).toBe(intents);

  const plan = entries.flatMap(({ decisions }) => decisions).find((each) => each.type === "plan.published");
  const explained = await runSim([
    "explain",
    plan!.type === "plan.published" ? plan!.plan.planId : "",
    "--run",
    folder,
  ]);
  expect(explained.code).toBe(0);
}, 60_000);

const BUSY = [...PAPER, "--speed", "300x", "--max-notional", "100", "--max-total", "2000"];

/** Sends the signals one after another, each when so many fills more are in the journal. */
function afterFills(dir: () => string | null, count: number, signals: readonly NodeJS.Signals[]) {
  return (child: ChildProcess) => {
    let sent = 0;
    let from = -1;
    const look = setInterval(() => {
      const folder = dir();
      const journal = folder === null ? null : join(folder, "journal.ndjson");
      if (journal === null || !existsSync(journal)) return;
      const fills = readFileSync(journal, "utf8").split('"ledger.committed"').length;
      if (from < 0) from = fills;
      if (fills < from + count * (sent + 1)) return;
      child.kill(signals[sent]!);
      sent += 1;
      if (sent === signals.length) clearInterval(look);
    }, 50);
    child.on("exit", () => clearInterval(look));
  };
}

test("SIGTERM suspends and --resume goes on; a killed session goes on too, and what it decided is replayed whole", async () => {
  const dir = join(out, "cut");
  const only = () => sessionIn(dir);
  const first = await runLive([busyScenario(out), ...BUSY, "--out", dir], {
    onStart: afterFills(only, 3, ["SIGTERM"]),
  });
  expect(first.code).toBe(143);
  expect(first.stdout).toContain("suspended at seq");
  const folder = folderIn(dir);
  const seqOf = () => [...openJournal(join(folder, "journal.ndjson")).entries()].at(-1)!.envelope.seq;
  const suspendedSeq = seqOf();

  const second = await runLive([...BUSY, "--resume", folder], { onStart: afterFills(only, 3, ["SIGKILL"]) });
  expect(second.code).toBeNull();
  const killedSeq = seqOf();
  expect(killedSeq).toBeGreaterThan(suspendedSeq);

  const last = await runLive([...BUSY, "--for", "10m", "--resume", folder, "--json"]);
  expect(last.stderr).not.toContain("Cannot");
  expect(last.code).toBe(0);
  const { parity, seq } = JSON.parse(last.stdout) as {
    seq: number;
    parity: { source: string; decisions: number; equal: number };
  };
  expect(seq).toBeGreaterThan(killedSeq);
  expect(parity.source).toBe("journal");
  expect(parity.equal).toBe(parity.decisions);
  // No id comes twice, whatever the account in memory has forgotten: every fill reached the ledger.
  const decisions = [...openJournal(join(folder, "journal.ndjson")).entries()].flatMap((entry) => entry.decisions);
  const orders = decisions.flatMap((each) => (each.type === "ledger.committed" ? [each.orderId] : []));
  expect(orders.length).toBeGreaterThan(6);
  expect(new Set(orders).size).toBe(orders.length);

  const again = await runLive([...PAPER, "--resume", folder]);
  expect(again.code).toBe(14);
  expect(again.stderr).toContain("it has ended");
}, 90_000);

test("a second Ctrl-C cancels own orders, leaves positions, and the session is whole all the same", async () => {
  const dir = join(out, "interrupted");
  const only = () => sessionIn(dir);
  const interrupted = await runLive([busyScenario(out), ...BUSY, "--out", dir], {
    onStart: (child) => {
      afterFills(only, 3, ["SIGINT"])(child);
      child.stderr?.on("data", (text: string) => {
        if (text.includes("no new entries")) setTimeout(() => child.kill("SIGINT"), 300);
      });
    },
  });
  expect(interrupted.stderr).toContain("no new entries, exits keep working");
  expect(interrupted.code).toBe(130);
  expect(interrupted.stdout).toMatch(/live\/replay parity: (\d+) of \1 decisions equal/);
}, 60_000);

test("shadows decide on the same inputs without acting, and are compared while it runs and at the end", async () => {
  const dir = join(out, "shadow");
  const other = join(out, "other");
  cpSync("scenarios", join(other, "scenarios"), { recursive: true });
  const file = join(other, "scenarios/live.yaml");
  writeFileSync(file, readFileSync(file, "utf8").replace("name: z-score", "name: fixed-threshold"));
  const running = runLive([...PAPER, "--speed", "1200x", "--for", "2h", "--shadow", file, "--out", dir]);
  let isOver = false;
  void running.then(() => {
    isOver = true;
  });
  let asked = { code: -1 as number | null, stdout: "", stderr: "" };
  while (!isOver && asked.code !== 0) {
    await new Promise((resolve) => setTimeout(resolve, 300));
    const folder = sessionIn(dir);
    if (folder !== null) asked = await runLive(["compare", folder]);
  }
  expect(asked.code, asked.stderr).toBe(0);
  expect(asked.stdout).toMatch(/^session live-\d{4}-\d{6} {2}1 shadow {2}until /);
  expect(asked.stdout).toContain("WHAT CHANGED  live -> 1-base");
  const session = await running;
  expect(session.stderr).not.toContain("Cannot");
  expect(session.code).toBe(0);
  const folder = folderIn(dir);
  const comparison = JSON.parse(readFileSync(join(folder, "comparison.json"), "utf8")) as { baseline: string };
  expect(comparison.baseline).toBe("base");
  const intentsOf = (journal: string) =>
    [...openJournal(journal).entries()].flatMap(({ envelope: { event } }) =>
      event.type === "intent.received" ? [event.entryId] : [],
    );
  const live = intentsOf(join(folder, "journal.ndjson"));
  expect(live.length).toBeGreaterThan(3);
  expect(intentsOf(join(folder, "shadows/1-base/journal.ndjson"))).toEqual(live);
}, 60_000);

test.each([
  { args: [], words: ["--testnet or --paper is needed"], code: 2 },
  { args: ["--paper", "--dry-run"], words: ["two ways not to act"], code: 2 },
  { args: ["--testnet", "--feed", "recording"], words: ["--paper is needed beside --feed recording"], code: 2 },
  { args: [...PAPER, "--for", "soon"], words: ['"soon"', "such as"], code: 2 },
  { args: [...PAPER, "--max-notional", "-5"], words: ["--max-notional", "above 0"], code: 2 },
  { args: [...PAPER, "--from", "yesterday"], words: ["new, beginning, resume"], code: 2 },
  { args: [...PAPER, "--symbols", "NOPEUSDT"], words: ["NOPEUSDT", "does not list"], code: 15 },
  { args: ["--resume", "nowhere"], words: ["session.json", "ENOENT"], code: 14 },
])("live $args is refused with words that help", async ({ args, words, code }) => {
  const refused = await runLive([...args, "--out", join(out, "refused")]);
  for (const word of words) expect(refused.stderr).toContain(word);
  expect(refused.code).toBe(code);
});

test("a folder nobody can write, keys others may read, and a session that is none are named before anything begins", async () => {
  const disk = await runLive([...PAPER, "--out", "/dev/null/sessions"]);
  expect(disk.code).toBe(15);
  expect(disk.stderr).toContain("/dev/null/sessions cannot be written (ENOTDIR)");
  const keys = join(out, "readable.keys");
  writeFileSync(keys, "REHEARSAL_API_KEY=aaaaaaaa\nREHEARSAL_API_SECRET=bbbbbbbb\n", { mode: 0o644 });
  const refused = await runLive(["--testnet", "--base-url", "http://127.0.0.1:9", "--keys", keys, "--yes"]);
  expect(refused.code).toBe(15);
  expect(refused.stderr).toContain("its mode is 0644");
  expect(refused.stderr).not.toContain("aaaaaaaa");
  const nowhere = await runLive(["compare", join(out, "nowhere")]);
  expect(nowhere.code).toBe(14);
  expect(nowhere.stderr).toContain("Cannot read the session");
});
