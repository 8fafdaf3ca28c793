import { z } from "zod";
import { formatMoney, type Money } from "../../engine/domain/money.ts";
import type { Drift } from "./drift.ts";

const money = z.string().regex(/^-?\d+(\.\d{1,8})?$/);
const count = z.int().min(0);

/** `sim compare --live --json`: amounts are decimal text in quote currency, live minus simulated. */
export const driftDocumentSchema = z
  .strictObject({
    schema: z.literal("sim.drift/1"),
    session: z.string(),
    rehearsal: z.strictObject({ scenario: z.string(), variant: z.string() }),
    /** Profit of each way with open positions at the last mark. */
    profit: z.strictObject({ paper: money, simulated: money, live: money }),
    total: money,
    parts: z.strictObject({
      fees: money,
      slippage: money,
      latency: money,
      missed: money,
      extra: money,
      funding: money,
      residual: money,
    }),
    orders: z.strictObject({ live: count, simulated: count, matched: count, missed: count, extra: count }),
    worst: z.array(
      z.strictObject({
        planId: z.string(),
        symbol: z.string(),
        side: z.enum(["BUY", "SELL"]),
        difference: money,
        slippage: money,
        latency: money,
      }),
    ),
    exit: z.strictObject({ code: z.number(), causes: z.array(z.number()) }),
  })
  .meta({ title: "Difference between a live session and its rehearsal" });

export type DriftDocument = z.infer<typeof driftDocumentSchema>;

export function driftDocument(
  names: { readonly session: string; readonly scenario: string; readonly variant: string },
  drift: Drift,
  code: number,
): DriftDocument {
  const text = (amount: Money) => formatMoney(amount);
  const { feesQuote, slippageQuote, latencyQuote, missedQuote, extraQuote, fundingQuote, residualQuote } = drift.parts;
  return {
    schema: "sim.drift/1",
    session: names.session,
    rehearsal: { scenario: names.scenario, variant: names.variant },
    profit: { paper: text(drift.paperQuote), simulated: text(drift.simulatedQuote), live: text(drift.liveQuote) },
    total: text(drift.totalQuote),
    parts: {
      fees: text(feesQuote),
      slippage: text(slippageQuote),
      latency: text(latencyQuote),
      missed: text(missedQuote),
      extra: text(extraQuote),
      funding: text(fundingQuote),
      residual: text(residualQuote),
    },
    orders: drift.counts,
    worst: drift.worst.map(({ planId, symbol, side, differenceQuote, slippageQuote: slip, latencyQuote: late }) => ({
      planId,
      symbol,
      side,
      difference: text(differenceQuote),
      slippage: text(slip),
      latency: text(late),
    })),
    exit: { code, causes: code === 0 ? [] : [code] },
  };
}

export function driftJsonSchemaText(): string {
  return `${JSON.stringify(z.toJSONSchema(driftDocumentSchema), null, 2)}\n`;
}
