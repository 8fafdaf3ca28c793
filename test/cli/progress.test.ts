import { describe, expect, test } from "vitest";
import { createProgress } from "../../src/cli/progress.ts";
import type { ProgressMode } from "../../src/cli/progress-mode.ts";

const HOUR_MS = 3_600_000;

function progressOn(isTTY: boolean, mode: ProgressMode = "auto") {
  const written: string[] = [];
  let nowMs = 0;
  const stream = { isTTY, columns: 100, write: (text: string) => written.push(text) };
  const progress = createProgress({ stream, mode, label: "replay", nowMs: () => nowMs });
  const at = (wallMs: number, share: number) => {
    nowMs = wallMs;
    progress.update({ tsMs: 1000 + share * HOUR_MS, startTsMs: 1000, endTsMs: 1000 + HOUR_MS, intents: 4, fills: 2 });
  };
  return { written, progress, at };
}

describe("progress on a terminal", () => {
  test("is one line repainted at most ten times a second and erased at the end", () => {
    const { written, progress, at } = progressOn(true);
    for (let wallMs = 0; wallMs <= 1000; wallMs += 10) at(wallMs, wallMs / 2000);
    expect(written).toHaveLength(10);
    expect(written.every((text) => text.startsWith("\r\u001b[2K") && !text.includes("\n"))).toBe(true);
    progress.finish();
    expect(written.at(-1)).toBe("\r\u001b[2K");
  });

  test("shows share, virtual time, speed and the time left", () => {
    const { written, at } = progressOn(true);
    at(1000, 0.25);
    expect(written[0]).toContain(
      "replay  #####----------------   25 %  15m/1h virtual  900x  ETA 3.0 s  intents 4  fills 2",
    );
  });

  test("never wraps: a line is cut to the terminal", () => {
    const { written, at } = progressOn(true);
    at(1000, 0.999);
    expect(written[0]!.replace("\r\u001b[2K", "").length).toBeLessThan(100);
  });
});

describe("progress elsewhere", () => {
  test("is a plain line every 10 % or 30 s, whichever is later", () => {
    const { written, at } = progressOn(false);
    at(1_000, 0.5);
    expect(written).toHaveLength(0);
    at(30_000, 0.55);
    expect(written).toHaveLength(1);
    at(60_000, 0.6);
    at(90_000, 0.66);
    expect(written).toHaveLength(2);
    expect(written.join("")).not.toContain("\u001b");
    expect(written[0]!.endsWith("\n")).toBe(true);
  });

  test("is nothing at all with none, even on a terminal", () => {
    const { written, progress, at } = progressOn(true, "none");
    at(60_000, 0.9);
    progress.finish();
    expect(written).toEqual([]);
  });
});
