import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { doubleText, fixedText6 } from "./double-text.ts";

const ID_LENGTH = 16;

/**
 * Plan id of the intent bridge: the first 16 hex digits of SHA-256 over `entry id|symbol|side|quantity`, the quantity
 * in shortest round-trip form (pipeline.md 1.3). The same intent therefore always makes the same plan.
 */
export function bridgePlanId(entryId: string, symbol: string, side: string, qty: number): string {
  return digest(`${entryId}|${symbol}|${side}|${doubleText(qty)}`);
}

/**
 * Plan id of the harvest lane: SHA-256 over `symbol:action:K:stop:computed at`, K with 6 decimals, the stop in shortest
 * form or `None`, the time as naive UTC with microseconds (pipeline.md 1.7).
 *
 * @param computedAt virtual milliseconds, or the text itself for recorded ids, whose microseconds we do not have
 */
export function applyPlanId(
  symbol: string,
  action: string,
  killScore: number,
  newStopPrice: number | null,
  computedAt: number | string,
): string {
  const stop = newStopPrice === null ? "None" : doubleText(newStopPrice);
  const time = typeof computedAt === "string" ? computedAt : naiveUtcText(computedAt);
  return digest(`${symbol}:${action}:${fixedText6(killScore)}:${stop}:${time}`);
}

/** `2026-02-02T00:20:22.785000`: no zone, always six digits of a second, none at a whole second, as the origin prints. */
export function naiveUtcText(tsMs: number): string {
  // No clock: the time is given, and only printed.
  // allow(clock): formats the time it was given, in UTC
  const text = new Date(tsMs).toISOString().slice(0, -1);
  return text.endsWith(".000") ? text.slice(0, -4) : `${text}000`;
}

function digest(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text))).slice(0, ID_LENGTH);
}
