import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { renderJunit } from "../../src/reports/documents/run-junit.ts";
import { createFindings } from "../../src/reports/findings/index.ts";
import { renderReport } from "../../src/reports/html/render-report.ts";
import { createRunSeries } from "../../src/reports/html/series/run-series.ts";
import { createRunSummary } from "../../src/reports/summary/run-summary.ts";
import { ensureBuilt, runSim } from "../built-cli.ts";
import { fill, header, journal, order, permit, plan, result, START_TS_MS } from "../reports/journal-builder.ts";
import { hasChromium, launchChromium, openFile } from "./chromium.ts";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const HOSTILE = `"><img src=x onerror="document.title='hacked'"><script>document.title='hacked'</script>`;

describe.skipIf(!hasChromium)("a report in a browser", () => {
  let folder = "";
  let report = "";
  let browser: Browser;

  beforeAll(async () => {
    await ensureBuilt();
    folder = mkdtempSync(join(tmpdir(), "rehearsal-browser-"));
    const scenario = join(process.cwd(), "scenarios", "regime-flip.yaml");
    const run = await runSim(
      ["run", scenario, "--to", "36h", "--variant", "fixed-threshold,z-score,formula", "--gate"],
      {
        cwd: folder,
      },
    );
    expect(run.stderr).toBe("");
    report = join(folder, "sim-out", readdirSync(join(folder, "sim-out"))[0]!, "report.html");
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test("complains about nothing and asks the network for nothing", async () => {
    const { page, complaints } = await openFile(browser, report);
    expect(await page.title()).toMatch(/^regime-flip · r-[0-9a-f]{8}$/);
    expect(await page.locator("section").count()).toBeGreaterThan(9);
    expect(await page.locator("svg").count()).toBeGreaterThan(10);
    expect(complaints).toEqual([]);
    expect(statSync(report).size).toBeLessThan(5_000_000);
  });

  for (const colorScheme of ["light", "dark"] as const) {
    test(`passes the accessibility rules of axe, ${colorScheme}`, async () => {
      // The policy of the page would keep axe itself out.
      const { page } = await openFile(browser, report, { colorScheme, bypassCSP: true });
      await page.addStyleTag({ content: "section{content-visibility:visible!important}" });
      await page.evaluate(AXE);
      const violations = await page.evaluate(async () => {
        const { axe } = globalThis as unknown as {
          axe: {
            run(
              options: object,
            ): Promise<{ passes: unknown[]; violations: { id: string; nodes: { html: string }[] }[] }>;
          };
        };
        const found = await axe.run({ resultTypes: ["violations"] });
        return found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 200)}`);
      });
      expect(violations).toEqual([]);
    });
  }

  test("needs no sideways scrolling from 320 pixels to 4K", async () => {
    for (const width of [320, 768, 1280, 3840]) {
      const { page } = await openFile(browser, report, { viewport: { width, height: 900 } });
      const [needed, given] = await page.evaluate<number[]>("[document.documentElement.scrollWidth, innerWidth]");
      expect(needed, `at ${width}`).toBeLessThanOrEqual(given!);
      await page.context().close();
    }
  });

  test("is complete without a script", async () => {
    const { page } = await openFile(browser, report, { javaScriptEnabled: false });
    expect(await page.locator(".theme").isVisible()).toBe(false);
    expect(await page.locator(".picker").first().isVisible()).toBe(false);
    for (const text of [
      "entries executed",
      "What changed",
      "How sure is that?",
      "What the gate was worth",
      "Method and assumptions",
      "BTCUSDT",
    ]) {
      expect(await page.locator(`text=${text}`).first().isVisible(), text).toBe(true);
    }
    const hidden = await page.locator("[data-picked-by][hidden]").count();
    expect(hidden).toBe(0);
  });

  test("is walked with the keyboard: every link, sorting a table, picking a symbol, changing the colours", async () => {
    const { page } = await openFile(browser, report, { colorScheme: "light" });
    const seen: string[] = [];
    for (let press = 0; press < 14; press++) {
      await page.keyboard.press("Tab");
      seen.push(await page.evaluate<string>("document.activeElement.textContent.trim()"));
    }
    const links = await page.locator("nav a").allTextContents();
    expect(links.length).toBeGreaterThan(8);
    expect(seen).toEqual(expect.arrayContaining(["light / dark", ...links.map((link) => link.trim())]));

    const table = page.locator("table.sortable", { hasText: "net (USDT)" }).first();
    const firstNet = () => table.locator("tbody tr").first().locator("td").nth(3).textContent();
    await table.locator("thead button", { hasText: "net (USDT)" }).focus();
    await page.keyboard.press("Enter");
    const least = await firstNet();
    await page.keyboard.press("Enter");
    expect(await firstNet()).not.toBe(least);
    expect(await table.locator("th[aria-sort]").getAttribute("aria-sort")).toBe("descending");

    const select = page.locator("#symbol-1");
    await select.focus();
    await page.keyboard.press("ArrowDown");
    const picked = await select.inputValue();
    const shown = page.locator('[data-picked-by="symbol-1"]:not([hidden])');
    expect(await shown.count()).toBe(1);
    expect(await shown.getAttribute("data-name")).toBe(picked);

    await page.locator(".theme").focus();
    await page.keyboard.press("Enter");
    expect(await page.locator("html").getAttribute("data-theme")).toBe("dark");
  });

  test("prints on A4 in black on white, whatever the screen shows", async () => {
    const { page } = await openFile(browser, report, { colorScheme: "dark" });
    await page.emulateMedia({ media: "print" });
    expect(await page.evaluate("getComputedStyle(document.body).backgroundColor")).toBe("rgb(255, 255, 255)");
    expect(await page.locator("nav").isVisible()).toBe(false);
    const pdf = await page.pdf({ preferCSSPageSize: true });
    expect(pdf.subarray(0, 5).toString()).toBe("%PDF-");
    expect(pdf.toString("latin1").match(/\/Type\s*\/Page[^s]/g)!.length).toBeGreaterThan(2);
  });

  test("reads junit.xml as strict XML, whatever stands in names, reasons and values", async () => {
    const written = readFileSync(join(report, "..", "junit.xml"), "utf8");
    const observed = createRunSummary(header({ scenario: HOSTILE, variant: HOSTILE }));
    for (const entry of journal().end(1000).entries) observed.observe(entry);
    const evil = `${HOSTILE}]]>&\u0000\u001b\u202e\ufffe`;
    const expected = { variant: HOSTILE, what: evil, isMet: false, found: evil };
    const hostile = renderJunit([{ ...observed.finish(), thresholds: [] }], [expected]);
    const page = await browser.newPage();
    for (const text of [written, hostile]) {
      const read = await page.evaluate(`(() => {
        const xml = new DOMParser().parseFromString(${JSON.stringify(text)}, "application/xml");
        const root = xml.documentElement;
        return {
          errors: xml.querySelectorAll("parsererror").length,
          names: [...new Set([...xml.querySelectorAll("*")].map((each) => each.tagName))].sort(),
          told: [root.getAttribute("tests"), root.getAttribute("failures")].map(Number),
          counted: [xml.querySelectorAll("testcase").length, xml.querySelectorAll("failure").length],
        };
      })()`);
      const { errors, names, told, counted } = read as Record<"errors" | "names" | "told" | "counted", unknown>;
      expect(errors).toBe(0);
      expect(["testcase", "testsuite", "testsuites"].every((name) => (names as string[]).includes(name))).toBe(true);
      expect(names).not.toContain("img");
      expect(told).toEqual(counted);
    }
    await page.close();
  });

  test("shows findings right after the answer, worst first, each with its command", async () => {
    const { page } = await openFile(browser, report);
    const ids = await page.locator("main > section").evaluateAll((all) => all.map((each) => each.id));
    expect(ids.slice(0, 3)).toEqual(["answer", "findings", "execution"]);
    const items = page.locator("#findings li");
    const severities = await items.evaluateAll((all) => all.map((each) => each.className));
    expect(severities.length).toBeGreaterThan(1);
    const rank = (severity: string) => ["error", "warn", "info"].indexOf(severity);
    expect(severities).toEqual([...severities].sort((left, right) => rank(left) - rank(right)));
    for (const command of await items.locator("p:last-child code").allTextContents())
      expect(command).toMatch(/^sim (explain|doctor) /);
  });

  test("reads hostile names as letters", async () => {
    const built = journal();
    const evil = plan("p1", { symbol: HOSTILE, intentEntryId: "1-0", createdTsMs: START_TS_MS });
    built.intent(1000, "1-0", HOSTILE, { type: "plan.published", plan: evil });
    built.tick(1100, permit("p1"), order("p1"));
    built.at(
      1200,
      fill("p1", { symbol: HOSTILE, exchangeTsMs: START_TS_MS + 1150 }),
      result("p1", "FILLED", { symbol: HOSTILE }),
    );
    built.end(60_000);
    const head = header({ scenario: HOSTILE, variant: HOSTILE });
    const [summary, series] = [createRunSummary(head), createRunSeries(head)];
    const watched = createFindings({ header: head });
    for (const entry of built.entries) {
      summary.observe(entry);
      series.observe(entry);
      watched.observe(entry);
    }
    const variants = [
      { summary: { ...summary.finish(), thresholds: [] }, series: series.finish(), findings: watched.report() },
    ];
    const text = renderReport({ variants, comparison: null, files: [], gaps: [HOSTILE] });
    const file = join(folder, "hostile.html");
    writeFileSync(file, text);
    const { page, complaints } = await openFile(browser, file);
    expect(await page.title()).toContain("<img src=x onerror=");
    expect(await page.locator("img").count()).toBe(0);
    expect(await page.locator("script").count()).toBe(1);
    expect(complaints).toEqual([]);
  });
});
