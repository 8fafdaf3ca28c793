import { readFileSync } from "node:fs";

/** Version of the package, which is also the engine's: both `src/cli` and `dist/cli` lie two folders below it. */
export function packageVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
