import { describe, expect, test } from "vitest";
import { type PolicyInput, pipelineSchema } from "../../../src/engine/policy.ts";
import { CoreDriver, FLIPPED, START_MS } from "../core-driver.ts";

const BUY = { symbol: "ZECUSDT", side: "BUY", entry_price: 316.6, position_size_usd: 200, confidence: 0.72 };
const STRICT: PolicyInput["governor"] = { name: "fixed-threshold", params: { warning: 0.5, critical: 0.6 } };

/** One entry in a flipped market, which the strict governor refuses as critical. */
function judged(pipeline: PolicyInput) {
  const core = new CoreDriver({ governor: STRICT, ...pipeline });
  core.price("ZECUSDT", 316.6);
  core.features("ZECUSDT", FLIPPED);
  core.snapshot();
  core.intent(`${START_MS}-0`, BUY);
  return core.last("plan.published").plan;
}

describe("governorOff, the what-if of a gate", () => {
  test("passes a refusal of the named evalType and keeps the verdict beside it", () => {
    expect(judged({})).toMatchObject({ decision: "BLOCKED", reasonCodes: ["kill_score_critical"] });
    expect(judged({ governorOff: { evalTypes: ["ENTRY"] } })).toMatchObject({
      decision: "EXECUTE",
      reasonCodes: ["ungoverned", "governor_off:kill_score_critical"],
      verdict: { decision: "BLOCKED", reasonCode: "kill_score_critical" },
    });
    expect(judged({ governorOff: { evalTypes: ["EXIT", "UNKNOWN"] } })).toMatchObject({ decision: "BLOCKED" });
  });

  test("passes a refusal of the named reason, and no other", () => {
    expect(judged({ governorOff: { reasons: ["kill_score_critical"] } })).toMatchObject({ decision: "EXECUTE" });
    expect(judged({ governorOff: { reasons: ["kill_z_above_cutoff"] } })).toMatchObject({ decision: "BLOCKED" });
  });

  test("leaves limits standing behind the governor, unless they are named too", () => {
    const limits = { notionalPerTradeMaxQuote: "100" };
    expect(judged({ limits, governorOff: { evalTypes: ["ENTRY"] } })).toMatchObject({
      decision: "BLOCKED",
      reasonCodes: ["notional_per_trade_exceeded"],
    });
    const both = { evalTypes: ["ENTRY" as const], reasons: ["notional_per_trade_exceeded"] };
    expect(judged({ limits, governorOff: both })).toMatchObject({
      decision: "EXECUTE",
      reasonCodes: ["ungoverned", "governor_off:kill_score_critical", "governor_off:notional_per_trade_exceeded"],
    });
  });

  test("never passes the kill switch", () => {
    const off = { evalTypes: ["ENTRY" as const], reasons: ["kill_switch_active", "kill_score_critical"] };
    expect(judged({ limits: { killSwitch: "entries" }, governorOff: off })).toMatchObject({
      decision: "BLOCKED",
      reasonCodes: ["kill_switch_active"],
    });
  });

  test("is absent unless it is written, so that every scenario keeps its hash", () => {
    expect(pipelineSchema.parse({})).not.toHaveProperty("governorOff");
  });
});
