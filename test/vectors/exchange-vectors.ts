import { existsSync, readFileSync } from "node:fs";
import { sharedPath } from "../shared-data.ts";
import committed from "./exchange-vectors.json" with { type: "json" };

/** Liquidation prices, a real position, open cost and account updates of the exchange; amounts are decimal texts. */
export const exchangeVectors = committed;

/** The research file, or `null` when it is not beside this checkout. */
export function readSharedExchangeVectors(): typeof committed | null {
  const path = sharedPath("vectors/exchange_vectors.json");
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as typeof committed) : null;
}
