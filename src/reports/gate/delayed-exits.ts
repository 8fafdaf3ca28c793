import { type Side, sideSign } from "../../engine/domain/intent.ts";
import { type Money, moneyFromNumber } from "../../engine/domain/money.ts";
import { type DelayedExit, delayedExit } from "../statistics/excursion.ts";
import { known, type Measured, unknown } from "../statistics/measured.ts";
import type { JudgedEpisode, RoundTrip } from "../variants/variant-record.ts";
import { type ExecutionModel, fillAt, fundingPaid } from "./execution-model.ts";
import type { PricePaths } from "./price-paths.ts";

/** A refused exit and what became of it. */
export interface BlockedExit {
  readonly episode: JudgedEpisode;
  /** Number of the wait it belongs to: refusals of one symbol until it was let go are one wait. */
  readonly wait: number;
  /** Until when this refusal is charged: the next refusal of the same wait, or the end of the wait. */
  readonly untilTsMs: number;
  readonly cost: Measured<DelayCost>;
}

export interface DelayCost extends Omit<DelayedExit, "delayCost" | "worstOpenLoss"> {
  /** Positive when waiting cost, negative when it paid. */
  readonly delayCostQuote: Money;
  readonly worstOpenLossQuote: Money;
  readonly fundingPaidQuote: Money;
}

/** From the first refusal of an exit until the position was let go. */
export interface ExitWait {
  readonly symbol: string;
  readonly evalType: JudgedEpisode["evalType"];
  readonly fromTsMs: number;
  readonly toTsMs: number;
  /** `executed`: an exit was let through; `closed`: the position went another way, such as by a liquidation or an opposite intent; `end`: never. */
  readonly ending: "executed" | "closed" | "end";
}

export interface DelayedExits {
  readonly exits: readonly BlockedExit[];
  readonly waits: readonly ExitWait[];
}

/**
 * Cost of every refused exit: side qty (price when refused - price when let go) + funding while waiting, both prices
 * filled by the same model (reports.md 3.2). Refusals that follow each other on one symbol until an exit passes or the
 * position is gone share one wait, and each is charged with its own stretch of it, so that nothing counts twice.
 */
export function delayedExits(
  judgements: readonly JudgedEpisode[],
  roundTrips: readonly RoundTrip[],
  parts: { readonly prices: PricePaths; readonly model: ExecutionModel; readonly endTsMs: number },
): DelayedExits {
  const bySymbol = new Map<string, JudgedEpisode[]>();
  for (const episode of judgements) {
    if (!episode.isExit || episode.decision === "SKIP") continue;
    const own = bySymbol.get(episode.symbol) ?? [];
    bySymbol.set(episode.symbol, own);
    own.push(episode);
  }
  const exits: BlockedExit[] = [];
  const waits: ExitWait[] = [];
  // allow(sort): the keys of a Map are unique
  for (const symbol of [...bySymbol.keys()].sort()) {
    const episodes = bySymbol.get(symbol)!.sort(inTimeOrder);
    const trips = roundTrips.filter((trip) => trip.symbol === symbol);
    for (let index = 0; index < episodes.length; ) {
      const first = episodes[index]!;
      if (first.decision !== "BLOCKED") {
        index += 1;
        continue;
      }
      const goneTsMs = goneAfter(trips, first.firstTsMs);
      let next = index;
      while (next < episodes.length && episodes[next]!.decision === "BLOCKED" && episodes[next]!.firstTsMs < goneTsMs)
        next += 1;
      const released = episodes[next];
      const isExecuted = released?.decision === "EXECUTE" && released.firstTsMs <= goneTsMs;
      const toTsMs = isExecuted ? released.firstTsMs : Math.min(goneTsMs, parts.endTsMs);
      const ending = isExecuted ? "executed" : goneTsMs <= parts.endTsMs ? "closed" : "end";
      const wait = waits.length;
      waits.push({ symbol, evalType: first.evalType, fromTsMs: first.firstTsMs, toTsMs, ending });
      for (let each = index; each < next; each += 1) {
        const untilTsMs = each + 1 < next ? episodes[each + 1]!.firstTsMs : toTsMs;
        const isCensored = each + 1 === next && ending === "end";
        exits.push({
          episode: episodes[each]!,
          wait,
          untilTsMs,
          cost: costOf(episodes[each]!, untilTsMs, isCensored, parts),
        });
      }
      index = next;
    }
  }
  return { exits, waits };
}

function costOf(
  { symbol, side, qty, firstTsMs }: JudgedEpisode,
  untilTsMs: number,
  isCensored: boolean,
  { prices, model }: { readonly prices: PricePaths; readonly model: ExecutionModel },
): Measured<DelayCost> {
  if (!(qty > 0)) return unknown("no_position");
  const wanted = fillAt(prices, { symbol, side, qty, tsMs: firstTsMs }, model);
  const actual = fillAt(prices, { symbol, side, qty, tsMs: untilTsMs }, model);
  const start = prices.at(symbol, firstTsMs);
  if (wanted === null || actual === null || start === null) return unknown("no_price");
  // The side is that of the exit order: a sale ends a long position.
  const held: Side = side === "SELL" ? "BUY" : "SELL";
  const path = prices.between(symbol, firstTsMs, untilTsMs);
  const marks = [{ tsMs: firstTsMs, price: start.price }];
  for (let row = 0; row < path.tsMs.length; row += 1) marks.push({ tsMs: path.tsMs[row]!, price: path.price[row]! });
  const last = marks.at(-1)!;
  if (last.tsMs < untilTsMs) marks.push({ tsMs: untilTsMs, price: last.price });
  const paid = fundingPaid(prices, { symbol, side: held, qty }, firstTsMs, untilTsMs);
  const outcome = delayedExit({
    positionSide: sideSign(held) > 0 ? "LONG" : "SHORT",
    qty,
    wantedPrice: wanted.price,
    exitPrice: actual.price,
    marks,
    fundingPaid: paid,
    extraFees: actual.feeQuote - wanted.feeQuote,
  });
  if (outcome.value === null) return outcome;
  const { delayCost, exposureQuoteSeconds, worstOpenLoss } = outcome.value;
  return known({
    delayCostQuote: moneyFromNumber(delayCost),
    worstOpenLossQuote: moneyFromNumber(worstOpenLoss),
    fundingPaidQuote: moneyFromNumber(paid),
    exposureQuoteSeconds,
    isCensored,
  });
}

/** When the position held at that time was flat again; Infinity when it never was. */
function goneAfter(trips: readonly RoundTrip[], tsMs: number): number {
  const held = trips.find(
    ({ openedTsMs, closedTsMs }) => openedTsMs <= tsMs && (closedTsMs === null || closedTsMs > tsMs),
  );
  return held?.closedTsMs ?? Number.POSITIVE_INFINITY;
}

function inTimeOrder(left: JudgedEpisode, right: JudgedEpisode): number {
  if (left.firstTsMs !== right.firstTsMs) return left.firstTsMs - right.firstTsMs;
  const [one, other] = [
    `${left.evalType} ${left.key} ${left.firstPlanId}`,
    `${right.evalType} ${right.key} ${right.firstPlanId}`,
  ];
  return one < other ? -1 : one > other ? 1 : 0;
}
