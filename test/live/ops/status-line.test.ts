import { describe, expect, test } from "vitest";
import { SessionFacts } from "../../../src/live/ops/session-facts.ts";
import { createStatusPrinter, statusLine } from "../../../src/live/ops/status-line.ts";
import { HEADER, START_MS } from "../session/session-world.ts";
import { entry, fill, killed, RUNNING } from "./ops-world.ts";

const result = (evalType: "ENTRY" | "EXIT", isExecuted: boolean) =>
  ({
    type: "result.recorded",
    planId: "p",
    symbol: "BTCUSDT",
    evalType,
    status: isExecuted ? "FILLED" : "BLOCKED_POLICY",
    isExecuted,
    reason: isExecuted ? "" : "kill_score_close_blocked",
    detail: "",
    orderId: null,
    clientOrderId: null,
    side: "BUY",
    requestedQtyLots: 1,
    filledQtyLots: isExecuted ? 1 : 0,
    filledNotionalQuote: 0n,
    feeQuote: 0n,
    realizedPnlQuote: 0n,
  }) as const;

function facts(): SessionFacts {
  const known = new SessionFacts(HEADER);
  known.observe(entry({ type: "run.started", walletQuote: 1_000_00000000n }));
  known.observe(entry(fill("t1", 5), [result("ENTRY", true), result("ENTRY", false), result("EXIT", false)]));
  known.observe(
    entry({ type: "timer.fired", timerId: "account" }, [
      {
        type: "account.sampled",
        walletQuote: 1_000_00000000n,
        equityQuote: 998_79500000n,
        grossNotional: 475,
        openPositions: 1,
        portfolioHeat: 0,
        drawdown: 0,
      },
    ]),
  );
  known.price(START_MS - 400);
  return known;
}

const OPTIONS = { width: 200, colour: false, nowMs: START_MS };

describe("the status line", () => {
  test("tells entries from exits, and marks exits of which none was ever executed", () => {
    const line = statusLine({ ...RUNNING, seq: 48_210, intentsWaiting: 3 }, facts(), OPTIONS);
    expect(line).toBe("running  entries 1 of 2  exits 0 of 1 !!  open 1  pnl -1.21  price 0.4s  waiting 3  seq 48210");
  });

  test("shows a kill switch first, and every mark without colour", () => {
    const known = facts();
    known.observe(entry(killed("all")));
    known.price(START_MS - 30_000);
    const line = statusLine({ ...RUNNING, state: "failed", ordersUnresolved: 2 }, known, OPTIONS);
    expect(line).toMatch(/^failed !! {2}KILL all !! {2}entries/);
    expect(line).toContain("price 30.0s !!");
    expect(line).toContain("waiting 0, 2 unresolved !!");
  });

  test.each([1, 7, 20, 40, 60, 80])(
    "is never wider than %d cells once the state fits, and leaves out from the right",
    (width) => {
      const whole = statusLine(RUNNING, facts(), OPTIONS);
      const line = statusLine(RUNNING, facts(), { ...OPTIONS, width });
      expect(line.length).toBeLessThanOrEqual(Math.max(width, "running".length));
      expect(whole.startsWith(line)).toBe(true);
    },
  );

  test("says in colour what it says without", () => {
    const coloured = statusLine(RUNNING, facts(), { ...OPTIONS, colour: true });
    expect(coloured).toContain("\u001b[");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it takes the colours off.
    expect(coloured.replace(/\u001b\[\d+m/g, "")).toBe(statusLine(RUNNING, facts(), OPTIONS));
  });

  test("has no number before there is one", () => {
    const line = statusLine({ ...RUNNING, state: "starting" }, new SessionFacts(HEADER), OPTIONS);
    expect(line).toBe("starting  entries 0 of 0  exits 0 of 0  open 0  pnl -  price none !!  waiting 0  seq 0");
  });
});

class Screen {
  readonly written: string[] = [];
  readonly isTTY: boolean;
  readonly columns = 100;
  writableNeedDrain = false;
  constructor(isTTY: boolean) {
    this.isTTY = isTTY;
  }
  write(text: string): boolean {
    this.written.push(text);
    return true;
  }
}

describe("the status printer", () => {
  test("redraws a terminal at most four times a second, and only what changed", () => {
    const screen = new Screen(true);
    let nowMs = 0;
    let text = "0";
    const printer = createStatusPrinter({ stream: screen, line: () => text, colour: false, nowMs: () => nowMs });
    for (; nowMs < 1000; nowMs += 10) {
      text = String(nowMs);
      printer.update();
    }
    expect(screen.written).toEqual(["0", "250", "500", "750"].map((each) => `\r\u001b[2K${each}`));
    text = "750";
    nowMs = 5000;
    printer.update();
    expect(screen.written).toHaveLength(4);
    printer.note("a message");
    expect(screen.written.at(-1)).toBe("\r\u001b[2Ka message\n750");
    printer.close();
    expect(screen.written.at(-1)).toBe("\r\u001b[2K");
    printer.update();
    expect(screen.written).toHaveLength(6);
  });

  test("draws nothing while the terminal does not keep up", () => {
    const screen = new Screen(true);
    screen.writableNeedDrain = true;
    const printer = createStatusPrinter({ stream: screen, line: () => "x", colour: false, nowMs: () => 0 });
    printer.update();
    expect(screen.written).toEqual([]);
  });

  test("writes one plain line a minute elsewhere, also after the clock went back", () => {
    const log = new Screen(false);
    let nowMs = 0;
    const colours: boolean[] = [];
    const line = (_: number, colour: boolean) => {
      colours.push(colour);
      return `at ${nowMs}`;
    };
    const printer = createStatusPrinter({ stream: log, line, colour: true, nowMs: () => nowMs });
    for (; nowMs < 180_000; nowMs += 1000) printer.update();
    expect(log.written).toEqual(["at 0\n", "at 60000\n", "at 120000\n"]);
    nowMs = 50_000;
    printer.update();
    expect(log.written).toHaveLength(4);
    expect(colours.every((colour) => !colour)).toBe(true);
    printer.close();
    expect(log.written.join("")).not.toContain("\u001b");
  });
});
