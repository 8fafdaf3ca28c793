/**
 * What plug-ins are written with: `import { defineGovernor, block, execute, z } from "rehearsal"` (docs/plugins.md).
 * Only what is exported here is promised to stay.
 */
export { z } from "zod";
export type { EvalType, Side } from "./engine/domain/intent.ts";
export type { KillScore, PlanAction, Verdict } from "./engine/domain/plan.ts";
export {
  block,
  type Drivers,
  defineGovernor,
  execute,
  type GovernorDefinition,
  type GovernorEvaluation,
  isCloseAction,
  type JudgeInput,
  type PlanToJudge,
} from "./engine/governors/governor.ts";
export {
  alphabeticalOrder,
  defineRanker,
  type RankerDefinition,
  type RankerView,
  type Ranking,
  TierCollector,
  topByVolume,
} from "./engine/rankers/ranker.ts";
export {
  confidenceOf,
  defineStrategy,
  type Strategy,
  type StrategyDefinition,
  type StrategyMemory,
  type StrategySignal,
} from "./sim/strategies/strategy.ts";
