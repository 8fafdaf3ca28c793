import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Plan } from "../../../src/engine/domain/plan.ts";
import { joinActive, leaveActive, pendingEntryNotional } from "../../../src/engine/pipeline/active-plans.ts";
import type { ActivePlan } from "../../../src/engine/pipeline/state.ts";

function activePlan(planId: string, evalType: "ENTRY" | "EXIT", qty: number, markPrice: number | null): ActivePlan {
  const plan = { planId, evalType, qty, markPrice } as Plan;
  return { plan, stage: { kind: "permit-queued" }, permit: null, waitUntilTsMs: 0 };
}

describe("plans in flight", () => {
  test("add up to the sum over all of them to the last bit, whoever joins, leaves and asks", () => {
    const step = fc.record({
      what: fc.constantFrom("join", "join", "leave", "ask"),
      id: fc.integer({ min: 0, max: 30 }),
      evalType: fc.constantFrom("ENTRY" as const, "EXIT" as const),
      qty: fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
      markPrice: fc.option(fc.double({ min: 1e-6, max: 1e6, noNaN: true })),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 80 }), (steps) => {
        const active = { activePlans: new Map<string, ActivePlan>(), activeSums: { entryNotional: null } };
        for (const { what, id, evalType, qty, markPrice } of steps) {
          const planId = String(id);
          if (what === "leave") leaveActive(active, planId);
          else if (what === "join" && !active.activePlans.has(planId)) {
            joinActive(active, activePlan(planId, evalType, qty, markPrice));
          } else if (what === "ask") {
            let total = 0;
            for (const { plan } of active.activePlans.values()) {
              if (plan.evalType === "ENTRY" && plan.markPrice !== null) total += plan.qty * plan.markPrice;
            }
            expect(pendingEntryNotional(active)).toBe(total);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  test("cost nothing to add up again while plans only join", () => {
    const active = { activePlans: new Map<string, ActivePlan>(), activeSums: { entryNotional: null as number | null } };
    expect(pendingEntryNotional(active)).toBe(0);
    joinActive(active, activePlan("a", "ENTRY", 2, 50));
    expect(active.activeSums.entryNotional).toBe(100);
    leaveActive(active, "a");
    expect(active.activeSums.entryNotional).toBeNull();
  });
});
