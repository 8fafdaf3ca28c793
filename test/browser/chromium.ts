import { existsSync } from "node:fs";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

const BINARY = process.env["CHROMIUM"] ?? ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find(existsSync) ?? "";

/** Whether this machine has Debian's chromium; CI must have it. */
export const hasChromium: boolean = BINARY !== "" && existsSync(BINARY);

if (!hasChromium) {
  if (process.env["CI"] === "true") {
    throw new Error("Cannot run the tests in a browser: CI is set but there is no chromium, it is needed");
  }
  console.log("skipped: tests in a browser, because there is no chromium (set CHROMIUM to its path)");
}

export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: BINARY, args: ["--no-sandbox", "--disable-gpu"] });
}

/** A page that was opened from a file, and everything it complained about or asked for. */
export interface OpenedPage {
  readonly page: Page;
  /** Console messages, uncaught errors and requests for anything but the file itself. */
  readonly complaints: string[];
}

export async function openFile(
  browser: Browser,
  file: string,
  options: BrowserContextOptions = {},
): Promise<OpenedPage> {
  const context = await browser.newContext({ viewport: { width: 1100, height: 900 }, ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  const url = `file://${file}`;
  page.on("console", (message) => complaints.push(`console ${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
  page.on("request", (request) => {
    if (request.url() !== url && !request.url().startsWith("data:")) complaints.push(`request: ${request.url()}`);
  });
  await page.goto(url);
  return { page, complaints };
}
