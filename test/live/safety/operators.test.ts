import { execFileSync, spawn } from "node:child_process";
import { EventEmitter } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Operator, OperatorListener } from "../../../src/live/ports.ts";
import { createFileOperator, readKillFile, wordOf } from "../../../src/live/safety/file-operator.ts";
import { joinOperators } from "../../../src/live/safety/join-operators.ts";
import { createSignalOperator } from "../../../src/live/safety/signal-operator.ts";
import { steadyClock } from "../../../src/live/safety/steady-clock.ts";
import { ManualClock } from "../../../src/live/session/clock.ts";
import { ensureBuilt } from "../../built-cli.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "rehearsal-operators-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Writes down what an operator asks for. */
function listenerOf(told: string[]): OperatorListener {
  return { killSwitch: (scope, source) => told.push(`${scope} by ${source}`), stop: () => told.push("stop") };
}

/** A look at a real file ends when the disk answers: then the next one is asked for. */
async function lookedAgain(clock: ManualClock): Promise<void> {
  while (clock.nextDueTsMs === Number.POSITIVE_INFINITY) await new Promise((resolve) => setImmediate(resolve));
}

async function nextLook(clock: ManualClock): Promise<void> {
  clock.advanceTo(clock.nowMs() + 250);
  await lookedAgain(clock);
}

describe("the kill file", () => {
  test("holds when it is there at the start, changes by its word, and is taken back with the file", async () => {
    const path = join(folder, "kill");
    const clock = new ManualClock(0);
    const told: string[] = [];
    writeFileSync(path, "");
    const operator = createFileOperator({ path, clock });
    await operator.start(listenerOf(told));
    expect(told).toEqual(["entries by file"]);
    writeFileSync(path, "ALL\n");
    await nextLook(clock);
    await nextLook(clock);
    writeFileSync(path, "off");
    await nextLook(clock);
    writeFileSync(path, "please no more");
    await nextLook(clock);
    rmSync(path);
    await nextLook(clock);
    writeFileSync(path, "stop");
    await nextLook(clock);
    await nextLook(clock);
    expect(told).toEqual([
      "entries by file",
      "all by file",
      "off by file",
      "entries by file",
      "off by file removed",
      "stop",
    ]);
    await operator.close();
  });

  test("says nothing when there never was one, and nothing after it is closed", async () => {
    const path = join(folder, "nowhere", "kill");
    const clock = new ManualClock(0);
    const told: string[] = [];
    const operator = createFileOperator({ path, clock });
    await operator.start(listenerOf(told));
    await nextLook(clock);
    await operator.close();
    mkdirSync(join(folder, "nowhere"));
    writeFileSync(path, "all");
    expect(clock.nextDueTsMs).toBe(Number.POSITIVE_INFINITY);
    expect(told).toEqual([]);
  });

  test("is looked at every 250 ms", async () => {
    const clock = new ManualClock(1000);
    const operator = createFileOperator({ path: join(folder, "none"), clock });
    await operator.start(listenerOf([]));
    expect(clock.nextDueTsMs).toBe(1250);
    await nextLook(clock);
    expect(clock.nextDueTsMs).toBe(1500);
    await operator.close();
  });

  test("stops new risk when it is no file, cannot be read, or is a link to itself", async () => {
    mkdirSync(join(folder, "a-folder"));
    execFileSync("mkfifo", [join(folder, "a-pipe")]);
    symlinkSync("a-loop", join(folder, "a-loop"));
    writeFileSync(join(folder, "a-secret"), "entries");
    chmodSync(join(folder, "a-secret"), 0);
    for (const name of ["a-folder", "a-pipe", "a-loop", "a-secret"]) {
      const told: string[] = [];
      const operator = createFileOperator({ path: join(folder, name), clock: new ManualClock(0) });
      await operator.start(listenerOf(told));
      expect(told, name).toEqual(["entries by file"]);
      await operator.close();
    }
  });

  test("can be looked at once, before a session starts", async () => {
    const path = join(folder, "before");
    expect(await readKillFile(path)).toBe("absent");
    writeFileSync(path, "all");
    expect(await readKillFile(path)).toBe("all");
  });

  test("has four words, and everything else means the ordinary kill switch", () => {
    expect(["off", " All ", "stop now", "entries", "", "kill!", "offf", "\0"].map(wordOf)).toEqual([
      "off",
      "all",
      "stop",
      "entries",
      "entries",
      "entries",
      "entries",
      "entries",
    ]);
  });
});

describe("signals", () => {
  test("SIGUSR2 kills entries; the first and the second Ctrl-C stop; the third does not wait", async () => {
    const source = new EventEmitter();
    const told: string[] = [];
    const operator = createSignalOperator({ source, atOnce: (signal) => told.push(`at once by ${signal}`) });
    await operator.start(listenerOf(told));
    expect(operator.stoppedBy).toBeNull();
    for (const signal of ["SIGUSR2", "SIGINT", "SIGTERM", "SIGINT"]) source.emit(signal);
    expect(told).toEqual(["entries by signal SIGUSR2", "stop", "stop", "at once by SIGINT"]);
    expect(operator.stoppedBy).toBe("SIGINT");
  });

  test("leave no listener behind, however often they were started and closed", async () => {
    const source = new EventEmitter();
    const told: string[] = [];
    const operator = createSignalOperator({ source });
    await operator.start(listenerOf(told));
    await operator.start(listenerOf(told));
    expect(source.listenerCount("SIGINT")).toBe(1);
    await operator.close();
    await operator.close();
    for (const signal of ["SIGUSR2", "SIGINT", "SIGTERM"]) {
      expect(source.listenerCount(signal)).toBe(0);
      source.emit(signal);
    }
    expect(told).toEqual([]);
  });

  test("reach a real process and do not end it before the third", async () => {
    await ensureBuilt();
    const module = new URL("../../../dist/live/safety/signal-operator.js", import.meta.url).href;
    const program = `
      const { createSignalOperator } = await import(${JSON.stringify(module)});
      const say = (text) => process.stdout.write(text + "\\n");
      const operator = createSignalOperator({ atOnce: (signal) => { say("at once " + signal); process.exitCode = 143; operator.close(); clearInterval(alive); } });
      const alive = setInterval(() => {}, 1000);
      await operator.start({ killSwitch: (scope) => say(scope), stop: () => say("stop") });
      say("ready");`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const next: readonly (NodeJS.Signals | null)[] = ["SIGUSR2", "SIGINT", "SIGINT", "SIGTERM", null];
    const said: string[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      const signal = next[said.length];
      said.push(line);
      if (signal != null) child.kill(signal);
    }
    expect(said).toEqual(["ready", "entries", "stop", "stop", "at once SIGTERM"]);
  });
});

describe("several operators", () => {
  class Hand implements Operator {
    listener: OperatorListener | null = null;
    isClosed = false;
    async start(listener: OperatorListener): Promise<void> {
      this.listener = listener;
    }
    async close(): Promise<void> {
      this.isClosed = true;
    }
  }

  async function joined(): Promise<{ file: Hand; key: Hand; told: string[]; operator: Operator }> {
    const [file, key, told] = [new Hand(), new Hand(), [] as string[]];
    const operator = joinOperators([file, key]);
    await operator.start(listenerOf(told));
    return { file, key, told, operator };
  }

  test("hold what the strictest of them has set, and tell changes only", async () => {
    const { file, key, told } = await joined();
    file.listener!.killSwitch("entries", "file");
    key.listener!.killSwitch("all", "key");
    file.listener!.killSwitch("off", "file removed");
    key.listener!.killSwitch("entries", "key");
    file.listener!.killSwitch("entries", "file");
    key.listener!.killSwitch("off", "key");
    file.listener!.killSwitch("off", "file removed");
    expect(told).toEqual(["entries by file", "all by key", "entries by key", "off by file removed"]);
  });

  test("pass an off on that takes back what an earlier session left", async () => {
    const { file, told } = await joined();
    file.listener!.killSwitch("off", "file");
    expect(told).toEqual(["off by file"]);
  });

  test("never open the way for entries again once the end was asked for", async () => {
    const { file, key, told } = await joined();
    key.listener!.killSwitch("entries", "key");
    file.listener!.stop();
    key.listener!.killSwitch("off", "key");
    expect(told).toEqual(["entries by key", "stop"]);
    key.listener!.killSwitch("all", "key");
    key.listener!.killSwitch("off", "key");
    file.listener!.stop();
    expect(told.slice(2)).toEqual(["all by key", "entries by key", "stop"]);
  });

  test("keep everything stopped when the end sets the milder switch", async () => {
    const { file, key, told } = await joined();
    key.listener!.killSwitch("all", "key");
    file.listener!.stop();
    expect(told).toEqual(["all by key", "stop", "all by still set"]);
  });

  test("are closed together", async () => {
    const { file, key, operator } = await joined();
    await operator.close();
    expect([file.isClosed, key.isClosed]).toEqual([true, true]);
  });
});

test("the steady clock calls when it is due, not after it was taken back, and is at the wall clock's time", async () => {
  const clock = steadyClock();
  expect(Math.abs(clock.nowMs() - Date.now())).toBeLessThan(60_000);
  const called: string[] = [];
  clock.schedule(clock.nowMs() + 1, () => called.push("never"))();
  await new Promise<void>((resolve) => {
    const dueTsMs = clock.nowMs() + 5;
    clock.schedule(dueTsMs, () => {
      called.push(clock.nowMs() >= dueTsMs ? "due" : "early");
      resolve();
    });
  });
  expect(called).toEqual(["due"]);
});
