import type { Money } from "../domain/money.ts";
import { moneyToNumber } from "../domain/money.ts";
import type { Plan, Verdict } from "../domain/plan.ts";
import { reasonHead } from "../domain/reason.ts";
import type { Drivers } from "../governors/governor.ts";
import { isRemembered } from "./key-memory.ts";
import { publishPlan } from "./publish.ts";
import { hasQuirk, noteFindingOnce, type Step } from "./state.ts";

/** A plan that is sized and scored but not judged: `govern` fills in the rest and publishes it, whatever it is. */
export type PlanDraft = Omit<Plan, Judged> & { -readonly [Field in Judged]: Plan[Field] };

type Judged = "qty" | "decision" | "reasonCodes" | "verdict";

export interface LimitInput {
  readonly isRiskIncreasing: boolean;
  /** `true` when the plan would open a position the symbol does not have. */
  readonly isNewPosition: boolean;
  readonly killSwitch: "off" | "entries" | "all";
  /** Since the symbol's last executed entry; `null` when there was none. */
  readonly sinceLastEntryMs: number | null;
  readonly openPositions: number;
  readonly planNotional: number | null;
  readonly totalNotional: number;
  readonly drawdown: number;
}

export interface Limits {
  readonly openPositionsMax: number;
  readonly notionalPerTradeMaxQuote: Money;
  readonly notionalTotalMaxQuote: Money;
  readonly symbolCooldown: number;
  readonly drawdownMax: number;
}

/**
 * Portfolio limits in the governor's order (pipeline.md 1.8): kill switch, closes at once, cooldown, positions,
 * notional per trade, total notional; the drawdown limit is ours. They see both lanes: entries of the bridge and
 * plans of the harvest.
 *
 * @returns the reason of the first limit that binds, `null` when none does
 */
export function checkLimits(input: LimitInput, limits: Limits): string | null {
  return bindingLimits(input, limits)[0] ?? null;
}

/** Every limit that binds, in that order; the kill switch hides what comes after it. */
function bindingLimits(input: LimitInput, limits: Limits): string[] {
  if (input.killSwitch === "all") return ["kill_switch_active"];
  if (!input.isRiskIncreasing) return [];
  if (input.killSwitch === "entries") return ["kill_switch_active"];
  const reasons: string[] = [];
  if (input.sinceLastEntryMs !== null && input.sinceLastEntryMs < limits.symbolCooldown)
    reasons.push("symbol_cooldown");
  if (input.isNewPosition && input.openPositions >= limits.openPositionsMax) reasons.push("max_positions_reached");
  if (input.planNotional !== null && input.planNotional > moneyToNumber(limits.notionalPerTradeMaxQuote)) {
    reasons.push("notional_per_trade_exceeded");
  }
  if (input.totalNotional >= moneyToNumber(limits.notionalTotalMaxQuote)) reasons.push("total_notional_exceeded");
  if (input.drawdown > limits.drawdownMax) reasons.push("drawdown_limit");
  return reasons;
}

/**
 * May this plan run: repeats, kill switch, governor, limits, in the origin's order. The plan is published with its
 * verdict whatever it is, and the governor is asked in any case, so that its memory does not depend on the limits.
 */
export function govern(step: Step, draft: PlanDraft, drivers: Drivers): void {
  const { state } = step;
  if (state.activePlans.has(draft.planId) || isRemembered(state.donePlans, draft.planId)) {
    publishPlan(step, judged(draft, "SKIP", ["duplicate_plan"], null));
    return;
  }
  if (draft.action === "HOLD") {
    publishPlan(step, judged(draft, "SKIP", ["action_hold"], null));
    return;
  }
  const isRiskReducing = draft.isReduceOnly && draft.action !== "UNKNOWN";
  const verdict = state.parts.governor.judge(
    {
      evalType: draft.evalType,
      action: draft.action,
      symbol: draft.symbol,
      isRiskReducing,
      killScore: draft.killScore,
    },
    drivers,
    hasQuirk(step, "close-self-veto"),
  );
  if (verdict.reasonCode === "formula_not_a_number") noteNotANumber(step, draft, verdict);
  if (draft.killScore !== null) {
    const { symbol, evalType, killScore } = draft;
    state.parts.governor.observe({ symbol, evalType, score: killScore.score, killScore, drivers });
  }
  const limits = bindingLimits(
    {
      isRiskIncreasing: !isRiskReducing,
      isNewPosition: draft.positionQtyLots === 0,
      killSwitch: hasQuirk(step, "inert-kill-switch") ? "off" : state.killSwitch,
      sinceLastEntryMs: sinceLast(step, state.lastEntryTsMs.get(draft.symbol)),
      openPositions: drivers.openPositions,
      planNotional: drivers.planNotional,
      totalNotional: drivers.totalNotional,
      drawdown: drivers.drawdown,
    },
    state.policy.limits,
  );
  const isKilled = limits[0] === "kill_switch_active";
  const refusals = !isKilled && verdict.decision === "BLOCKED" ? [verdict.reasonCode, ...limits] : limits;
  const passed = isKilled ? [] : refusals.filter((reason, index) => isPassed(step, draft, reason, index, verdict));
  const blockedBy = refusals.find((reason) => !passed.includes(reason)) ?? null;
  if (blockedBy === null) {
    const annotations = passed.map((reason) => `governor_off:${reason}`);
    publishPlan(
      step,
      executed(draft, verdict, passed.length === 0 ? [verdict.reasonCode] : ["ungoverned", ...annotations]),
    );
    return;
  }
  if (hasQuirk(step, "governor-bypass") && draft.origin === "bridge") {
    noteFindingOnce(step, `governor-bypass:${blockedBy}`, {
      code: "governor_bypassed",
      severity: "error",
      symbol: draft.symbol,
      text: `Entries execute although ${blockedBy} refuses them: the executor never reads the governor's permit`,
      evidence: { planId: draft.planId, refusedBy: blockedBy },
    });
    publishPlan(step, executed(draft, verdict, ["none", `bypassed:${blockedBy}`]));
    return;
  }
  publishPlan(step, judged(draft, "BLOCKED", [blockedBy], verdict));
}

/** Whether the policy's what-if passes this refusal; the governor's is the first when it refuses. */
function isPassed(step: Step, draft: PlanDraft, reason: string, index: number, verdict: Verdict): boolean {
  const off = step.state.policy.governorOff;
  if (off === undefined) return false;
  const isGovernors = index === 0 && verdict.decision === "BLOCKED";
  return off.reasons.includes(reasonHead(reason)) || (isGovernors && off.evalTypes.includes(draft.evalType));
}

/** A formula without a value decides nothing by itself: that its fallback did is told once a symbol. */
function noteNotANumber(step: Step, draft: PlanDraft, verdict: Verdict): void {
  const known = Object.fromEntries(
    // allow(unordered): evidence is read by name
    Object.entries(verdict.terms).filter((entry): entry is [string, number] => entry[1] !== null),
  );
  noteFindingOnce(step, `formula-not-a-number:${draft.symbol}`, {
    code: "formula_not_a_number",
    severity: "error",
    symbol: draft.symbol,
    text: `The governor's formula gave no finite number for ${draft.planId}: its fallback decided ${verdict.decision}`,
    evidence: { planId: draft.planId, decision: verdict.decision, ...known },
  });
}

function executed(draft: PlanDraft, verdict: Verdict, reasonCodes: readonly string[]): Plan {
  draft.qty *= verdict.qtyScale;
  return judged(draft, "EXECUTE", reasonCodes, verdict);
}

/** The draft itself: a copy of so many fields costs more than all rules of the governor. */
function judged(
  draft: PlanDraft,
  decision: Plan["decision"],
  reasonCodes: readonly string[],
  verdict: Verdict | null,
): Plan {
  draft.decision = decision;
  draft.reasonCodes = reasonCodes;
  draft.verdict = verdict;
  return draft;
}

function sinceLast(step: Step, tsMs: number | undefined): number | null {
  return tsMs === undefined ? null : step.tsMs - tsMs;
}
