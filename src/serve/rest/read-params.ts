import type { Side } from "../../engine/domain/intent.ts";
import { parseDecimal, unitsAt } from "../../recording/decimal.ts";
import type { PositionSide, SelfTradeMode, TimeInForce } from "../../venue/order.ts";
import { mandatory, REFUSALS, type Refusal, refuse } from "../../venue/refusal.ts";
import type { SymbolRules } from "../../venue/symbol-rules.ts";
import type { ServeSession } from "../session.ts";
import type { Params } from "./http.ts";

const CLIENT_ID = /^[.A-Z:/a-z0-9_-]{1,36}$/;
const POSITION_SIDES: readonly string[] = ["BOTH", "LONG", "SHORT"];
const TIMES_IN_FORCE: readonly string[] = ["GTC", "IOC", "FOK", "GTX", "GTD", "RPI"];
const SELF_TRADE_MODES: readonly string[] = ["NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"];

/** Rules of the symbol that `symbol` names, or -1102 and -1121. */
export function readSymbol(session: ServeSession, params: Params): SymbolRules | Refusal {
  const name = params.get("symbol");
  if (name === undefined || name === "") return mandatory("symbol");
  const index = session.venue.symbolIndex(name);
  const rules = index === undefined ? undefined : session.venue.rules[index];
  return rules?.isListed === true ? rules : REFUSALS.invalidSymbol;
}

/** As `readSymbol`; `null` when the parameter is absent. */
export function readOptionalSymbol(session: ServeSession, params: Params): SymbolRules | null | Refusal {
  return params.has("symbol") ? readSymbol(session, params) : null;
}

export function readSide(params: Params): Side | Refusal {
  const side = params.get("side");
  if (side === undefined || side === "") return mandatory("side");
  return side === "BUY" || side === "SELL" ? side : REFUSALS.invalidSide;
}

export function readPositionSide(params: Params): PositionSide | Refusal {
  const side = params.get("positionSide") ?? "BOTH";
  return POSITION_SIDES.includes(side)
    ? (side as PositionSide)
    : refuse(-1130, "Data sent for parameter 'positionSide' is not valid.");
}

export function readTimeInForce(params: Params): TimeInForce | null | Refusal {
  const value = params.get("timeInForce");
  if (value === undefined || value === "") return null;
  if (!TIMES_IN_FORCE.includes(value)) return REFUSALS.invalidTimeInForce;
  // Retail price improvement rests only and never takes: as post-only does.
  return value === "RPI" ? "GTX" : (value as TimeInForce);
}

export function readSelfTradeMode(params: Params): SelfTradeMode | Refusal {
  const value = params.get("selfTradePreventionMode") ?? "NONE";
  return SELF_TRADE_MODES.includes(value)
    ? (value as SelfTradeMode)
    : refuse(-1130, "Data sent for parameter 'selfTradePreventionMode' is not valid.");
}

/** A client order id, `null` when absent. */
export function readClientId(params: Params, name: string): string | null | Refusal {
  const value = params.get(name);
  if (value === undefined || value === "") return null;
  if (value.length > 36) return REFUSALS.clientIdTooLong;
  return CLIENT_ID.test(value)
    ? value
    : refuse(-1100, `Illegal characters found in parameter '${name}'; legal range is '^[\\.A-Z\\:/a-z0-9_-]{1,36}$'.`);
}

export function readBoolean(params: Params, name: string): boolean | Refusal {
  const value = params.get(name);
  if (value === undefined || value === "") return false;
  const text = value.toLowerCase();
  return text === "true"
    ? true
    : text === "false"
      ? false
      : refuse(-1130, `Data sent for parameter '${name}' is not valid.`);
}

/** Lots of a quantity text, a broken number when it does not fit the step; `null` when absent. */
export function readLots(params: Params, name: string, rules: SymbolRules): number | null | Refusal {
  return readSteps(params, name, rules.contract.instrument.stepSize);
}

/** Ticks of a price text, a broken number when it does not fit the tick; `null` when absent or "0". */
export function readTicks(params: Params, name: string, rules: SymbolRules): number | null | Refusal {
  const ticks = readSteps(params, name, rules.contract.instrument.tickSize);
  return ticks === 0 ? null : ticks;
}

export function readWholeNumber(params: Params, name: string, absent: number): number | Refusal {
  const value = params.get(name);
  if (value === undefined || value === "") return absent;
  const number = Number(value);
  return /^\d{1,16}$/.test(value) && Number.isSafeInteger(number)
    ? number
    : refuse(-1100, `Illegal characters found in parameter '${name}'; legal range is '^[0-9]{1,20}$'.`);
}

function readSteps(params: Params, name: string, step: string): number | null | Refusal {
  const text = params.get(name);
  if (text === undefined || text === "") return null;
  const value = text.length > 40 ? null : parseDecimal(text);
  if (value === null)
    return refuse(
      -1100,
      `Illegal characters found in parameter '${name}'; legal range is '^([0-9]{1,20})(\\.[0-9]{1,20})?$'.`,
    );
  const unit = parseDecimal(step)!;
  const decimals = Math.max(value.decimals, unit.decimals);
  const units = unitsAt(value, decimals);
  const stepUnits = unitsAt(unit, decimals);
  if (units % stepUnits === 0n) return Number(units / stepUnits);
  // Exactness does not matter for what is refused anyway, only how many decimals it has too many.
  return Number(text) / Number(step);
}
