import type { ExecutionModel } from "./execution-model.ts";
import type { EntrySection, GateReport } from "./schema.ts";

/** Fewer refusals than this give no interval worth reading (reports.md 2.0). */
const EPISODES_MIN = 20;

/** What every shadow takes for granted; printed beside the numbers (reports.md 3.2). */
export function assumptionsOf(model: ExecutionModel): string[] {
  const { takerFeeRate, halfSpreadBps, slippageBps, impactBps, profile, orderDelayMs } = model;
  return [
    "price taker: the recorded market does not answer to our order; sizes at the best price are not used up",
    `fills of profile ${profile}: bid and ask, or the mark and ${halfSpreadBps} bp where there are none; slippage ${slippageBps} bp, impact ${impactBps} bp, taker fee ${takerFeeRate}, ${orderDelayMs} ms to the exchange`,
    "one position each: a shadow opens its own position and takes no capital from another; the replay with the gate off shows what that leaves out",
    "the same rule for refused and executed entries: real fills are not used, sizes are those asked for",
    "exit rule: stop, take profit, kill score, ladder and opposite intent as the scenario has them, no exit refused",
    "what is open when the recording ends is valued there and counted as censored",
    "intents that never became a plan (bridge refusals) and plans stopped after the gate (permits, venue) are not the gate's",
  ];
}

/** What the numbers cannot say, and why. */
export function gateLimits(report: Pick<GateReport, "entry" | "exit">): string[] {
  const notes: string[] = [];
  for (const evalType of ["ENTRY", "UNKNOWN"] as const) {
    const section = report.entry[evalType];
    if (section.episodes === 0) continue;
    notes.push(...entryLimits(evalType, section));
  }
  const exits = [report.exit.EXIT, report.exit.UNKNOWN];
  const refused = exits.reduce((sum, { blocked }) => sum + blocked, 0);
  if (refused === 0 && exits.some(({ episodes }) => episodes > 0)) {
    notes.push("no exit was refused: nothing is known of what delays would cost here");
  }
  const censored = exits.reduce((sum, { total }) => sum + total.censored, 0);
  if (censored > 0)
    notes.push(`${censored} refused exits never happened: their cost is that at the end of the recording`);
  return notes;
}

function entryLimits(evalType: string, section: EntrySection): string[] {
  const notes: string[] = [];
  const first = section.horizons[0];
  const allowed = (first?.n ?? 0) - (first?.blocked ?? 0);
  if (section.blocked === 0) notes.push(`${evalType}: the governor refused no entry, so it has no value and no skill`);
  else if (section.blocked < EPISODES_MIN) {
    notes.push(
      `${evalType}: ${section.blocked} refused episodes are fewer than ${EPISODES_MIN}: facts about this recording, no estimate`,
    );
  }
  if (section.blocked > 0 && allowed === 0) {
    notes.push(`${evalType}: nothing was let through, so there is nothing to compare refusals with`);
  }
  for (const { reason, episodes } of section.unpriced) {
    notes.push(`${evalType}: ${episodes} episodes have no shadow (${reason}) and are in no sum`);
  }
  if (first !== undefined && first.censored > 0) {
    notes.push(`${evalType}: ${first.censored} of ${first.n} shadows were open when the recording ended`);
  }
  if (section.gridConclusion === "flips") {
    notes.push(
      `${evalType}: whether refusals hit the bad entries flips with horizon and loss (${section.gridFlips.join(", ")})`,
    );
  }
  const signs = new Set(
    section.horizons.filter(({ blocked }) => blocked > 0).map(({ netValueQuote }) => signOf(netValueQuote)),
  );
  if (signs.has(1) && signs.has(-1)) notes.push(`${evalType}: the sign of the net value depends on the horizon`);
  const { gap, cutoffsInGap } = section.predictor;
  if (gap !== null && cutoffsInGap.length > 0) {
    notes.push(
      `${evalType}: no score lies between ${gap.from.toFixed(3)} and ${gap.to.toFixed(3)}; cutoffs in there (${cutoffsInGap.join(", ")}) are a switch, moving them changes nothing`,
    );
  }
  if (section.largeOrders.aboveOnePercent > 0) {
    notes.push(
      `${evalType}: ${section.largeOrders.aboveOnePercent} orders are above 1 % of a minute's volume: their fills are too good`,
    );
  }
  return notes;
}

function signOf(quote: string): number {
  return quote === "0" ? 0 : quote.startsWith("-") ? -1 : 1;
}
