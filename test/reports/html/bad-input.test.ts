import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseHTML } from "linkedom";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { renderJunit } from "../../../src/reports/documents/run-junit.ts";
import { renderMarkdown } from "../../../src/reports/documents/run-markdown.ts";
import { readReport } from "../../../src/reports/html/read-report.ts";
import { renderReport } from "../../../src/reports/html/render-report.ts";
import type { ReportModel } from "../../../src/reports/html/report-model.ts";
import { renderRunReport } from "../../../src/reports/terminal/run-report.ts";
import {
  blockedExit,
  fill,
  finding,
  incident,
  type JournalBuilder,
  journal,
  order,
  permit,
  plan,
  rejection,
  result,
  START_TS_MS,
} from "../journal-builder.ts";
import { journalText, writeRun } from "../written-run.ts";

let root: string;
let count = 0;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "rehearsal-bad-input-"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

interface Rendered {
  readonly model: ReportModel;
  readonly html: string;
  /** What a person reads on the page. */
  readonly page: string;
  readonly markdown: string;
  readonly terminal: string;
  readonly junit: string;
}

/** Every report there is of one journal. */
function reportsOf(text: string, files: Readonly<Record<string, string>> = {}, changes: object = {}): Rendered {
  const folder = join(root, `r-${count++}`);
  const places = writeRun(folder, { "": text });
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const model = { ...readReport(folder, places), ...changes };
  const summaries = model.variants.map(({ summary }) => summary);
  const findings = model.variants.map((variant) => variant.findings);
  const html = renderReport(model);
  return {
    model,
    html,
    page: parseHTML(html).document.querySelector("main")?.textContent ?? "",
    markdown: renderMarkdown(summaries, model.comparison, findings, model.gaps),
    terminal: renderRunReport(summaries, model.comparison, { findings }),
    junit: renderJunit(summaries, []),
  };
}

/** What JavaScript prints of figures it does not have. */
const NO_NUMBER = /\b(NaN|Infinity|undefined(?! figure)|null)\b/;

describe("a journal cut short", () => {
  const whole = journalText(incident());

  test("in the middle of a line is read up to it, and page, comment, terminal and cases say that it is a part", () => {
    const { html, page, markdown, terminal, junit } = reportsOf(whole.slice(0, Math.floor(whole.length * 0.6)));
    expect(html).toContain("PARTIAL: the run did not reach its end");
    expect(page).toContain("the last line is torn");
    expect(markdown).toContain("**PARTIAL**");
    expect(markdown).toContain("- ?? fixed: cut short: the last line is torn");
    expect(terminal).toContain("this run is partial");
    expect(junit).toContain('name="the run reached its end"');
    expect(junit).toContain('<skipped message="the run is partial');
  });

  test("at the end of a line says that the end is missing", () => {
    const lines = whole.trimEnd().split("\n");
    const { page, markdown } = reportsOf(`${lines.slice(0, -1).join("\n")}\n`);
    for (const text of [page, markdown]) expect(text).toContain("ends without run.ended");
  });

  test("after its header is a run in which nothing happened", () => {
    const { page, terminal } = reportsOf(`${whole.split("\n")[0]}\n`);
    expect(page).toContain("Nothing executed: no plan said EXECUTE.");
    expect(terminal).toContain("this run is partial");
  });

  test("in its header, or damaged in the middle, is refused with its place", () => {
    const lines = whole.split("\n");
    expect(() => reportsOf(whole.slice(0, 40))).toThrow("Cannot read the journal: the first line is no header");
    expect(() => reportsOf([...lines.slice(0, 3), "{]", ...lines.slice(3)].join("\n"))).toThrow(/journal\.ndjson:4/);
    expect(() => reportsOf("")).toThrow("the file is empty");
  });
});

describe("files of another version", () => {
  const text = journalText(incident());

  test("a summary is made anew from the journal, and that is said", () => {
    const { page, markdown } = reportsOf(text, { "summary.json": '{"schema":"sim.summary/0"}' });
    for (const told of [page, markdown]) expect(told).toContain("its summary is missing or of another version");
    expect(page).toContain("Yes, it executed: 5 orders filled.");
  });

  test("a summary of more entries than the journal has is told, with both counts", () => {
    const written = reportsOf(text).model.variants[0]!.summary;
    const lines = text.trimEnd().split("\n");
    const { page } = reportsOf(`${lines.slice(0, -6).join("\n")}\n`, { "summary.json": JSON.stringify(written) });
    expect(page).toContain(
      `its summary is of ${written.run.entries} journal entries, ${written.run.entries - 6} are there`,
    );
  });

  test.each(["comparison.json", "lab-comparison.json", "gate.json"])("%s is left out, and that is said", (name) => {
    for (const content of ['{"schema":"sim.old/0"}', "{torn"])
      expect(reportsOf(text, { [name]: content }).page).toContain(`${name}: of another version, or damaged`);
    expect(reportsOf(text).page).not.toContain("of another version, or damaged");
  });
});

describe("little to say", () => {
  test("a run without decisions says so, and what cannot be known of it", () => {
    const { page, markdown, terminal, junit, model } = reportsOf(journalText(journal().end(60_000)));
    expect(page).toContain("Nothing executed: no plan said EXECUTE.");
    expect(page).toContain("No rule found anything.");
    expect(markdown).toContain("0 orders filled of 0 plans that said EXECUTE");
    expect(terminal).toContain("evidence E0");
    expect(junit).toContain('tests="1" failures="0"');
    // An undefined figure is a dash with its reason, never a number.
    expect(page).toContain("Not computed under fixed");
    for (const { value, distribution, reason } of Object.values(model.variants[0]!.summary.metrics))
      if (value === null && distribution === null) expect(reason).toMatch(/\w/);
    for (const text of [page, markdown, terminal]) expect(text).not.toMatch(NO_NUMBER);
  });

  test("one decision makes a report, and too few to conclude from", () => {
    const { page, terminal, markdown } = reportsOf(
      journalText(journal().publish(1000, blockedExit("b1", "BTCUSDT")).end(60_000)),
    );
    for (const text of [page, terminal]) expect(text).not.toMatch(NO_NUMBER);
    expect(markdown).toContain("too\\_few\\_episodes");
  });

  test("without variance no ratio is made up", () => {
    const built = journal();
    for (let index = 0; index < 6; index++) {
      const [id, atMs] = [`p${index}`, index * 400_000];
      const side = index % 2 === 0 ? ("BUY" as const) : ("SELL" as const);
      const close = { side, isReduceOnly: side === "SELL", evalType: side === "BUY" ? "ENTRY" : "EXIT" } as const;
      built.publish(atMs, plan(id, close)).tick(atMs + 1, permit(id), order(id, close));
      built.at(
        atMs + 2,
        fill(id, { side, orderId: `o${index}`, feeQuote: 0n, exchangeTsMs: START_TS_MS + atMs + 2 }),
        result(id, "FILLED", { side, evalType: close.evalType, feeQuote: 0n, realizedPnlQuote: 0n }),
      );
    }
    const { page, terminal, model } = reportsOf(journalText(built.end(4_000_000)));
    for (const text of [page, terminal]) expect(text).not.toMatch(NO_NUMBER);
    const { metrics } = model.variants[0]!.summary;
    const ratios = Object.entries(metrics).filter(([id]) => /sharpe|sortino|profit_factor/.test(id));
    expect(ratios.length).toBeGreaterThan(0);
    for (const [id, { value, reason }] of ratios) {
      expect(value, id).toBeNull();
      expect(reason, id).toMatch(/\w/);
    }
  });

  test("a hole in time is told as one", () => {
    const built = journal();
    const beats = Array.from({ length: 8 }, (_, index) => 1000 + index * 62_000);
    for (const atMs of [...beats, 7_000_000]) {
      const id = `${START_TS_MS + atMs}-0`;
      built.intent(atMs, id, "ZECUSDT", rejection(id, "symbol_cooldown", "ZECUSDT"));
    }
    const gap = finding("live.gap.disconnect", { severity: "warn", text: "mark was away: connection lost" });
    const { page, markdown, terminal } = reportsOf(journalText(built.tick(7_000_001, gap).end(7_000_002)));
    for (const text of [page, markdown, terminal]) {
      expect(text.replaceAll("\\", "").replace(/\s+/g, " ")).toContain("none came for 1h49m");
      expect(text.replaceAll("\\", "")).toContain("live.gap.disconnect");
    }
  });
});

describe("hostile words from streams", () => {
  const EVIL = `<img src=x onerror="alert(1)">]]>&\u202e|\`$(rm -rf ~)\n@everyone`;

  /** Symbols, reasons, ids, words and finding codes, all of them hostile. */
  function hostile(): JournalBuilder {
    const built = journal();
    for (let index = 0; index < 12; index++) {
      const id = `${EVIL}${index}`;
      const evil = plan(id, { symbol: EVIL, reasonCodes: [EVIL], intentEntryId: id, episodeKey: EVIL });
      built.intent(1000 * index, id, EVIL, { type: "plan.published", plan: evil });
      built.tick(1000 * index + 1, permit(id, { symbol: EVIL }), order(id, { symbol: EVIL }));
      built.at(
        1000 * index + 2,
        fill(id, { symbol: EVIL, exchangeTsMs: START_TS_MS + 1000 * index + 2, orderId: id }),
        result(id, "FILLED", { symbol: EVIL, reason: EVIL }),
      );
    }
    const odd = { action: EVIL, reasonCodes: [EVIL], killScore: null } as object;
    built.publish(20_000, blockedExit("b1", EVIL, odd), blockedExit("b2", EVIL, { action: "UNKNOWN" }));
    built.tick(20_001, result("b1", "REJECTED_INPUT", { symbol: EVIL, reason: EVIL, detail: EVIL }));
    const at = { symbol: EVIL, text: EVIL, evidence: { planId: EVIL, [EVIL]: EVIL } };
    return built.tick(20_002, finding(EVIL, at), finding("position_without_mark", at)).end(30_000);
  }

  const names = { runId: EVIL, variant: EVIL, scenario: EVIL, recording: EVIL };
  let rendered: Rendered;
  beforeAll(() => {
    rendered = reportsOf(journalText(hostile(), names), {}, { gaps: [EVIL] });
  });

  test("are letters on the page: no element, no attribute, no command comes out of them", () => {
    const { document } = parseHTML(rendered.html);
    expect(document.querySelectorAll("img, iframe, object, embed, link, base, form")).toHaveLength(0);
    expect(document.querySelectorAll("script")).toHaveLength(1);
    for (const element of document.querySelectorAll("*"))
      for (const { name } of element.attributes) expect(name).not.toMatch(/^on/);
    expect(document.querySelector("#findings")!.textContent).toContain("<img src=x onerror=");
    expect(rendered.html).not.toMatch(/\u202e/);
  });

  test("make the same bytes twice", () => {
    expect(renderReport(rendered.model)).toBe(rendered.html);
  });

  test("get into no command that somebody may paste", () => {
    for (const { findings } of rendered.model.variants) {
      expect(findings.length).toBeGreaterThan(5);
      for (const { command } of findings) {
        expect(command.startsWith("sim doctor ") || command.startsWith("sim explain ")).toBe(true);
        // What is left outside single quotes is plain words.
        expect(command.replace(/'[^']*'/g, "")).toMatch(/^[\w ./:-]*$/);
      }
    }
  });

  test("neither move the cursor nor begin a line of the terminal's", () => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(rendered.terminal).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
    expect(rendered.terminal).not.toMatch(/^@everyone/m);
  });

  test("stay in their line, cell and code span of the comment, and mention nobody", () => {
    // Outside code spans, where it is letters anyway.
    expect(rendered.markdown.replace(/(`+).*?\1/g, "")).not.toContain("<img");
    expect(rendered.markdown).not.toMatch(/^@everyone/m);
    expect(rendered.markdown.split("\n").length).toBeLessThanOrEqual(60);
  });
});
