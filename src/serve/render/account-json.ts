import type { Money } from "../../engine/domain/money.ts";
import { type AccountState, type Income, type Position, settingsOf } from "../../venue/account.ts";
import { liquidationPrice } from "../../venue/margin.ts";
import type { PositionSide } from "../../venue/order.ts";
import type { SymbolRules } from "../../venue/symbol-rules.ts";
import type { ServeContext } from "../serve-context.ts";
import { freePriceText, moneyText, plainText, qtyText } from "./decimal-text.ts";

type Json = Record<string, unknown>;
const ASSET = "USDT";

/** Entry plus the taker fee already paid: 67445.9 breaks even at 67479.62295 (vectors, `realMainnetPosition`). */
const BREAK_EVEN_FACTOR = 1.0005;

/** `GET /fapi/v3/positionRisk`: symbols with a position or an open order only. */
export function positionRiskV3({ session }: ServeContext, account: AccountState, rules: SymbolRules | null): Json[] {
  return heldOrOrdered(account, rules).map(({ symbolIndex, positionSide, position }) => {
    const figures = figuresOf(session, account, symbolIndex, position);
    const symbol = session.venue.rules[symbolIndex]!;
    return {
      symbol: symbol.symbol,
      positionSide,
      positionAmt: qtyText(symbol, position?.qtyLots ?? 0),
      entryPrice: plainText(figures.entryPrice),
      breakEvenPrice: plainText(figures.breakEvenPrice),
      markPrice: freePriceText(figures.markPrice),
      unRealizedProfit: moneyText(figures.unrealizedQuote),
      liquidationPrice: plainText(figures.liquidationPrice),
      isolatedMargin: figures.isIsolated ? moneyText(figures.isolatedQuote + figures.unrealizedQuote) : "0",
      notional: moneyText(figures.signedNotionalQuote),
      marginAsset: ASSET,
      isolatedWallet: moneyText(figures.isolatedQuote),
      initialMargin: moneyText(figures.initialQuote),
      maintMargin: moneyText(figures.maintQuote),
      positionInitialMargin: moneyText(figures.initialQuote),
      openOrderInitialMargin: "0",
      adl: 0,
      bidNotional: "0",
      askNotional: "0",
      updateTime: position?.updatedTsMs ?? 0,
    };
  });
}

/** `GET /fapi/v2/positionRisk`: every symbol, with leverage and margin type. */
export function positionRiskV2({ session }: ServeContext, account: AccountState, rules: SymbolRules | null): Json[] {
  const sides: readonly PositionSide[] = account.positionMode === "hedge" ? ["LONG", "SHORT"] : ["BOTH"];
  const listed = rules === null ? session.venue.rules.filter(({ isListed }) => isListed) : [rules];
  return listed.flatMap((symbol) =>
    sides.map((positionSide) => {
      const position = positionOf(account, symbol.index, positionSide);
      const figures = figuresOf(session, account, symbol.index, position);
      const { leverage, marginType } = settingsOf(account, symbol.index);
      return {
        symbol: symbol.symbol,
        positionAmt: qtyText(symbol, position?.qtyLots ?? 0),
        entryPrice: plainText(figures.entryPrice),
        breakEvenPrice: plainText(figures.breakEvenPrice),
        markPrice: freePriceText(figures.markPrice),
        unRealizedProfit: moneyText(figures.unrealizedQuote),
        liquidationPrice: plainText(figures.liquidationPrice),
        leverage: String(leverage),
        maxNotionalValue: wholeText(symbol.brackets.notionalMaxQuote(leverage)),
        marginType,
        isolatedMargin: moneyText(figures.isIsolated ? figures.isolatedQuote + figures.unrealizedQuote : 0n),
        isAutoAddMargin: "false",
        positionSide,
        notional: moneyText(figures.signedNotionalQuote),
        isolatedWallet: moneyText(figures.isolatedQuote),
        updateTime: position?.updatedTsMs ?? 0,
      };
    }),
  );
}

/** `GET /fapi/v2/account` and v3: v3 lists only positions that are open. */
export function accountJson(context: ServeContext, account: AccountState, version: 2 | 3): Json {
  const { session } = context;
  const margin = session.venue.margin(account);
  const marginBalanceQuote = account.walletQuote + margin.unrealizedQuote;
  const availableQuote = margin.availableQuote > 0n ? margin.availableQuote : 0n;
  const initialQuote = margin.positionInitialQuote + account.orderMarginQuote;
  const figures = {
    totalInitialMargin: moneyText(initialQuote),
    totalMaintMargin: moneyText(margin.maintQuote),
    totalWalletBalance: moneyText(account.walletQuote),
    totalUnrealizedProfit: moneyText(margin.unrealizedQuote),
    totalMarginBalance: moneyText(marginBalanceQuote),
    totalPositionInitialMargin: moneyText(margin.positionInitialQuote),
    totalOpenOrderInitialMargin: moneyText(account.orderMarginQuote),
    totalCrossWalletBalance: moneyText(margin.crossWalletQuote),
    totalCrossUnPnl: moneyText(margin.crossUnrealizedQuote),
    availableBalance: moneyText(availableQuote),
    maxWithdrawAmount: moneyText(availableQuote),
  };
  const asset = {
    asset: ASSET,
    walletBalance: moneyText(account.walletQuote),
    unrealizedProfit: moneyText(margin.unrealizedQuote),
    marginBalance: moneyText(marginBalanceQuote),
    maintMargin: moneyText(margin.maintQuote),
    initialMargin: moneyText(initialQuote),
    positionInitialMargin: moneyText(margin.positionInitialQuote),
    openOrderInitialMargin: moneyText(account.orderMarginQuote),
    crossWalletBalance: moneyText(margin.crossWalletQuote),
    crossUnPnl: moneyText(margin.crossUnrealizedQuote),
    availableBalance: moneyText(availableQuote),
    maxWithdrawAmount: moneyText(availableQuote),
    marginAvailable: true,
    // Clients leave out a balance whose time is 0.
    updateTime: Math.max(session.startTsMs, lastChange(account)),
  };
  const risks = version === 3 ? positionRiskV3(context, account, null) : positionRiskV2(context, account, null);
  const positions = risks.map((risk) => ({
    ...risk,
    unrealizedProfit: risk["unRealizedProfit"],
    ...(version === 2 ? { isolated: risk["marginType"] === "isolated", initialMargin: "0", maintMargin: "0" } : {}),
  }));
  if (version === 3) return { ...figures, assets: [asset], positions };
  return {
    feeTier: 0,
    canTrade: true,
    canDeposit: true,
    canWithdraw: true,
    updateTime: 0,
    multiAssetsMargin: false,
    tradeGroupId: -1,
    ...figures,
    assets: [asset],
    positions,
  };
}

export function balanceJson({ session }: ServeContext, account: AccountState): Json[] {
  const margin = session.venue.margin(account);
  const availableQuote = margin.availableQuote > 0n ? margin.availableQuote : 0n;
  return [
    {
      accountAlias: account.name,
      asset: ASSET,
      balance: moneyText(account.walletQuote),
      crossWalletBalance: moneyText(margin.crossWalletQuote),
      crossUnPnl: moneyText(margin.crossUnrealizedQuote),
      availableBalance: moneyText(availableQuote),
      maxWithdrawAmount: moneyText(availableQuote),
      marginAvailable: true,
      updateTime: Math.max(session.startTsMs, lastChange(account)),
    },
  ];
}

export function incomeJson(rules: readonly SymbolRules[], income: Income): Json {
  return {
    symbol: income.symbolIndex < 0 ? "" : rules[income.symbolIndex]!.symbol,
    incomeType: income.type,
    income: moneyText(income.amountQuote),
    asset: ASSET,
    info: income.type,
    time: income.tsMs,
    tranId: income.tranId,
    tradeId: income.tradeId === null ? "" : String(income.tradeId),
  };
}

/** Whole quote units, as brackets print caps. */
export function wholeText(amount: Money): string {
  return String(amount / 100_000_000n);
}

export function positionOf(
  account: AccountState,
  symbolIndex: number,
  positionSide: PositionSide,
): Position | undefined {
  for (const position of account.positions.values()) {
    if (position.symbolIndex === symbolIndex && position.positionSide === positionSide) return position;
  }
  return undefined;
}

function lastChange(account: AccountState): number {
  return account.income.at(-1)?.tsMs ?? 0;
}

function heldOrOrdered(
  account: AccountState,
  rules: SymbolRules | null,
): { symbolIndex: number; positionSide: PositionSide; position: Position | undefined }[] {
  const seen = new Map<string, { symbolIndex: number; positionSide: PositionSide; position: Position | undefined }>();
  for (const position of account.positions.values()) {
    const { symbolIndex, positionSide } = position;
    seen.set(`${symbolIndex}/${positionSide}`, { symbolIndex, positionSide, position });
  }
  for (const { symbolIndex, positionSide } of account.openOrders.values()) {
    const key = `${symbolIndex}/${positionSide}`;
    if (!seen.has(key)) seen.set(key, { symbolIndex, positionSide, position: undefined });
  }
  return [...seen.values()]
    .filter(({ symbolIndex }) => rules === null || symbolIndex === rules.index)
    .sort((left, right) => left.symbolIndex - right.symbolIndex || (left.positionSide < right.positionSide ? -1 : 1));
}

interface PositionFigures {
  readonly entryPrice: number;
  readonly breakEvenPrice: number;
  readonly markPrice: number;
  readonly unrealizedQuote: Money;
  readonly signedNotionalQuote: Money;
  readonly initialQuote: Money;
  readonly maintQuote: Money;
  readonly isolatedQuote: Money;
  readonly isIsolated: boolean;
  readonly liquidationPrice: number;
}

function figuresOf(
  { venue, market }: ServeContext["session"],
  account: AccountState,
  symbolIndex: number,
  position: Position | undefined,
): PositionFigures {
  const { contract, brackets } = venue.rules[symbolIndex]!;
  const isIsolated = settingsOf(account, symbolIndex).marginType === "isolated";
  if (position === undefined) {
    const zero = { unrealizedQuote: 0n, signedNotionalQuote: 0n, initialQuote: 0n, maintQuote: 0n, isolatedQuote: 0n };
    return {
      ...zero,
      entryPrice: 0,
      breakEvenPrice: 0,
      markPrice: market.mark[symbolIndex]!,
      isIsolated,
      liquidationPrice: 0,
    };
  }
  const margin = venue.marginOf(account, position);
  const entryPrice = contract.entryPrice(position.qtyLots, position.entryCostQuote);
  const whole = venue.margin(account);
  const side = position.qtyLots > 0 ? 1 : -1;
  const toNumber = (amount: Money) => Number(amount) / 1e8;
  return {
    entryPrice,
    breakEvenPrice: entryPrice * (side > 0 ? BREAK_EVEN_FACTOR : 2 - BREAK_EVEN_FACTOR),
    markPrice: margin.markPrice,
    unrealizedQuote: margin.unrealizedQuote,
    signedNotionalQuote: side > 0 ? margin.notionalQuote : -margin.notionalQuote,
    initialQuote: margin.initialQuote,
    maintQuote: margin.maintQuote,
    isolatedQuote: position.isolatedQuote,
    isIsolated,
    liquidationPrice: liquidationPrice({
      walletQuote: toNumber(isIsolated ? position.isolatedQuote : whole.crossWalletQuote),
      otherMaintQuote: isIsolated ? 0 : toNumber(whole.crossMaintQuote - margin.maintQuote),
      otherUnrealizedQuote: isIsolated ? 0 : toNumber(whole.crossUnrealizedQuote - margin.unrealizedQuote),
      side,
      qty: Math.abs(position.qtyLots) * contract.qtyPerLot,
      entryPrice,
      brackets,
    }),
  };
}
