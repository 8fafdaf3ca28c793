/**
 * What plug-ins are written with: `import { defineGovernor, block, execute, z } from "rehearsal"` (docs/plugins.md), and
 * finished runs as tables and DataFrames: `import { loadRun, decisionsFrame } from "rehearsal"` (docs/tables.md). Only what is exported here is promised to stay.
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
export type { DataFrame } from "./reports/frames/data-frame.ts";
export {
  decisionsFrame,
  episodesFrame,
  intentsFrame,
  loadRun,
  roundTripsFrame,
  type Table,
  type TabledRun,
  type TableName,
  tableOf,
  variantsFrame,
} from "./reports/tables/index.ts";
export {
  confidenceOf,
  defineStrategy,
  type Strategy,
  type StrategyDefinition,
  type StrategyMemory,
  type StrategySignal,
} from "./sim/strategies/strategy.ts";
