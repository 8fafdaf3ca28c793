import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { UserError } from "../../../src/diagnostics/user-error.ts";
import { ORIGIN_QUIRKS, QUIRK_NAMES } from "../../../src/engine/quirks.ts";
import { scenarioJsonSchemaText } from "../../../src/sim/scenario/json-schema.ts";
import { parseScenario } from "../../../src/sim/scenario/load.ts";
import { momentTsMs, parseMoment } from "../../../src/sim/scenario/moment.ts";
import { overrideScenario } from "../../../src/sim/scenario/override.ts";
import { mergeInput, resolveQuirks } from "../../../src/sim/scenario/resolve.ts";
import type { Scenario } from "../../../src/sim/scenario/schema.ts";

const HEAD = "name: test\nrecording: r\n";
const parse = (text: string): Scenario => parseScenario(`${HEAD}${text}`, "a.yaml");

describe("a scenario without variants", () => {
  test("has one named base with every default in place", () => {
    const scenario = parse("");
    expect(scenario.variants.map(({ name }) => name)).toEqual(["base"]);
    expect(scenario.variants[0]).toMatchObject({
      profile: "strict",
      policy: { governor: { name: "z-score" }, quirks: [] },
    });
    expect(scenario).toMatchObject({ seed: "1", warmupMs: 0, intents: "recording", strategy: null, thresholds: {} });
    expect(scenario.account).toEqual({ wallet: 10_000n * 100_000_000n, leverage: 5, positions: [] });
    expect(scenario.variants[0]?.exchange.latency.order).toEqual({ medianMs: 80, sigma: 0 });
  });

  test("turns units into milliseconds and exact money", () => {
    const scenario = parse(
      'warmup: 1.5h\nseed: 42\naccount: { wallet: "0.00000001" }\nexchange: { latency: { order: { median: 250ms, sigma: 0.4 } } }\n',
    );
    expect(scenario).toMatchObject({ warmupMs: 5_400_000, seed: "42", account: { wallet: 1n } });
    expect(scenario.variants[0]?.exchange.latency.order).toEqual({ medianMs: 250, sigma: 0.4 });
  });
});

describe("variants", () => {
  test("inherit what they do not write, from the base's own words and not from its defaults", () => {
    const { variants } = parse(`
pipeline:
  limits: { openPositionsMax: 3, notionalTotalMaxQuote: "900" }
  harvest: { symbols: [BTCUSDT, ETHUSDT] }
  governor: { name: fixed-threshold, params: { warning: 0.5 } }
exchange: { latency: { order: 10ms }, missing: [WAVESUSDT] }
variants:
  - name: same
  - name: other
    pipeline:
      limits: { openPositionsMax: 7 }
      harvest: { symbols: [SOLUSDT] }
      governor: { name: fixed-threshold, params: { critical: 0.9 } }
    exchange: { latency: { answer: 5ms }, missing: [] }
  - name: changed
    pipeline: { governor: { name: none } }
`);
    const [same, other, changed] = variants;
    expect(same?.policy.limits).toMatchObject({ openPositionsMax: 3, notionalTotalMaxQuote: 90_000_000_000n });
    expect(other?.policy.limits).toMatchObject({ openPositionsMax: 7, notionalTotalMaxQuote: 90_000_000_000n });
    expect(other?.policy.harvest.symbols).toEqual(["SOLUSDT"]);
    expect(other?.policy.governor).toEqual({ name: "fixed-threshold", params: { warning: 0.5, critical: 0.9 } });
    expect(other?.exchange.latency.order.medianMs).toBe(10);
    expect(other?.exchange.latency.answer.medianMs).toBe(5);
    expect(other?.exchange.missing).toEqual([]);
    expect(changed?.policy.governor).toEqual({ name: "none", params: {} });
  });

  test("null replaces a list, because null means the whole universe", () => {
    const { variants } = parse(
      "pipeline: { bridge: { allowlist: [A] } }\nvariants: [{ name: all, pipeline: { bridge: { allowlist: null } } }]\n",
    );
    expect(variants[0]?.policy.bridge.allowlist).toBeNull();
  });

  test("may live under another profile than the base", () => {
    const { variants } = parse(
      "profile: origin\npipeline: { quirks: [dual-executor] }\nvariants: [{ name: as-was }, { name: fixed, profile: strict, pipeline: { quirks: [] } }]\n",
    );
    expect(variants[0]?.policy.quirks).toEqual(
      QUIRK_NAMES.filter((name) => !["ledger-unsigned", "reconcile-deadlock"].includes(name)),
    );
    expect(variants[1]?.policy.quirks).toEqual([]);
  });
});

describe("quirks", () => {
  test("of the origin can be taken away one by one", () => {
    const quirks = resolveQuirks("origin", ["-serial-stall", "ledger-unsigned"]);
    expect(quirks).not.toContain("serial-stall");
    expect(quirks).toContain("ledger-unsigned");
    expect(quirks).toHaveLength(ORIGIN_QUIRKS.length);
  });

  test("come in one order whatever the order they are written in", () => {
    expect(resolveQuirks("strict", ["ledger-never", "phantom-position"])).toEqual(["phantom-position", "ledger-never"]);
  });
});

describe("the hash of a scenario", () => {
  const hash = (text: string) => parse(text).hash;

  test("is the same for a file that only spells its defaults out, comments or words its title otherwise", () => {
    expect(
      hash("seed: 7\ntitle: other\n# a comment\nwarmup: 0s\npipeline: { limits: { openPositionsMax: 10 } }\n"),
    ).toBe(hash(""));
    expect(hash("")).toMatch(/^[0-9a-f]{64}$/);
  });

  test.each([
    "warmup: 1s",
    "profile: origin",
    "account: { wallet: '10000.00000001' }",
    "pipeline: { limits: { openPositionsMax: 11 } }",
    "exchange: { fees: { taker: '0.0004' } }",
    "thresholds: { funnel.unaccounted: { expr: 'count == 0' } }",
    "window: { to: 4h }",
  ])("changes with %s", (text) => {
    expect(hash(text)).not.toBe(hash(""));
  });
});

describe("overrides of the command line", () => {
  const scenario = parse("variants: [{ name: calm }, { name: bold }]\n");

  test("choose variants in the scenario's order without changing the hash", () => {
    const changed = overrideScenario(scenario, { variants: ["bold", "calm"], seed: "9" });
    expect(changed.variants.map(({ name }) => name)).toEqual(["calm", "bold"]);
    expect(changed).toMatchObject({ hash: scenario.hash, seed: "9" });
    expect(overrideScenario(scenario, { variants: ["bold"] }).variants).toHaveLength(1);
  });

  test("of the window change the hash", () => {
    const changed = overrideScenario(scenario, { from: "1h", to: "2025-05-08T00:00:00Z" });
    expect(changed.window).toEqual({
      from: { kind: "offset", offsetMs: 3_600_000 },
      to: { kind: "absolute", tsMs: 1_746_662_400_000 },
    });
    expect(changed.hash).not.toBe(scenario.hash);
  });

  test("that name nothing known are refused together", () => {
    try {
      overrideScenario(scenario, { variants: ["bald"], from: "noon" });
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(UserError);
      expect((error as UserError).problems).toHaveLength(2);
      expect((error as UserError).message).toContain('did you mean "bold"?');
    }
  });
});

describe("moments", () => {
  test.each([
    ["2025-05-08T12:00:00Z", { kind: "absolute", tsMs: 1_746_705_600_000 }],
    ["2025-05-08T12:00:00.25Z", { kind: "absolute", tsMs: 1_746_705_600_250 }],
    ["2025-05-08", { kind: "absolute", tsMs: 1_746_662_400_000 }],
    ["90s", { kind: "offset", offsetMs: 90_000 }],
  ])("%s is read exactly", (text, moment) => {
    expect(parseMoment(text)).toEqual(moment);
  });

  test.each([
    "2025-02-29",
    "2025-13-01",
    "2025-05-08T24:00:00Z",
    "2025-05-08T12:00:00",
    "2025-05-08 12:00",
    "12:00",
    "-4h",
  ])("%s is none", (text) => {
    expect(parseMoment(text)).toBeNull();
  });

  test("an offset counts from the first record of the recording", () => {
    expect(momentTsMs({ kind: "offset", offsetMs: 5 }, 1000)).toBe(1005);
    expect(momentTsMs({ kind: "absolute", tsMs: 7 }, 1000)).toBe(7);
  });
});

test("merging never writes into what it merges", () => {
  const base = { a: { b: 1, c: [1] } };
  expect(mergeInput(base, { a: { b: 2 } })).toEqual({ a: { b: 2, c: [1] } });
  expect(base).toEqual({ a: { b: 1, c: [1] } });
});

test("schemas/scenario.schema.json is what `npm run schema` writes", () => {
  const stored = readFileSync(new URL("../../../schemas/scenario.schema.json", import.meta.url), "utf8");
  expect(stored === scenarioJsonSchemaText(), "run `npm run schema` and commit the file").toBe(true);
});
