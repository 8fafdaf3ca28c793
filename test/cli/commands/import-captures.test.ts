import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterEach, beforeEach, expect, test } from "vitest";
import { registerImport } from "../../../src/cli/commands/import.ts";
import type { Shell } from "../../../src/cli/shell.ts";
import { openRecording } from "../../../src/recording/reader.ts";

const T = 1770253357846;
let base: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "cli-import-"));
});

afterEach(() => {
  rmSync(base, { recursive: true, force: true });
});

function put(name: string, text: string): string {
  const path = join(base, name);
  writeFileSync(path, text);
  return path;
}

/** Runs `sim import ...` in this process and returns what it printed. */
async function simImport(...words: string[]): Promise<string> {
  const program = new Command("sim").exitOverride().configureOutput({ writeErr: () => {} });
  const printed: string[] = [];
  registerImport(program, { print: (text: string) => void printed.push(text) } as unknown as Shell);
  await program.parseAsync(["node", "sim", "import", ...words, "--out", join(base, "out")]);
  return printed.join("");
}

test("sim import redis takes the stream of a text dump from --stream", async () => {
  const dump = put("dump.txt", `${T}-0\nsymbol\nBTCUSDT\n`);

  const text = await simImport("redis", dump, "--stream", "quantum:stream:marketstate");

  expect(text).toContain("records    marketstate 1\n");
  expect(text).toContain("note       the recording has no prices\n");
  expect(openRecording(join(base, "out")).manifest.createdBy).toBe("sim import redis");
});

test("sim import ws takes exchangeInfo along, so that ticks are those of the venue", async () => {
  const mark = { e: "markPriceUpdate", E: T, s: "BTCUSDT", p: "28147.27373413", r: "0.0001", T };
  const capture = put("capture.ndjson", `${JSON.stringify({ local_ns: `${T}000000`, frame: mark })}\n`);
  const filters = [
    { filterType: "PRICE_FILTER", minPrice: "0.10", maxPrice: "1000000", tickSize: "0.10" },
    { filterType: "LOT_SIZE", minQty: "0.001", maxQty: "1000", stepSize: "0.001" },
    { filterType: "MARKET_LOT_SIZE", minQty: "0.001", maxQty: "120", stepSize: "0.001" },
    { filterType: "MIN_NOTIONAL", notional: "100" },
  ];
  const symbols = [{ symbol: "BTCUSDT", status: "TRADING", contractType: "PERPETUAL", filters }];
  const info = put("info.json", JSON.stringify({ symbols }));

  const text = await simImport("ws", capture, "--exchange-info", info, "--id", "btc");

  expect(text).toMatch(/^recording {2}btc /);
  expect(text).toContain("mark 1");
  expect(openRecording(join(base, "out")).instruments[0]).toMatchObject({ symbol: "BTCUSDT", tickSize: "0.10" });
});

test("sim import trades takes the symbol from --symbol", async () => {
  const trades = put("trades.csv", `trade_id,time_ms,price,qty\n7,${T},1.5,2\n9,${T + 5},1.5,2\n`);

  const text = await simImport("trades", trades, "--symbol", "XUSDT");

  expect(text).toContain("records    gap 1, trade 2\n");
  expect(text).toContain("gaps       1, records missing 1, symbols 1\n");
  expect(text).toContain("note       holes in trade ids: 1, trades missing in them: 1\n");
});
