// The pictures of the README, made anew from a run: npm run screenshots (needs Debian's chromium, or CHROMIUM=path).
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { chromium } from "playwright-core";

const binary = process.env.CHROMIUM ?? ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find(existsSync);
if (binary === undefined) {
  console.error("Cannot take pictures: there is no chromium, it is needed (apt-get install chromium, or CHROMIUM=path)");
  process.exit(2);
}
const images = resolve("docs/images");
mkdirSync(images, { recursive: true });
const folder = mkdtempSync(join(tmpdir(), "rehearsal-pictures-"));
try {
  const run = ["run", resolve("scenarios/regime-flip.yaml"), "--gate", "--quiet"];
  execFileSync(process.execPath, [resolve("dist/cli/sim.js"), ...run], { cwd: folder });
  const report = join(folder, "sim-out", readdirSync(join(folder, "sim-out"))[0], "report.html");
  const browser = await chromium.launch({ executablePath: binary, args: ["--no-sandbox", "--disable-gpu"] });
  for (const colorScheme of ["light", "dark"]) {
    const page = await browser.newPage({ viewport: { width: 1100, height: 820 }, colorScheme });
    await page.goto(`file://${report}`);
    await page.screenshot({ path: join(images, `report-${colorScheme}.png`) });
    await page.close();
  }
  const page = await browser.newPage({ viewport: { width: 1100, height: 820 }, colorScheme: "light" });
  await page.goto(`file://${report}#governor`);
  await page.locator("#governor").scrollIntoViewIfNeeded();
  await page.screenshot({ path: join(images, "governor.png") });

  const walk = ["report", "--timeline", "--beside", "z-score", "--json"];
  const made = execFileSync(process.execPath, [resolve("dist/cli/sim.js"), ...walk], { cwd: folder, encoding: "utf8" });
  const timeline = await browser.newPage({ viewport: { width: 1400, height: 820 }, colorScheme: "light" });
  await timeline.goto(`file://${join(folder, JSON.parse(made).file)}`);
  // The third decision that ended otherwise, and one on its symbol.
  for (const key of ["d", "d", "d", "Shift+ArrowRight"]) {
    await timeline.keyboard.press(key);
    await timeline.waitForTimeout(300);
  }
  await timeline.screenshot({ path: join(images, "timeline.png") });
  await browser.close();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
