import { readdirSync } from "node:fs";
import type { RecordingSource } from "../../../src/recording/batch.ts";
import { importToMemory } from "../../../src/recording/import/import-recording.ts";
import { sharedPath } from "../../shared-data.ts";

const CANDLES = "data/candles/fut1m_A_2025-05";

/** Thirty real days of sixteen symbols, with real funding and the testnet's own listing. */
export function openMay2025(): RecordingSource {
  const folder = sharedPath(CANDLES);
  return importToMemory({
    candles: readdirSync(folder)
      .sort()
      .map((name) => `${folder}/${name}`),
    funding: sharedPath("data/funding/A_typhonun_2025-03_06.csv"),
    exchangeInfo: sharedPath("data/exchangeInfo/usdm_TESTNET_2025-03-06.json"),
  });
}
