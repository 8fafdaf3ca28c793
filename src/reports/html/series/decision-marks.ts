import type { EvalType, Side } from "../../../engine/domain/intent.ts";
import type { Plan } from "../../../engine/domain/plan.ts";

/** What became of a judgement, in the words of the drawing rules (reports.md 5.2). */
export type MarkKind = "executed" | "blocked" | "skipped" | "infra" | "refused" | "error" | "pending";

/** One judgement as a chart draws it. */
export interface DecisionMark {
  readonly tsMs: number;
  readonly symbol: string;
  readonly evalType: EvalType;
  readonly side: Side;
  readonly planId: string;
  readonly reason: string;
  /** What the governor compared, and with what; in the unit of its rule. */
  readonly value: number | null;
  readonly cutoff: number | null;
  readonly killScore: number | null;
  kind: MarkKind;
}

export interface MarkList {
  /** In time order; at most as many as a chart can show. */
  readonly marks: readonly DecisionMark[];
  /** How many there were, by kind: thinning never changes these. */
  readonly counts: ReadonlyMap<MarkKind, number>;
  readonly total: number;
}

/** Kept when a chart is full, the others are thinned first. */
const KEPT_FIRST: ReadonlySet<MarkKind> = new Set(["blocked", "refused", "error", "infra"]);

/**
 * Judgements of one kind of evaluation. Beyond `marksMax` every second one is left out, executed ones first: what did not
 * happen is what people look for.
 */
export class DecisionMarks {
  readonly #marksMax: number;
  #marks: DecisionMark[] = [];
  #total = 0;
  readonly #counts = new Map<MarkKind, number>();
  /** Marks whose plan may still get a result. */
  readonly #open = new Map<string, DecisionMark>();
  #stride = 1;

  constructor(marksMax = 5000) {
    this.#marksMax = marksMax;
  }

  judge(plan: Plan, tsMs: number): void {
    const { verdict } = plan;
    const mark: DecisionMark = {
      tsMs,
      symbol: plan.symbol,
      evalType: plan.evalType,
      side: plan.side,
      planId: plan.planId,
      reason: plan.reasonCodes[0] ?? verdict?.reasonCode ?? "none",
      value: verdict?.value ?? null,
      cutoff: verdict?.cutoff ?? null,
      killScore: plan.killScore?.score ?? null,
      kind: plan.decision === "EXECUTE" ? "pending" : plan.decision === "BLOCKED" ? "blocked" : "skipped",
    };
    this.#count(mark.kind, 1);
    if (mark.kind === "pending") this.#open.set(plan.planId, mark);
    // A thinned list takes in new executed marks as sparsely as it kept the old ones.
    if (KEPT_FIRST.has(mark.kind) || this.#total % this.#stride === 0) this.#marks.push(mark);
    this.#total += 1;
    if (this.#marks.length > this.#marksMax) this.#thin();
  }

  settle(planId: string, kind: MarkKind): void {
    const mark = this.#open.get(planId);
    if (mark === undefined) return;
    this.#open.delete(planId);
    this.#count(mark.kind, -1);
    mark.kind = kind;
    this.#count(kind, 1);
  }

  finish(): MarkList {
    return { marks: this.#marks, counts: this.#counts, total: this.#total };
  }

  #count(kind: MarkKind, by: number): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + by);
  }

  #thin(): void {
    this.#stride *= 2;
    let place = 0;
    const kept = this.#marks.filter(({ kind }) => KEPT_FIRST.has(kind) || place++ % 2 === 0);
    if (kept.length <= this.#marksMax * 0.9) this.#marks = kept;
    else this.#marks = this.#marks.filter((_, index) => index % 2 === 0);
  }
}
