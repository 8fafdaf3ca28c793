import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { JournalEntry } from "../../src/engine/domain/journal.ts";
import { openJournal } from "../../src/reports/journal-file.ts";
import { renderTimeline } from "../../src/reports/timeline/render-timeline.ts";
import { TimelineBuilder } from "../../src/reports/timeline/timeline-data.ts";
import { ensureBuilt, runSim } from "../built-cli.ts";
import { header, journal, plan } from "../reports/journal-builder.ts";
import { hasChromium, launchChromium, openFile } from "./chromium.ts";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const HOSTILE = `"><img src=x onerror="document.title='hacked'"></script><script>document.title='hacked'</script>`;

describe.skipIf(!hasChromium)("a timeline in a browser", () => {
  let folder = "";
  let file = "";
  let entries: JournalEntry[] = [];
  let browser: Browser;

  beforeAll(async () => {
    await ensureBuilt();
    folder = mkdtempSync(join(tmpdir(), "rehearsal-walk-"));
    const scenario = join(process.cwd(), "scenarios", "regime-flip.yaml");
    await runSim(["run", scenario, "--to", "30h", "--variant", "z-score,formula", "--no-report"], { cwd: folder });
    const run = join(folder, "sim-out", readdirSync(join(folder, "sim-out"))[0]!);
    const made = await runSim(["report", run, "--timeline", "--beside", "formula", "--json"], { cwd: folder });
    expect(made.code, made.stderr).toBe(0);
    const { file: named, sides } = JSON.parse(made.stdout) as { file: string; sides: { variant: string }[] };
    expect(sides.map(({ variant }) => variant)).toEqual(["z-score", "formula"]);
    file = named.startsWith("/") ? named : join(folder, named);
    entries = [...openJournal(join(run, "z-score", "journal.ndjson")).entries()];
    browser = await launchChromium();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const where = (page: Page) => page.locator("#where").textContent();
  const placeOf = async (page: Page) => Number((await where(page))!.replace(/\s/g, "").match(/^event(\d+)of/)?.[1]) - 1;
  /** Asked from outside: the page's policy lets nobody evaluate text in it again and again. */
  async function until(page: Page, isSaid: (said: string) => boolean): Promise<void> {
    for (let attempt = 0; attempt < 400; attempt++) {
      if (isSaid((await where(page)) ?? "")) return;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error(`the page still says: ${await where(page)}`);
  }
  /** Presses and waits until the page has settled on another sentence. */
  async function press(page: Page, key: string): Promise<void> {
    const before = await where(page);
    await page.keyboard.press(key);
    await until(page, (said) => said !== before);
  }

  test("steps event by event and decision by decision, and the position is that of the journal", async () => {
    const { page, complaints } = await openFile(browser, file);
    await until(page, (said) => said !== "");
    expect(await placeOf(page)).toBe(0);
    await press(page, "ArrowRight");
    expect(await placeOf(page)).toBe(1);
    await press(page, "n");
    const decision = await placeOf(page);
    expect(decision).toBeGreaterThan(1);
    expect(await where(page)).toContain(`seq ${entries[decision]!.envelope.seq}`);

    await press(page, "End");
    expect(await placeOf(page)).toBe(entries.length - 1);
    const lots = new Map<string, number>();
    for (const { envelope } of entries) {
      const { event } = envelope;
      if (event.type !== "exchange.order-filled") continue;
      lots.set(event.symbol, (lots.get(event.symbol) ?? 0) + (event.side === "BUY" ? event.qtyLots : -event.qtyLots));
    }
    expect(lots.size).toBeGreaterThan(3);
    const cells = await page.evaluate<string[][]>(
      `[...document.querySelectorAll("#state-0 table")[1].tBodies[0].rows].map((row) => [...row.cells].slice(0, 2).map((cell) => cell.textContent))`,
    );
    expect(cells.length).toBeGreaterThan(3);
    for (const [symbol, position] of cells) {
      expect(position === "-", `${symbol} ${position}`).toBe((lots.get(symbol!) ?? 0) === 0);
    }
    expect(complaints).toEqual([]);
  });

  test("goes to a plan by the beginning of its id, and along the decisions on its symbol", async () => {
    const { page } = await openFile(browser, file);
    const place = entries.findIndex(({ decisions }) => decisions.some(({ type }) => type === "order.submitted"));
    const submitted = entries[place]!.decisions.find((each) => each.type === "order.submitted")!;
    const [planId, symbol] = submitted.type === "order.submitted" ? [submitted.planId, submitted.symbol] : ["", ""];
    await page.keyboard.press("/");
    await page.keyboard.type(planId.slice(0, 8));
    await press(page, "Enter");
    await until(page, (said) => said.startsWith("event"));
    expect(await placeOf(page)).toBeLessThanOrEqual(place);
    expect(await page.locator("#now-0").textContent()).toContain(planId);
    await page.locator("#list-0 [aria-current]").focus();
    await press(page, "Shift+ArrowRight");
    expect(await page.locator("#now-0").textContent()).toContain(symbol);
  });

  test("two variants stand at one time, and a divergence says what became of what", async () => {
    const { page } = await openFile(browser, file);
    await press(page, "d");
    await until(page, (said) => said.startsWith("divergence 1 of"));
    expect(await where(page)).toMatch(/became/);
    const times = await page.locator(".now .head").allTextContents();
    expect(times).toHaveLength(2);
    const [left, right] = times.map((text) => text.slice(0, 23));
    expect(left! >= right!).toBe(true);
  });

  for (const colorScheme of ["light", "dark"] as const) {
    test(`passes the accessibility rules of axe and scrolls in no width sideways, ${colorScheme}`, async () => {
      for (const width of [320, 1100, 3840]) {
        const { page } = await openFile(browser, file, {
          colorScheme,
          bypassCSP: true,
          viewport: { width, height: 900 },
        });
        await press(page, "n");
        const [needed, given] = await page.evaluate<number[]>("[document.documentElement.scrollWidth, innerWidth]");
        expect(needed, `at ${width}`).toBeLessThanOrEqual(given!);
        if (width !== 1100) continue;
        await page.evaluate(AXE);
        const violations = await page.evaluate(async () => {
          const { axe } = globalThis as unknown as {
            axe: { run(options: object): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
          };
          const found = await axe.run({ resultTypes: ["violations"] });
          return found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 200)}`);
        });
        expect(violations).toEqual([]);
      }
    });
  }

  test("without a script it shows the first decisions and says how to get more", async () => {
    const { page } = await openFile(browser, file, { javaScriptEnabled: false });
    expect(await page.locator("#walk").isVisible()).toBe(false);
    expect(await page.locator("text=Stepping needs a script").first().isVisible()).toBe(true);
    expect(await page.locator("#plain tbody tr").count()).toBeGreaterThan(20);
  });

  test("what a stream says is text, whatever markup it holds", async () => {
    const builder = new TimelineBuilder(header({ variant: HOSTILE, symbols: [HOSTILE] }));
    const built = journal()
      .intent(0, HOSTILE, HOSTILE, {
        type: "plan.published",
        plan: plan("a", { symbol: HOSTILE, reasonCodes: [HOSTILE] }),
      })
      .end(1000);
    for (const entry of built.entries) builder.observe(entry);
    const hostile = join(folder, "hostile.html");
    const divergences = [{ tsMs: 0, text: HOSTILE }];
    writeFileSync(hostile, renderTimeline({ sides: [builder.finish()], divergences, engine: "0" }));
    const { page, complaints } = await openFile(browser, hostile);
    await press(page, "n");
    expect(await page.title()).not.toContain("hacked");
    expect(await page.locator("img").count()).toBe(0);
    expect(await page.locator("#now-0").textContent()).toContain("<img src=x");
    expect(complaints).toEqual([]);
  });
});
