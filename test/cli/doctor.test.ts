import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type DoctorDocument,
  doctorDocumentSchema,
  doctorJsonSchemaText,
} from "../../src/reports/doctor/doctor-document.ts";
import { ensureBuilt, runSim } from "../built-cli.ts";

const INCIDENT = "recordings/why-no-execute";
let out: string;

beforeAll(async () => {
  await ensureBuilt();
  out = mkdtempSync(join(tmpdir(), "rehearsal-doctor-"));
  const run = await runSim(["run", "scenarios/live.yaml", "--out", out, "--no-report", "--quiet"]);
  expect(run.code).toBe(0);
}, 120_000);
afterAll(() => rmSync(out, { recursive: true, force: true }));

/** What took the origin's operators days, in their words, each with the finding that carries it. */
const SENTENCES: readonly (readonly [code: string, words: RegExp])[] = [
  ["regime_flip_alone_blocks", /regime_flip alone makes K >= 0\.731, so the 0\.60 gate always blocks/],
  ["blocked_by_its_word", /the same action of BTCUSDT named FULL_CLOSE_PROPOSED would have run/],
  ["silent_drop", /SELLs vanish silently/],
  ["frozen_ticker", /WAVESUSDT is a frozen ticker/],
  ["position_grows_with_every_intent", /add-ons to ZECUSDT are uncapped/],
  ["layers_mixed", /decision counts mix layers/],
  ["synthetic_position", /the "exits" of BTCUSDT come from a synthetic position.*ETHUSDT/],
  ["causal_cycle", /UNKNOWN of BTCUSDT is a vocabulary loop/],
  ["ledger_never_updates", /the ledger of ZECUSDT can never update/],
];

async function ask(args: readonly string[]): Promise<{ code: number | null; text: string; stderr: string }> {
  const { code, stdout, stderr } = await runSim(["doctor", ...args, "--out", out]);
  return { code, text: stdout, stderr };
}

async function document(args: readonly string[]): Promise<DoctorDocument> {
  const { text } = await ask([...args, "--json"]);
  return doctorDocumentSchema.parse(JSON.parse(text));
}

describe("the recording of the incident", () => {
  test("one screen says everything: entries execute, and what every other signal was", async () => {
    const { code, text } = await ask([INCIDENT, "--question", "no-execute"]);
    expect(code).toBe(0);
    const flat = text.replace(/\s+/g, " ");
    expect(flat).toContain("entries DO execute: 5 of 6, last ZECUSDT");
    for (const [, words] of SENTENCES) expect(flat).toMatch(words);
    const lines = text.trimEnd().split("\n");
    expect(lines.length).toBeLessThanOrEqual(42);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
    expect(text.indexOf("ANSWERS")).toBeLessThan(text.indexOf("EVIDENCE"));
    expect(text.indexOf("EVIDENCE")).toBeLessThan(text.indexOf("SIGNALS THAT MISLEAD"));
  });

  test("as JSON, by the published schema", async () => {
    const found = await document([INCIDENT, "--question", "no-execute"]);
    expect(found).toMatchObject({ isAnswered: true, question: "no-execute", exit: { code: 0 } });
    expect(found.source).toMatchObject({ kind: "rehearsal", variant: "origin" });
    const codes = [...found.evidence, ...found.misleading].map(({ code }) => code);
    for (const [code] of SENTENCES) expect(codes).toContain(code);
    expect(readFileSync("schemas/doctor.schema.json", "utf8")).toBe(doctorJsonSchemaText());
  });

  test("no-exit says that nothing was judged as an exit, and of whom the unknown ones are", async () => {
    const { code, text } = await ask([INCIDENT, "--question", "no-exit"]);
    expect(code).toBe(0);
    const flat = text.replace(/\s+/g, " ");
    expect(flat).toContain("no exit was asked for");
    expect(flat).toContain(
      "14 evaluations of type UNKNOWN (BTCUSDT, ETHUSDT) are counted neither as entries nor as exits",
    );
  });

  test("why-blocked says value, cutoff and the word, and knows its symbols", async () => {
    const { text } = await ask([INCIDENT, "--question", "why-blocked", "BTCUSDT"]);
    expect(text.replace(/\s+/g, " ")).toContain("value 0.7563 against cutoff 0.6");
    const wrong = await ask([INCIDENT, "--question", "why-blocked", "BTCUSD"]);
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain("did you mean BTCUSDT?");
  });

  test("the repaired variant has none of it but the frozen ticker, which the world keeps", async () => {
    const found = await document([INCIDENT, "--variant", "strict", "--question", "no-execute"]);
    const all = [...found.evidence, ...found.misleading, ...found.others].map(({ code }) => code);
    for (const [code] of SENTENCES) {
      if (code !== "frozen_ticker" && code !== "layers_mixed") expect(all, code).not.toContain(code);
    }
  });
});

describe("a healthy run", () => {
  test("has none of the incident's sentences", async () => {
    const found = await document(["--question", "no-execute"]);
    expect(found.source.kind).toBe("run");
    expect(found.answers[0]!.answer).toContain("entries DO execute");
    const all = [...found.evidence, ...found.misleading, ...found.others];
    for (const [code, words] of SENTENCES) {
      if (code === "layers_mixed") continue;
      expect(
        all.filter((each) => each.code === code && words.test(each.text)),
        code,
      ).toEqual([]);
    }
  });

  test("coverage is answered with its numbers, parity says who would know", async () => {
    const coverage = await ask(["--question", "coverage"]);
    expect(coverage.code).toBe(0);
    expect(coverage.text).toMatch(/of the needed snapshots were fresh/);
    const parity = await ask(["--question", "parity"]);
    expect(parity.code).toBe(12);
    expect(parity.text).toContain("sim verify");
  });

  test("a journal cut short is read as far as it goes, and that is said", async () => {
    const [run] = readdirSync(out).filter((name) => name.startsWith("r-"));
    const journal = readFileSync(join(out, run!, "journal.ndjson"), "utf8");
    const cut = mkdtempSync(join(tmpdir(), "rehearsal-doctor-cut-"));
    try {
      writeFileSync(join(cut, "journal.ndjson"), journal.slice(0, Math.floor(journal.length / 2)));
      const { code, stderr } = await ask([cut]);
      expect(code).toBe(0);
      expect(stderr).toContain("warning:");
    } finally {
      rmSync(cut, { recursive: true, force: true });
    }
  });
});

test.each([
  { args: [INCIDENT, "--question", "no-excute"], words: ["did you mean no-execute?"] },
  { args: [INCIDENT, "--question", "why-blocked"], words: ["no symbol is named"] },
  { args: [INCIDENT, "--variant", "origen"], words: ["did you mean origin?"] },
  { args: ["r-nothere"], words: ["Cannot find run"] },
])("doctor $args is refused with what helps", async ({ args, words }) => {
  const { code, stderr } = await ask(args);
  expect(code).toBe(2);
  for (const word of words) expect(stderr).toContain(word);
});

test("a recording without decisions and without a scenario answers nothing, and says so with exit 12", async () => {
  const { code, text, stderr } = await ask(["recordings/universe", "--question", "no-execute"]);
  expect(code).toBe(12);
  expect(text.replace(/\s+/g, " ")).toContain("nothing says what became of them");
  expect(stderr).toContain("sim run SCENARIO");
});
