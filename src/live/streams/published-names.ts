import type { PublishedNames } from "./options.ts";

/** Names of the users' pipeline (pipeline.md section 2). */
export const PUBLISHED_NAMES: PublishedNames = {
  plan: "quantum:stream:apply.plan",
  result: "quantum:stream:apply.result",
  governorPermit: "quantum:permit:{planId}",
  governorBlock: "quantum:governor:block:{planId}",
  positionPermit: "quantum:permit:p33:{planId}",
  heatPermit: "quantum:permit:p26:{planId}",
  ledger: "quantum:position:ledger:{symbol}",
  bridgeLedger: "quantum:ledger:{symbol}",
  snapshot: "quantum:position:snapshot:{symbol}",
};

/** Key of one plan or symbol; `null` when that kind is not published. */
export function nameFor(
  pattern: string | null,
  prefix: string,
  of: { readonly planId?: string; readonly symbol?: string },
): string | null {
  if (pattern === null) return null;
  return `${prefix}${pattern}`.replaceAll("{planId}", of.planId ?? "").replaceAll("{symbol}", of.symbol ?? "");
}

/** Holds the number of the last published entry of a session. */
export function markKey(prefix: string, session: string): string {
  return `${prefix}rehearsal:published:${session}`;
}

/** Plans of a session that have no result yet, with what their result will need. */
export function openPlansKey(prefix: string, session: string): string {
  return `${prefix}rehearsal:open-plans:${session}`;
}
