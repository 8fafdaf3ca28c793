import type { SymbolStatus } from "../../../venue/symbol-rules.ts";
import type { Fault, FaultKind } from "./fault.ts";
import type { FaultPlan } from "./fault-plan.ts";

/** A fault that acts by itself has come to its beginning or its end. */
export interface FaultDue {
  readonly type: "fault.due";
  readonly place: number;
  readonly phase: "begin" | "end";
}

const TIMED: ReadonlySet<FaultKind> = new Set(["symbol-halted", "symbol-delisted", "testnet-reset", "feed-disconnect"]);

/** What timed faults do to the venue. */
export interface TimedFaultActions {
  setStatus(symbol: string, status: SymbolStatus, tsMs: number): void;
  /** Status without any fault. */
  usualStatus(symbol: string): SymbolStatus;
  /** Positions of a delisted symbol are settled at the mark. */
  settlePosition(symbol: string, tsMs: number): void;
  resetAccount(): void;
}

/** Beginnings and ends of the faults that act on the venue by themselves, not earlier than the run begins. */
export function timesOf(
  faults: readonly Fault[],
  startTsMs: number,
): readonly (readonly [tsMs: number, due: FaultDue])[] {
  return faults.flatMap(({ kind, fromTsMs, untilTsMs }, place): (readonly [number, FaultDue])[] => {
    if (!TIMED.has(kind) || untilTsMs <= startTsMs) return [];
    const begin = [Math.max(startTsMs, fromTsMs), { type: "fault.due", place, phase: "begin" }] as const;
    const hasEnd = kind === "symbol-halted" && Number.isFinite(untilTsMs);
    return hasEnd ? [begin, [untilTsMs, { type: "fault.due", place, phase: "end" }]] : [begin];
  });
}

export function runTimedFault(
  { place, phase }: FaultDue,
  plan: FaultPlan,
  actions: TimedFaultActions,
  tsMs: number,
): void {
  const { kind, symbol = "", status } = plan.faults[place]!;
  plan.note(place);
  if (kind === "testnet-reset") actions.resetAccount();
  if (kind === "symbol-delisted") {
    actions.setStatus(symbol, "CLOSED", tsMs);
    actions.settlePosition(symbol, tsMs);
  }
  if (kind !== "symbol-halted") return;
  const halted = status === "reduce-only" ? "REDUCE_ONLY" : "CLOSED";
  actions.setStatus(symbol, phase === "end" ? actions.usualStatus(symbol) : halted, tsMs);
}
