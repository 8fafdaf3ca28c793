import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";
import { afterAll, describe, expect, test } from "vitest";
import { UserError } from "../../../src/diagnostics/user-error.ts";
import { logEntry } from "../../../src/live/ops/entry-log.ts";
import { WAITING_BYTES_MAX } from "../../../src/live/ops/log-sink.ts";
import { createLog } from "../../../src/live/ops/logger.ts";
import { removeFolders, temporaryFolder } from "../session/session-world.ts";
import { entry, killed } from "./ops-world.ts";

afterAll(removeFolders);

const SECRET = "s3cretKEY0123456789abcdef";
const redact = (text: string) => text.replaceAll(SECRET, "[key]");

/** A stream whose reader takes nothing until it is told to. */
class SlowReader extends Writable {
  readonly lines: string[] = [];
  #isStopped = false;
  #next: (() => void) | null = null;
  constructor() {
    super({ decodeStrings: false, highWaterMark: 1 });
  }
  override _write(text: string, _: string, done: () => void): void {
    this.lines.push(text);
    if (this.#isStopped) this.#next = done;
    else done();
  }
  stop(): void {
    this.#isStopped = true;
  }
  async go(): Promise<void> {
    this.#isStopped = false;
    this.#next?.();
    while (this.writableLength > 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

describe("the log", () => {
  test("is one JSON object a line, with level, time, base fields and text", async () => {
    const file = join(temporaryFolder(), "live.log");
    const log = await createLog({ level: "info", destination: file, redact, format: "json", base: { session: "a" } });
    log.debug("is below the level");
    log.info("two orders wait", { orders: 2, walletQuote: 5n });
    await log.close();
    const lines = readFileSync(file, "utf8").trim().split("\n");
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0]!)).toEqual({
      level: "info",
      tsMs: expect.any(Number),
      session: "a",
      orders: 2,
      walletQuote: 5,
      msg: "two orders wait",
    });
  });

  test.each(["json", "pretty"] as const)("holds no key in %s, wherever it was", async (format) => {
    const file = join(temporaryFolder(), "live.log");
    const log = await createLog({ level: "trace", destination: file, redact, format, base: { note: SECRET } });
    log.info(`text ${SECRET}`);
    log.warn("field", { url: `https://x/?signature=${SECRET}`, deep: { list: [SECRET] }, [SECRET]: 1 });
    log.error("thrown", { err: new Error(`refused ${SECRET}`) });
    await log.close();
    const text = readFileSync(file, "utf8");
    expect(text).not.toContain(SECRET);
    expect(text.match(/\[key\]/g)!.length).toBeGreaterThanOrEqual(7);
  });

  test("leaves a line out that could not be made safe", async () => {
    const file = join(temporaryFolder(), "live.log");
    const failing = () => {
      throw new Error("redactor");
    };
    const log = await createLog({ level: "info", destination: file, redact: failing, format: "json" });
    log.info(SECRET);
    await log.close();
    const text = readFileSync(file, "utf8");
    expect(text).toContain("could not be redacted");
    expect(text).not.toContain(SECRET);
  });

  test("for people shows hostile text as escapes on one line", async () => {
    const reader = new SlowReader();
    const log = await createLog({ level: "info", destination: reader, redact, format: "pretty" });
    log.warn("a\u001b[2Jb\nc\u202ed", { symbol: "X\u0007" });
    expect(reader.lines).toHaveLength(1);
    expect(reader.lines[0]).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} warn {2}a\\u\{1b\}\[2Jb\\u\{a\}c\\u\{202e\}d symbol="X\\u0007"\n$/,
    );
  });

  test("drops lines for a reader that stands still, and says how many when it goes on", async () => {
    const reader = new SlowReader();
    const log = await createLog({ level: "info", destination: reader, redact, format: "json" });
    reader.stop();
    const big = "x".repeat(1024 * 1024);
    for (let line = 0; line < 12; line++) log.info(big);
    expect(log.droppedLines).toBeGreaterThan(0);
    expect(reader.writableLength).toBeLessThan(WAITING_BYTES_MAX + 2 * big.length);
    const dropped = log.droppedLines;

    await reader.go();
    log.info("again");
    await reader.go();

    const last = reader.lines.slice(-2).map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(last[0]).toMatchObject({ msg: "again" });
    expect(last[1]).toMatchObject({ msg: "lines of the log were dropped", lines: dropped });
  });

  test("counts a line whose fields cannot be read, and does not throw", async () => {
    const reader = new SlowReader();
    const log = await createLog({ level: "info", destination: reader, redact, format: "json" });
    const hostile = {
      get field(): string {
        throw new Error("no");
      },
    };
    log.info("one", hostile);
    expect(log.droppedLines).toBe(1);
    log.info("two");
    expect(reader.lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual([
      "two",
      "lines of the log were dropped",
    ]);
  });

  test("goes on when its reader has left", async () => {
    const reader = new SlowReader();
    const log = await createLog({ level: "info", destination: reader, redact, format: "json" });
    reader.destroy(Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
    await new Promise((resolve) => setImmediate(resolve));
    log.info("nobody reads this");
    expect(log.droppedLines).toBe(1);
    await log.close();
  });

  test.skipIf(!existsSync("/dev/full"))("survives a full disk and still closes", async () => {
    const log = await createLog({ level: "info", destination: "/dev/full", redact, format: "json" });
    for (let line = 0; line < 100; line++) log.info("no space", { line });
    await new Promise((resolve) => setTimeout(resolve, 20));
    log.info("still here");
    await log.close();
  });

  test("follows a file that was moved away, once it is told", async () => {
    const folder = temporaryFolder();
    const file = join(folder, "live.log");
    const log = await createLog({ level: "info", destination: file, redact, format: "json" });
    log.info("first");
    while (!readFileSync(file, "utf8").includes("first")) await new Promise((resolve) => setTimeout(resolve, 1));
    renameSync(file, `${file}.1`);
    log.reopen();
    log.info("second");
    await log.close();
    expect(readFileSync(`${file}.1`, "utf8")).toContain("first");
    expect(readFileSync(file, "utf8")).toContain("second");
  });

  test("tells findings at their severity, refusals and the kill switch, and no heartbeat", async () => {
    const reader = new SlowReader();
    const log = await createLog({ level: "info", destination: reader, redact, format: "json" });
    const finding = { type: "finding.noted", symbol: null, evidence: { missing: 3 } } as const;
    logEntry(log, entry({ type: "timer.fired", timerId: "x" }, [{ type: "timer.set", timerId: "x", dueTsMs: 1 }]));
    logEntry(log, entry(killed("all"), [{ ...finding, code: "live.gap.trimmed", severity: "error", text: "lost" }]));
    logEntry(log, entry({ type: "exchange.order-rejected", clientOrderId: "rh-1", code: -2019, text: SECRET }));
    expect(reader.lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: "warn", msg: "kill switch set", scope: "all" },
      { level: "error", msg: "lost", code: "live.gap.trimmed", evidence: { missing: 3 } },
      { level: "warn", msg: "order refused", code: -2019, text: "[key]" },
    ]);
  });

  test("refuses a file that cannot be opened, and names it", async () => {
    const file = join(temporaryFolder(), "plain");
    writeFileSync(file, "");
    const opened = createLog({ level: "info", destination: join(file, "live.log"), redact, format: "json" });
    await expect(opened).rejects.toThrow(UserError);
    await expect(opened).rejects.toThrow(/plain\/live\.log Cannot write the log: the system answers ENOTDIR/);
  });
});
