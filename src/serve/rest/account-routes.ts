import { parseMoney } from "../../engine/domain/money.ts";
import { settingsOf } from "../../venue/account.ts";
import { mandatory, Refusal, refuse } from "../../venue/refusal.ts";
import type { SymbolRules } from "../../venue/symbol-rules.ts";
import {
  accountJson,
  balanceJson,
  incomeJson,
  positionOf,
  positionRiskV2,
  positionRiskV3,
  wholeText,
} from "../render/account-json.ts";
import { moneyText } from "../render/decimal-text.ts";
import type { ServeContext } from "../serve-context.ts";
import type { Route, RouteCall } from "./http.ts";
import { isInTime } from "./order-routes.ts";
import { readBoolean, readOptionalSymbol, readPositionSide, readSymbol, readWholeNumber } from "./read-params.ts";

const DONE = { code: 200, msg: "success" };

function positionRisk(version: 2 | 3): (call: RouteCall) => unknown {
  return ({ context, params, account }) => {
    const rules = readOptionalSymbol(context.session, params);
    if (rules instanceof Refusal) return rules;
    const risks = version === 2 ? positionRiskV2(context, account, rules) : positionRiskV3(context, account, rules);
    return reported(context, risks, `GET /fapi/v${version}/positionRisk`);
  };
}

function accountOf(version: 2 | 3): (call: RouteCall) => unknown {
  return ({ context, account }) => {
    const json = accountJson(context, account, version);
    const positions = reported(context, json["positions"] as readonly unknown[], `GET /fapi/v${version}/account`);
    return { ...json, positions };
  };
}

/** All of the rows; while a fault makes reports partial all but those of its symbol, or half of them, rounded down. */
function reported<Row>({ faults, session }: ServeContext, rows: readonly Row[], where: string): readonly Row[] {
  if (rows.length === 0 || faults.isIdle) return rows;
  const fault = faults.take(["position-report-partial"], session.nowTsMs, where, { isOfAll: true });
  if (fault === null) return rows;
  if (fault.symbol === undefined) return rows.slice(0, Math.floor(rows.length / 2));
  return rows.filter((row) => (row as { readonly symbol?: unknown }).symbol !== fault.symbol);
}

function read(path: string, weight: number, handle: Route["handle"]): Route {
  return { method: "GET", path, security: "signed", weight, handle };
}

function write(path: string, weight: number, handle: Route["handle"]): Route {
  return { method: "POST", path, security: "signed", weight, handle };
}

function listed({ session }: ServeContext): readonly SymbolRules[] {
  return session.venue.rules.filter(({ isListed }) => isListed);
}

export const ACCOUNT_ROUTES: readonly Route[] = [
  read("/fapi/v2/account", 5, accountOf(2)),
  read("/fapi/v3/account", 5, accountOf(3)),
  read("/fapi/v2/balance", 5, ({ context, account }) => balanceJson(context, account)),
  read("/fapi/v3/balance", 5, ({ context, account }) => balanceJson(context, account)),
  read("/fapi/v2/positionRisk", 5, positionRisk(2)),
  read("/fapi/v3/positionRisk", 5, positionRisk(3)),
  read("/fapi/v1/accountConfig", 5, ({ account }) => ({
    feeTier: 0,
    canTrade: true,
    canDeposit: true,
    canWithdraw: true,
    dualSidePosition: account.positionMode === "hedge",
    updateTime: 0,
    multiAssetsMargin: false,
    tradeGroupId: -1,
  })),
  read("/fapi/v1/symbolConfig", 5, ({ context, params, account }) => {
    const rules = readOptionalSymbol(context.session, params);
    if (rules instanceof Refusal) return rules;
    return (rules === null ? listed(context) : [rules]).map((symbol) => {
      const { leverage, marginType } = settingsOf(account, symbol.index);
      return {
        symbol: symbol.symbol,
        marginType: marginType === "cross" ? "CROSSED" : "ISOLATED",
        isAutoAddMargin: false,
        leverage,
        maxNotionalValue: wholeText(symbol.brackets.notionalMaxQuote(leverage)),
      };
    });
  }),
  read("/fapi/v1/commissionRate", 20, ({ context, params }) => {
    const rules = readSymbol(context.session, params);
    if (rules instanceof Refusal) return rules;
    const { makerRate, takerRate } = context.session;
    return {
      symbol: rules.symbol,
      makerCommissionRate: moneyText(makerRate).slice(0, 8),
      takerCommissionRate: moneyText(takerRate).slice(0, 8),
      rpiCommissionRate: moneyText(makerRate).slice(0, 8),
    };
  }),
  read("/fapi/v1/leverageBracket", 1, ({ context, params }) => {
    const rules = readOptionalSymbol(context.session, params);
    if (rules instanceof Refusal) return rules;
    return (rules === null ? listed(context) : [rules]).map(({ symbol, brackets }) => ({
      symbol,
      notionalCoef: 1,
      brackets: brackets.brackets.map((bracket) => ({
        bracket: bracket.tier,
        initialLeverage: bracket.leverageMax,
        notionalCap: Number(wholeText(bracket.capQuote)),
        notionalFloor: Number(wholeText(bracket.floorQuote)),
        maintMarginRatio: Number(bracket.maintRate) / 1e8,
        cum: Number(bracket.cumQuote) / 1e8,
      })),
    }));
  }),
  read("/fapi/v1/income", 30, ({ context, params, account }) => {
    const rules = readOptionalSymbol(context.session, params);
    if (rules instanceof Refusal) return rules;
    const limit = readWholeNumber(params, "limit", 100);
    if (limit instanceof Refusal) return limit;
    const type = params.get("incomeType");
    return account.income
      .filter(
        (income) =>
          (rules === null || income.symbolIndex === rules.index) &&
          (type === undefined || income.type === type) &&
          isInTime(params, income.tsMs),
      )
      .slice(params.has("startTime") ? 0 : -Math.min(limit, 1000))
      .slice(0, Math.min(limit, 1000))
      .map((income) => incomeJson(context.session.venue.rules, income));
  }),
  read("/fapi/v1/positionSide/dual", 30, ({ account }) => ({ dualSidePosition: account.positionMode === "hedge" })),
  write("/fapi/v1/positionSide/dual", 1, ({ context, params, account }) => {
    if (!params.has("dualSidePosition")) return mandatory("dualSidePosition");
    const isHedge = readBoolean(params, "dualSidePosition");
    if (isHedge instanceof Refusal) return isHedge;
    return context.session.venue.setPositionMode(account, isHedge ? "hedge" : "one-way") ?? DONE;
  }),
  read("/fapi/v1/multiAssetsMargin", 30, () => ({ multiAssetsMargin: false })),
  write("/fapi/v1/multiAssetsMargin", 1, ({ params }) => {
    const isOn = readBoolean(params, "multiAssetsMargin");
    if (isOn instanceof Refusal) return isOn;
    return isOn
      ? refuse(-4168, "Multi-Assets mode is not simulated.")
      : refuse(-4171, "No need to change Joint Margin Mode.");
  }),
  write("/fapi/v1/leverage", 1, ({ context, params, account, tsMs }) => {
    const rules = readSymbol(context.session, params);
    if (rules instanceof Refusal) return rules;
    if (!params.has("leverage")) return mandatory("leverage");
    const leverage = readWholeNumber(params, "leverage", 0);
    if (leverage instanceof Refusal) return leverage;
    const set = context.session.venue.setLeverage(account, rules.index, leverage, tsMs);
    if (set instanceof Refusal) return set;
    return { leverage: set, maxNotionalValue: wholeText(rules.brackets.notionalMaxQuote(set)), symbol: rules.symbol };
  }),
  write("/fapi/v1/marginType", 1, ({ context, params, account, tsMs }) => {
    const rules = readSymbol(context.session, params);
    if (rules instanceof Refusal) return rules;
    const type = params.get("marginType");
    if (type !== "ISOLATED" && type !== "CROSSED") return mandatory("marginType");
    return (
      context.session.venue.setMarginType(account, rules.index, type === "CROSSED" ? "cross" : "isolated", tsMs) ?? DONE
    );
  }),
  write("/fapi/v1/positionMargin", 1, ({ context, params, account, tsMs }) => {
    const rules = readSymbol(context.session, params);
    if (rules instanceof Refusal) return rules;
    const positionSide = readPositionSide(params);
    if (positionSide instanceof Refusal) return positionSide;
    const text = params.get("amount") ?? "";
    if (!/^\d{1,15}(\.\d{1,8})?$/.test(text)) return mandatory("amount");
    const type = params.get("type");
    if (type !== "1" && type !== "2") return mandatory("type");
    const position = positionOf(account, rules.index, positionSide);
    const isIsolated = settingsOf(account, rules.index).marginType === "isolated";
    if (position === undefined || !isIsolated) return refuse(-4054, "Cannot add position margin: position is 0.");
    const amountQuote = parseMoney(text) * (type === "1" ? 1n : -1n);
    const refusal = context.session.venue.adjustIsolated(account, position, amountQuote, tsMs);
    return (
      refusal ?? { amount: Number(text), code: 200, msg: "Successfully modify position margin.", type: Number(type) }
    );
  }),
  read("/fapi/v1/rateLimit/order", 1, () => [
    { rateLimitType: "ORDERS", interval: "SECOND", intervalNum: 10, limit: 300 },
    { rateLimitType: "ORDERS", interval: "MINUTE", intervalNum: 1, limit: 1200 },
  ]),
  read("/fapi/v1/feeBurn", 30, () => ({ feeBurn: false })),
  {
    method: "POST",
    path: "/fapi/v1/listenKey",
    security: "key",
    weight: 1,
    handle: ({ context, account, tsMs }) => ({ listenKey: context.listenKeys.open(account, tsMs) }),
  },
  {
    method: "PUT",
    path: "/fapi/v1/listenKey",
    security: "key",
    weight: 1,
    handle({ context, account, tsMs }) {
      const listenKey = context.listenKeys.extend(account, tsMs);
      return listenKey === null ? LISTEN_KEY_UNKNOWN : { listenKey };
    },
  },
  {
    method: "DELETE",
    path: "/fapi/v1/listenKey",
    security: "key",
    weight: 1,
    handle: ({ context, account, tsMs }) => (context.listenKeys.close(account, tsMs) ? {} : LISTEN_KEY_UNKNOWN),
  },
  // ccxt asks these of the spot side when it loads markets with a key; empty lists are enough (exchange.md 1.3).
  read("/sapi/v1/capital/config/getall", 1, () => []),
  read("/sapi/v1/margin/allPairs", 1, () => []),
];

const LISTEN_KEY_UNKNOWN = refuse(-1125, "This listenKey does not exist.");
