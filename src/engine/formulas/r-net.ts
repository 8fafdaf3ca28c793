export interface RInputs {
  readonly entryPrice: number;
  /** Distance of the first stop as a fraction of the entry: one R. */
  readonly stopDistancePct: number;
  /** Round-trip cost as a fraction of the entry. */
  readonly costRate: number;
}

/** Never divide by less: the origin's floor of the risk unit. */
const RISK_UNIT_MIN = 1e-9;

/**
 * Result after costs in units of the initial risk, both per unit of base asset (pipeline.md 1.5, P2, corrected):
 * `R = (profit per unit - cost) / (entry * stop distance)`. It does not depend on the quantity.
 */
export function rNet(inputs: RInputs & { readonly unrealizedPnlPerUnit: number }): number {
  return (inputs.unrealizedPnlPerUnit - costPerUnit(inputs)) / riskUnit(inputs);
}

/**
 * The origin's figure: profit of the whole position over the risk of one unit, so R grows with the quantity (100 units
 * up 5 % on a price of 1 give 249.95 instead of 2.45). Kept for the quirk `position-level-r`.
 */
export function rNetOrigin(inputs: RInputs & { readonly unrealizedPnl: number }): number {
  return (inputs.unrealizedPnl - costPerUnit(inputs)) / riskUnit(inputs);
}

export function riskUnit(inputs: RInputs): number {
  return Math.max(RISK_UNIT_MIN, inputs.entryPrice * inputs.stopDistancePct);
}

export function costPerUnit(inputs: RInputs): number {
  return inputs.costRate * inputs.entryPrice;
}

export interface Ladder {
  readonly partial25R: number;
  readonly partial50R: number;
  readonly partial75R: number;
}

/** The rung of the harvest ladder an R stands on: NONE below 2, then 25 %, from 4 50 %, from 6 75 % by default. */
export function harvestAction(r: number, ladder: Ladder): "NONE" | "PARTIAL_25" | "PARTIAL_50" | "PARTIAL_75" {
  if (r >= ladder.partial75R) return "PARTIAL_75";
  if (r >= ladder.partial50R) return "PARTIAL_50";
  if (r >= ladder.partial25R) return "PARTIAL_25";
  return "NONE";
}
