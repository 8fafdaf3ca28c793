import { PassThrough } from "node:stream";
import { Command } from "commander";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { registerLiveDoctor } from "../../../src/cli/live/commands/doctor.ts";
import { type LiveDoctorArgs, liveDoctor } from "../../../src/cli/live/doctor-command.ts";
import { askOfSession, createLiveFindings } from "../../../src/cli/live/live-findings.ts";
import type { Shell } from "../../../src/cli/shell.ts";
import { UserError } from "../../../src/diagnostics/user-error.ts";
import type { JournalEntry } from "../../../src/engine/domain/journal.ts";
import { createMetrics } from "../../../src/live/ops/metrics.ts";
import { type OperationsServer, serveOperations } from "../../../src/live/ops/server.ts";
import { createStageMeter } from "../../../src/live/ops/stage-meter.ts";
import { openFileJournal } from "../../../src/live/session/file-journal.ts";
import {
  createWorld,
  HEADER,
  removeFolders,
  Script,
  sessionOf,
  temporaryFolder,
  type World,
} from "../../live/session/session-world.ts";

function fakeShell() {
  const printed: string[] = [];
  const codes: number[] = [];
  const shell = {
    stdout: new PassThrough(),
    print: (text: string) => void printed.push(text),
    note: () => {},
    exitWith: (code: number) => void codes.push(code),
  } as unknown as Shell;
  return { shell, printed, codes };
}

async function ask(args: Partial<LiveDoctorArgs>): Promise<{ text: string; code: number }> {
  const { shell, printed, codes } = fakeShell();
  await liveDoctor({ colour: false, ...args }, shell);
  return { text: printed.join(""), code: codes.at(-1)! };
}

let folder = "";
let emptyFolder = "";
let world: World;
let server: OperationsServer;
let seen: JournalEntry[] = [];
let end: () => Promise<void>;

/** A session that runs: its journal in a folder, its findings behind a port. */
beforeAll(async () => {
  folder = temporaryFolder();
  emptyFolder = temporaryFolder();
  await openFileJournal(emptyFolder, HEADER, "process").close();
  world = createWorld();
  const nowMs = () => world.clock.nowMs();
  const metrics = createMetrics({ sessionId: HEADER.runId, header: HEADER, nowMs });
  const live = createLiveFindings(HEADER, folder);
  const meter = createStageMeter({ stage: metrics.stage, nowMs });
  const watcher = {
    entry(entry: JournalEntry) {
      seen.push(entry);
      metrics.observe(entry);
      live.observe(entry);
    },
    price: (tsMs: number) => metrics.facts.price(tsMs),
  };
  const session = sessionOf(world, { journal: meter.journal(openFileJournal(folder, HEADER, "process"), watcher) });
  const script = new Script(world, 5);
  script.move();
  await session.start();
  await script.seconds(20, 2);
  // Old, and of a symbol nobody trades.
  world.stream.add(`${nowMs() - 3_600_000}-1`, { symbol: "BTCUSDT", side: "BUY", quantity: 0.01 });
  world.stream.add(`${nowMs()}-77`, { symbol: "WAVESUSDT", side: "BUY", quantity: 1 });
  await script.seconds(1, 0);
  world.feed.listener?.row({ symbolIndex: 0, tsMs: null, kind: "mark", price: "95000.0" });
  server = await serveOperations({
    port: 0,
    metrics,
    health: { status: () => session.status, disconnected: () => [] },
    findings: () => live.report(),
    nowMs,
  });
  end = async () => {
    void session.end();
    await world.clock.runTo(nowMs() + 10_000);
    await session.ended;
  };
});
afterAll(async () => {
  await end();
  await server.close();
  removeFolders();
  seen = [];
});

describe("live doctor", () => {
  test("says whether entries execute and where the rest stopped, counted from the journal", async () => {
    const { text, code } = await ask({ folder, question: ["no-execute"], json: true });
    const results = seen.flatMap(({ decisions }) => decisions).filter((each) => each.type === "result.recorded");
    const executed = results.filter((each) => each.evalType === "ENTRY" && each.isExecuted).length;
    const rejected = seen.flatMap(({ decisions }) => decisions).filter((each) => each.type === "intent.rejected");
    expect(executed).toBeGreaterThan(5);
    expect(code).toBe(0);
    const document = JSON.parse(text);
    expect(document).toMatchObject({ schema: "live.doctor/1", exit: { code: 0 }, session: { runId: "live-test" } });
    const [answer] = document.answers;
    expect(answer.answer).toMatch(new RegExp(`^entries DO execute: ${executed} of \\d+`));
    let refused = 0;
    for (const cause of answer.causes) refused += cause.n;
    const judged = Number(/ of (\d+)/.exec(answer.answer)![1]);
    expect(executed + refused).toBe(judged);
    const stale = answer.causes.find((cause: { reason: string }) => cause.reason === "stale_intent");
    expect(stale).toMatchObject({ n: 1, symbols: ["BTCUSDT"], meaning: "the intent is older than the limit" });
    const counted = answer.causes.reduce((sum: number, cause: { reason: string; n: number }) => {
      return sum + (rejected.some(({ reason }) => reason === cause.reason) ? cause.n : 0);
    }, 0);
    expect(counted).toBeGreaterThanOrEqual(rejected.length);
  });

  test.each([["no-execute"], ["no-exit"], ["coverage"], ["why-blocked", "BTCUSDT"]])(
    "answers %s %s the same from the running session as from its journal",
    async (...question) => {
      const fromFolder = JSON.parse((await ask({ folder, question, json: true })).text);
      const fromPort = JSON.parse((await ask({ port: String(server.port), question, json: true })).text);
      expect(fromPort.answers).toEqual(fromFolder.answers);
      expect(fromPort.findings).toEqual(fromFolder.findings);
      expect(fromPort.session.running).toEqual({ state: "running", notReady: [] });
      expect(fromFolder.session.running).toBeNull();
    },
  );

  test("says why a symbol was blocked, with reason and meaning", async () => {
    const { text } = await ask({ folder, question: ["why-blocked", "WAVESUSDT"] });
    expect(text).toMatch(/why-blocked +WAVESUSDT at \d\d:\d\d:\d\d\.\d{3}: entry REJECTED, unknown_symbol/);
    expect(text).toContain("the symbol is not in the universe");
  });

  test("without a question answers all that need no symbol, identity first", async () => {
    const { text, code } = await ask({ folder });
    const lines = text.split("\n");
    expect(lines[0]).toMatch(/^live-test {2}journal of .* entries/);
    for (const question of ["no-execute", "no-exit", "coverage"]) {
      expect(lines.some((line) => line.startsWith(question))).toBe(true);
    }
    expect(code).toBe(0);
  });

  test("ends with 12 when nothing has been judged yet", async () => {
    const { text, code } = await ask({ folder: emptyFolder, question: ["no-execute"] });
    expect(text).toContain("nothing to judge: no intent has come");
    expect(code).toBe(12);
  });

  test.each<[Partial<LiveDoctorArgs>, RegExp]>([
    [{ question: ["no-exeute"] }, /no question of the doctor.*did you mean no-execute/s],
    [{ question: ["why-blocked"] }, /no symbol is named/],
    [{ question: ["why-blocked", "BTCUSD"] }, /did you mean BTCUSDT/],
    [{ question: ["coverage", "a", "b"] }, /a b is left over/],
    [{ folder: undefined }, /neither a folder nor a port/],
    [{ port: "9464" }, /a folder and a port are given/],
    [{ folder: undefined, port: "99999" }, /it is no port/],
    [{ folder: "nowhere" }, /the folder has no journal\.ndjson/],
  ])("refuses %j", async (args, text) => {
    await expect(ask({ folder, ...args })).rejects.toThrow(UserError);
    await expect(ask({ folder, ...args })).rejects.toThrow(text);
  });

  test("names a port where no session answers", async () => {
    const gone = await serveOperations({
      port: 0,
      metrics: createMetrics({ sessionId: "x", header: HEADER, nowMs: () => 0 }),
      health: { status: () => ({}) as never, disconnected: () => [] },
      nowMs: () => 0,
    });
    await expect(ask({ port: String(gone.port) })).rejects.toThrow("what answers there is no live session");
    await gone.close();
    await expect(ask({ port: String(gone.port) })).rejects.toThrow("ECONNREFUSED");
  });

  test("is a command: a folder behind the question is the folder", async () => {
    const { shell, printed } = fakeShell();
    const program = new Command().exitOverride();
    registerLiveDoctor(program, shell);
    await program.parseAsync(["node", "live", "doctor", "--question", "why-blocked", "BTCUSDT", folder]);
    expect(printed.join("")).toContain("why-blocked  BTCUSDT at");
    await program.parseAsync(["node", "live", "doctor", folder, "--question", "why-blocked BTCUSDT"]);
    expect(printed[1]).toBe(printed[0]);
    await program.parseAsync(["node", "live", "doctor", folder, "--question", "coverage"]);
    expect(printed.join("")).toContain("coverage");
  });

  test("has --json of its own beside that of `live`", async () => {
    const { shell, printed } = fakeShell();
    let sessions = 0;
    const program = new Command("live").exitOverride().argument("[scenario]").option("--json").option("--no-colour");
    program.action(() => {
      sessions += 1;
    });
    registerLiveDoctor(program, shell);
    await program.parseAsync(["node", "live", "doctor", folder, "--json", "--no-colour"]);
    expect(JSON.parse(printed.join(""))).toMatchObject({ schema: "live.doctor/1" });
    expect(sessions).toBe(0);
  });
});

test("commands of live findings quote what a shell would read otherwise, and take no hostile id", () => {
  const ask = askOfSession("my session's");
  expect(ask.explain("fade715")).toBe("grep -F fade715 'my session'\\''s/journal.ndjson'");
  expect(ask.explain("$(reboot)")).toBe("live doctor 'my session'\\''s'");
  expect(ask.at("BTCUSDT", 0)).toBe("live doctor 'my session'\\''s' --question why-blocked BTCUSDT");
  expect(ask.at("; reboot", 0)).toBe("live doctor 'my session'\\''s'");
});
