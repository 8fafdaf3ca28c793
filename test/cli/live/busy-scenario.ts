import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** Intents enough that something is always under way: a list, through no gate. */
export function busyScenario(dir: string, window = "{ from: 6h, to: 18h }"): string {
  const file = join(dir, "busy.yaml");
  const prices = Object.entries({ ETHUSDT: 2580, SOLUSDT: 176, XRPUSDT: 2.46, ADAUSDT: 0.815 });
  const intents = prices.flatMap(([symbol, price], place) =>
    ["BUY", "SELL"].map(
      (side, turn) =>
        `{ at: ${20 + 61 * turn + place}s, symbol: ${symbol}, side: ${side}, sizeUsd: 60, entryPrice: ${price}, count: 300, every: 122s }`,
    ),
  );
  writeFileSync(
    file,
    [
      "name: busy",
      `recording: ${join(process.cwd(), "recordings/regime-flip")}`,
      `window: ${window}`,
      `strategy: { name: replay, intents: [${intents.join(", ")}] }`,
      "pipeline: { governor: { name: none }, bridge: { exposureMax: 5 }, limits: { symbolCooldown: 1s, openPositionsMax: 9 } }",
    ].join("\n"),
  );
  return file;
}
