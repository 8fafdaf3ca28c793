import { z } from "zod";
import { type Decimal, formatDecimal, parseDecimal, plainDecimal, unitsAt } from "./decimal.ts";

/** One tier of a symbol's maintenance margin. All amounts are decimals in quote. */
export interface LeverageBracket {
  readonly tier: number;
  readonly leverageMax: number;
  readonly notionalFloorQuote: string;
  readonly notionalCapQuote: string;
  /** Share of notional kept as maintenance margin. */
  readonly maintMarginRatio: string;
  /** Subtracted from `notional * maintMarginRatio`, so that margin has no jump between tiers. */
  readonly cumQuote: string;
}

const decimalText = z
  .union([z.string(), z.number()])
  .transform((value) => plainDecimal(String(value)) ?? "")
  .refine((text) => text !== "", "a decimal number is needed");

const nativeTier = z.looseObject({
  bracket: z.coerce.number().int().positive(),
  initialLeverage: z.coerce.number().positive(),
  notionalCap: decimalText,
  notionalFloor: decimalText,
  maintMarginRatio: decimalText,
  cum: decimalText,
});

/** ccxt's shape keeps the exchange's own tier under `info`; its unified numbers are derived from that. */
const unifiedSchema = z.record(z.string(), z.array(z.looseObject({ info: nativeTier })).min(1));
const nativeSchema = z.array(z.looseObject({ symbol: z.string().min(1), brackets: z.array(nativeTier).min(1) }));

type NativeTier = z.infer<typeof nativeTier>;

/**
 * Reads leverage brackets: the answer of `GET /fapi/v1/leverageBracket`, or an object of tier lists by unified symbol
 * (`"BTC/USDT:USDT"`, dated contracts `"BTC/USDT:USDT-250627"`).
 *
 * Checked per symbol: tiers numbered from 1, notional ranges without hole, margin ratio never falling, and the
 * recurrence `cum_n = cum_(n-1) + floor_n * (ratio_n - ratio_(n-1))` with `cum_1 = 0`, in exact decimals. It is what
 * makes maintenance margin continuous at every floor.
 */
export function parseLeverageBrackets(raw: unknown): {
  brackets: ReadonlyMap<string, readonly LeverageBracket[]>;
  problems: readonly { path: string; text: string }[];
} {
  const brackets = new Map<string, readonly LeverageBracket[]>();
  const problems: { path: string; text: string }[] = [];
  const parsed = Array.isArray(raw) ? nativeSchema.safeParse(raw) : unifiedSchema.safeParse(raw);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) {
      problems.push({ path: issue.path.join("."), text: `Cannot read leverage brackets: ${issue.message}` });
    }
    return { brackets, problems };
  }
  for (const { name, symbol, tiers } of listed(parsed.data)) {
    const what = brackets.has(symbol) ? `"${symbol}" is listed twice, once is needed` : tierProblem(tiers);
    if (what !== null) problems.push({ path: name, text: `Cannot read leverage brackets: ${what}` });
    else brackets.set(symbol, tiers.map(toBracket));
  }
  return { brackets, problems };
}

/** `nativeSymbol("BTC/USDT:USDT-250627")` is `"BTCUSDT_250627"`; a native name stays as it is. */
export function nativeSymbol(unified: string): string {
  const match = /^([^/]+)\/([^:]+)(?::[^-]+(?:-(\d+))?)?$/.exec(unified);
  if (match === null) return unified;
  return match[3] === undefined ? `${match[1]}${match[2]}` : `${match[1]}${match[2]}_${match[3]}`;
}

function listed(
  data: z.infer<typeof nativeSchema> | z.infer<typeof unifiedSchema>,
): { name: string; symbol: string; tiers: readonly NativeTier[] }[] {
  if (Array.isArray(data)) return data.map(({ symbol, brackets }) => ({ name: symbol, symbol, tiers: brackets }));
  return Object.entries(data).map(([name, tiers]) => ({
    name,
    symbol: nativeSymbol(name),
    tiers: tiers.map(({ info }) => info),
  }));
}

function toBracket(tier: NativeTier): LeverageBracket {
  return {
    tier: tier.bracket,
    leverageMax: tier.initialLeverage,
    notionalFloorQuote: tier.notionalFloor,
    notionalCapQuote: tier.notionalCap,
    maintMarginRatio: tier.maintMarginRatio,
    cumQuote: tier.cum,
  };
}

function tierProblem(tiers: readonly NativeTier[]): string | null {
  let previous: NativeTier | null = null;
  for (const [index, tier] of tiers.entries()) {
    if (tier.bracket !== index + 1) return `tier ${tier.bracket} stands at place ${index + 1}, tiers must be in order`;
    const floor = parseDecimal(tier.notionalFloor)!;
    const cap = parseDecimal(tier.notionalCap)!;
    if (compare(cap, floor) <= 0) {
      return `tier ${tier.bracket} ends at ${tier.notionalCap}, more than its floor ${tier.notionalFloor} is needed`;
    }
    const expectedFloor = previous === null ? "0" : previous.notionalCap;
    if (compare(floor, parseDecimal(expectedFloor)!) !== 0) {
      return `tier ${tier.bracket} begins at ${tier.notionalFloor}, ${expectedFloor} is needed (no hole between tiers)`;
    }
    const expectedCum = previous === null ? { units: 0n, decimals: 0 } : nextCum(previous, tier);
    if (compare(parseDecimal(tier.cum)!, expectedCum) !== 0) {
      return `cum of tier ${tier.bracket} is ${tier.cum}, the recurrence gives ${formatDecimal(expectedCum)}`;
    }
    if (
      previous !== null &&
      compare(parseDecimal(tier.maintMarginRatio)!, parseDecimal(previous.maintMarginRatio)!) < 0
    ) {
      return `margin ratio falls to ${tier.maintMarginRatio} at tier ${tier.bracket}, it must not fall`;
    }
    previous = tier;
  }
  return null;
}

function nextCum(previous: NativeTier, tier: NativeTier): Decimal {
  const floor = parseDecimal(tier.notionalFloor)!;
  const ratio = parseDecimal(tier.maintMarginRatio)!;
  const previousRatio = parseDecimal(previous.maintMarginRatio)!;
  const ratioDecimals = Math.max(ratio.decimals, previousRatio.decimals);
  const step = floor.units * (unitsAt(ratio, ratioDecimals) - unitsAt(previousRatio, ratioDecimals));
  const cum = parseDecimal(previous.cum)!;
  const decimals = Math.max(cum.decimals, floor.decimals + ratioDecimals);
  return {
    units: unitsAt(cum, decimals) + unitsAt({ units: step, decimals: floor.decimals + ratioDecimals }, decimals),
    decimals,
  };
}

function compare(left: Decimal, right: Decimal): number {
  const decimals = Math.max(left.decimals, right.decimals);
  const difference = unitsAt(left, decimals) - unitsAt(right, decimals);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}
