import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type WalkForward, walkForwardSchema } from "../../src/lab/walkforward/walk-forward.ts";
import { ensureBuilt, runSim } from "../built-cli.ts";
import { repositoryPath } from "../sim/run/run-helpers.ts";

let folder = "";
const SCENARIO = `
name: small-walk
recording: ${repositoryPath("recordings/regime-flip")}
seed: 7
window: { to: 40h }
strategy: { name: ewma-cross, params: { fast: 30, slow: 120, band: 0.0008, cooldown: 30m } }
pipeline:
  trackers: { marketStateInterval: 15m }
  killScore: { sigmaRef: 0.0015 }
  governor: { name: z-score }
matrix: { pipeline.harvest.killThreshold: [0.7, 0.8] }
`;

beforeAll(async () => {
  await ensureBuilt();
  folder = mkdtempSync(join(tmpdir(), "rehearsal-walk-"));
  writeFileSync(join(folder, "walk.yaml"), SCENARIO);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const sim = (...args: string[]) => runSim(["walkforward", "walk.yaml", "--quiet", ...args], { cwd: folder });

function documentIn(out: string): WalkForward {
  const dir = join(folder, out, "walkforward");
  const name = readdirSync(dir).find((each) => each.endsWith(".json"))!;
  return walkForwardSchema.parse(JSON.parse(readFileSync(join(dir, name), "utf8")));
}

describe("sim walkforward", () => {
  test("tries each choice on what came after it, with an embargo between, and never looks ahead", async () => {
    const { code, stdout } = await sim("--folds", "3", "--train", "0.4", "--embargo", "2h", "--out", "a");
    expect(code).toBe(0);
    const { folds, variants, baseline } = documentIn("a");
    expect([folds.length, variants, baseline]).toEqual([3, ["base", "point-1", "point-2"], "base"]);
    for (const [place, { train, test: span }] of folds.entries()) {
      expect(span.fromTsMs - train.toTsMs).toBe(2 * 3_600_000);
      expect(train.fromTsMs).toBe(folds[0]!.train.fromTsMs);
      if (place > 0) expect(span.fromTsMs).toBeGreaterThanOrEqual(folds[place - 1]!.test.toTsMs);
    }
    expect(stdout).toContain("chosen before");
    expect(stdout.replace(/\s+/g, " ")).toMatch(
      /what was chosen made .* a day afterwards, base .*; it was ahead in \d of 3 tests/,
    );
  });

  test("says the same again, from what it has kept", async () => {
    const before = documentIn("a");
    expect((await sim("--folds", "3", "--train", "0.4", "--embargo", "2h", "--out", "a")).code).toBe(0);
    expect(documentIn("a")).toEqual(before);
  });

  test("rolls its training when it is asked to", async () => {
    expect((await sim("--folds", "2", "--train", "0.4", "--rolling", "--out", "b")).code).toBe(0);
    const [first, second] = documentIn("b").folds;
    expect(second!.train.fromTsMs).toBeGreaterThan(first!.train.fromTsMs);
    expect(second!.train.toTsMs - second!.train.fromTsMs).toBe(first!.train.toTsMs - first!.train.fromTsMs);
  });

  test.each([
    [["--folds", "60"], /each of 60 tests .* an hour of each is needed/],
    [["--train", "1.2"], /a share above 0 and below 1/],
    [["--embargo", "soon"], /a duration such as "1h"/],
    [["--baseline", "nobody"], /it is no variant here/],
  ])("%j is refused", async (more, expected) => {
    const { code, stderr } = await sim(...more);
    expect(code).toBe(2);
    expect(stderr).toMatch(expected);
  });
});
