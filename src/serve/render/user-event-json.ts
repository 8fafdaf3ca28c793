import { type AccountState, type Position, settingsOf } from "../../venue/account.ts";
import type { ServeContext } from "../serve-context.ts";
import type { UserEvent } from "../session.ts";
import { averageText, freePriceText, moneyText, plainText, priceText, qtyText } from "./decimal-text.ts";

type Json = Record<string, unknown>;
const ASSET = "USDT";

/** Messages of the user stream that an event makes, in the order in which Binance sends them. */
export function userEventMessages(context: ServeContext, event: UserEvent): Json[] {
  switch (event.kind) {
    case "order": {
      const messages = [orderTradeUpdate(context, event)];
      if (event.trade !== null) messages.push(tradeLite(context, event));
      return messages;
    }
    case "account":
      return [accountUpdate(context, event)];
    case "algo":
      return [algoUpdate(context, event)];
    case "leverage":
      return [
        {
          e: "ACCOUNT_CONFIG_UPDATE",
          E: event.tsMs,
          T: event.tsMs,
          ac: { s: context.session.venue.rules[event.symbolIndex]!.symbol, l: event.leverage },
        },
      ];
    case "margin-call":
      return [marginCall(context, event)];
  }
}

type EventOf<Kind extends UserEvent["kind"]> = Extract<UserEvent, { kind: Kind }>;

function orderTradeUpdate({ session }: ServeContext, { order, execution, trade, tsMs }: EventOf<"order">): Json {
  const rules = session.venue.rules[order.symbolIndex]!;
  return {
    e: "ORDER_TRADE_UPDATE",
    E: tsMs,
    T: tsMs,
    o: {
      s: rules.symbol,
      c: order.clientOrderId,
      S: order.side,
      o: order.type === "LIQUIDATION" ? "LIQUIDATION" : order.type,
      f: order.timeInForce,
      q: qtyText(rules, order.qtyLots),
      p: priceText(rules, order.priceTicks),
      ap: averageText(rules, order.filledLots, order.filledQuote),
      sp: priceText(rules, order.stopPriceTicks),
      x: execution,
      // The first message of an order says NEW, whatever happened within the same instant.
      X: execution === "NEW" ? "NEW" : order.status,
      i: BigInt(order.orderId),
      l: trade === null ? "0" : qtyText(rules, trade.qtyLots),
      z: execution === "NEW" ? "0" : qtyText(rules, order.filledLots),
      L: trade === null ? "0" : priceText(rules, trade.priceTicks),
      ...(trade === null ? {} : { N: ASSET, n: moneyText(trade.feeQuote) }),
      T: tsMs,
      t: trade?.tradeId ?? 0,
      b: "0",
      a: "0",
      m: trade?.isMaker ?? false,
      R: order.isReduceOnly,
      wt: "CONTRACT_PRICE",
      ot: order.origType,
      ps: order.positionSide,
      cp: order.isClosePosition,
      rp: trade === null ? "0" : moneyText(trade.realizedPnlQuote),
      pP: false,
      si: 0,
      ss: 0,
      V: order.selfTradeMode,
      pm: "NONE",
      gtd: order.goodTillTsMs,
      er: String(order.expiryReason),
      ...(order.algoId === null ? {} : { st: "ALGO", si: 0 }),
    },
  };
}

function tradeLite({ session }: ServeContext, { order, trade, tsMs }: EventOf<"order">): Json {
  const rules = session.venue.rules[order.symbolIndex]!;
  return {
    e: "TRADE_LITE",
    E: tsMs,
    T: tsMs,
    s: rules.symbol,
    q: qtyText(rules, order.qtyLots),
    p: priceText(rules, order.priceTicks),
    m: trade!.isMaker,
    c: order.clientOrderId,
    S: order.side,
    L: priceText(rules, trade!.priceTicks),
    l: qtyText(rules, trade!.qtyLots),
    t: trade!.tradeId,
    i: BigInt(order.orderId),
  };
}

function accountUpdate(
  context: ServeContext,
  { account, reason, changed, balanceChangeQuote, tsMs }: EventOf<"account">,
): Json {
  const margin = context.session.venue.margin(account);
  return {
    e: "ACCOUNT_UPDATE",
    E: tsMs,
    T: tsMs,
    a: {
      m: reason,
      B: [
        {
          a: ASSET,
          wb: moneyText(account.walletQuote),
          cw: moneyText(margin.crossWalletQuote),
          // Profit and fees are not in it, as on Binance: only what came from outside.
          bc: reason === "ORDER" ? "0" : moneyText(balanceChangeQuote),
        },
      ],
      P: changed.map((position) => positionEntry(context, account, position)),
    },
  };
}

function positionEntry({ session }: ServeContext, account: AccountState, position: Position): Json {
  const rules = session.venue.rules[position.symbolIndex]!;
  const { contract } = rules;
  const isFlat = position.qtyLots === 0;
  const entryPrice = contract.entryPrice(position.qtyLots, position.entryCostQuote);
  return {
    s: rules.symbol,
    pa: qtyText(rules, position.qtyLots),
    ep: plainText(entryPrice),
    bep: plainText(entryPrice * (position.qtyLots < 0 ? 0.9995 : 1.0005)),
    cr: moneyText(account.realizedQuote),
    up: isFlat ? "0" : moneyText(session.venue.marginOf(account, position).unrealizedQuote),
    mt: settingsOf(account, position.symbolIndex).marginType,
    iw: moneyText(position.isolatedQuote),
    ps: position.positionSide,
  };
}

function algoUpdate({ session }: ServeContext, { algo, tsMs }: EventOf<"algo">): Json {
  const { request } = algo;
  const rules = session.venue.rules[request.symbolIndex]!;
  return {
    e: "ALGO_UPDATE",
    E: tsMs,
    T: tsMs,
    o: {
      caid: request.clientAlgoId,
      aid: BigInt(algo.algoId),
      at: "CONDITIONAL",
      o: request.type,
      s: rules.symbol,
      S: request.side,
      ps: request.positionSide,
      f: request.timeInForce,
      q: request.qtyLots === null ? "0" : qtyText(rules, request.qtyLots),
      X: algo.status,
      ai: algo.orderId ?? "",
      ap: "0",
      aq: "0",
      act: "0",
      tp: priceText(rules, request.triggerTicks ?? 0),
      p: priceText(rules, request.priceTicks ?? 0),
      V: request.selfTradeMode ?? "NONE",
      wt: request.workingType,
      pm: "NONE",
      cp: request.isClosePosition,
      pP: false,
      R: request.isReduceOnly,
      tt: algo.triggeredTsMs,
      gtd: request.goodTillTsMs ?? 0,
      rm: algo.reason,
    },
  };
}

function marginCall(context: ServeContext, { account, positions, tsMs }: EventOf<"margin-call">): Json {
  const { venue } = context.session;
  return {
    e: "MARGIN_CALL",
    E: tsMs,
    cw: moneyText(venue.margin(account).crossWalletQuote),
    p: positions.map((position) => {
      const rules = venue.rules[position.symbolIndex]!;
      const margin = venue.marginOf(account, position);
      return {
        s: rules.symbol,
        ps: position.positionSide,
        pa: qtyText(rules, position.qtyLots),
        mt: settingsOf(account, position.symbolIndex).marginType.toUpperCase(),
        iw: moneyText(position.isolatedQuote),
        mp: freePriceText(margin.markPrice),
        up: moneyText(margin.unrealizedQuote),
        mm: moneyText(margin.maintQuote),
      };
    }),
  };
}
