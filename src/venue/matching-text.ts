import type { RecordingSource } from "../recording/batch.ts";
import type { ExecutionProfile } from "./liquidity.ts";

const FIDELITY_TEXT: Readonly<Record<RecordingSource["fidelity"], string>> = {
  depth: "takers walk the recorded book, each level until it is told anew",
  book: "takers get the best price, up to its size where that is recorded, the rest by the slippage model",
  trades: "takers get the last price and half a spread by the slippage model",
  mark: "takers get the mark price and half a spread by the slippage model",
  candles:
    "prices go open, low, high, close in a minute that did not fall, else open, high, low, close: the import fixes this path for every profile",
};

const PROFILE_TEXT: Readonly<Record<ExecutionProfile, string>> = {
  optimistic: "no slippage, a resting order fills when its price is touched",
  neutral:
    "a resting order fills when it is traded through, or when trades at its price have used up the line before it",
  adverse: "slippage doubled, a resting order fills only when it is traded through",
};

/** One sentence on how orders are matched, for reports: what the recording shows and what the profile makes of the rest. */
export function matchingText(fidelity: RecordingSource["fidelity"], profile: ExecutionProfile): string {
  return `fidelity ${fidelity}: ${FIDELITY_TEXT[fidelity]}; profile ${profile}: ${PROFILE_TEXT[profile]}`;
}
