import { lotsToQtyText } from "../../engine/domain/instrument.ts";
import { formatMoney } from "../../engine/domain/money.ts";
import { isOwnClientOrderId } from "../ports.ts";
import { listed, ok, refuse, warn } from "./preflight-check.ts";
import type { PreflightCheck, PreflightFacts, PreflightVenue, PreflightWanted } from "./preflight-facts.ts";

/** Requests carry a time, and the exchange refuses those of the future by more than a second. */
export const CLOCK_SKEW_MS_MAX = 1000;
const CLOCK_SKEW_MS_WARN = 250;

/** What the exchange says of itself and of the account. */
export function venueChecks({ venue }: PreflightFacts, wanted: PreflightWanted): PreflightCheck[] {
  if (venue === null) return [];
  if ("error" in venue) {
    const fix =
      "look at the connection and the keys (demo trading has keys of its own: demo.binance.com), then try again";
    return [refuse("exchange", `the exchange did not answer (${venue.error}), its answer is needed`, fix)];
  }
  const checks = [clockCheck(venue), symbolsCheck(venue, wanted)];
  if (!wanted.isTrading) return checks;
  return [
    ...checks,
    permissionCheck(venue),
    modeCheck(venue),
    walletCheck(venue),
    positionsCheck(venue, wanted),
    ordersCheck(venue, wanted),
    leverageCheck(venue, wanted),
  ];
}

function clockCheck({ clockSkewMs, roundTripMs }: PreflightVenue): PreflightCheck {
  const skew = `${clockSkewMs > 0 ? "+" : ""}${clockSkewMs} ms`;
  const text = `the exchange's clock is ${skew} from ours (round trip ${roundTripMs} ms)`;
  const fix = "timedatectl set-ntp true, or chronyc makestep";
  // An answer that takes long says little: only what it cannot have caused is a wrong clock.
  if (!(Math.abs(clockSkewMs) - roundTripMs / 2 <= CLOCK_SKEW_MS_MAX)) {
    return refuse("clock", `${text}, at most ${CLOCK_SKEW_MS_MAX} ms is needed`, fix);
  }
  if (Math.abs(clockSkewMs) > CLOCK_SKEW_MS_WARN || !(roundTripMs <= CLOCK_SKEW_MS_MAX))
    return warn("clock", text, fix);
  return ok("clock", text);
}

function symbolsCheck({ symbolStates }: PreflightVenue, { instruments }: PreflightWanted): PreflightCheck {
  const missing = instruments.filter(({ symbol }) => !symbolStates.has(symbol)).map(({ symbol }) => symbol);
  const halted = instruments
    .map(({ symbol }) => ({ symbol, state: symbolStates.get(symbol) }))
    .filter(({ state }) => state !== undefined && state !== "TRADING")
    .map(({ symbol, state }) => `${symbol} (${state})`);
  const without = [...missing, ...halted];
  const traded = instruments.length - without.length;
  const told = [
    ...(missing.length > 0 ? [`not listed here: ${listed(missing)}`] : []),
    ...(halted.length > 0 ? [`not trading: ${listed(halted)}`] : []),
  ].join("; ");
  if (traded === 0) {
    return refuse(
      "symbols",
      `no symbol of the session is traded here (${told || "it names none"}), one at least is needed`,
      "name symbols of this exchange in the scenario",
    );
  }
  if (without.length === 0) return ok("symbols", `${traded} of ${instruments.length} listed and trading`);
  return warn("symbols", `${traded} of ${instruments.length} listed and trading; ${told} (will be skipped)`);
}

function permissionCheck({ canTrade, canWithdraw }: PreflightVenue): PreflightCheck {
  if (canTrade === false) {
    return refuse(
      "permission",
      "the key may not trade, the permission for futures is needed",
      "allow futures for the key where it was made",
    );
  }
  if (canWithdraw === true) {
    return warn(
      "permission",
      "the key may withdraw, which no session needs",
      "make a key that may trade and nothing else",
    );
  }
  return ok("permission", canTrade === null ? "the exchange does not say what the key may do" : "the key may trade");
}

function modeCheck({ positionMode }: PreflightVenue): PreflightCheck {
  if (positionMode === "one-way") return ok("mode", "one-way");
  return refuse(
    "mode",
    "the account is in hedge mode, one-way mode is needed: reduce-only orders would be refused",
    "close all positions, then switch the position mode to one-way in the futures preferences",
  );
}

function walletCheck({ account }: PreflightVenue): PreflightCheck {
  if (account.walletQuote > 0n) return ok("wallet", `${formatMoney(account.walletQuote)} USDT`);
  return refuse(
    "wallet",
    `the wallet holds ${formatMoney(account.walletQuote)} USDT, more than 0 is needed`,
    "ask for test funds on the page of the account",
  );
}

function positionsCheck({ account }: PreflightVenue, wanted: PreflightWanted): PreflightCheck {
  const held = account.positions.map(({ symbol, qtyLots }) => {
    const instrument = wanted.instruments.find((each) => each.symbol === symbol);
    return instrument === undefined
      ? `${symbol} (not in the session)`
      : `${lotsToQtyText(instrument, qtyLots)} ${symbol}`;
  });
  if (held.length === 0) return ok("positions", "none open");
  const text = `${held.length} open: ${listed(held)}`;
  if (wanted.isResuming) return ok("positions", `${text}; compared with the journal before anything is sent`);
  if (wanted.isAdopting) return warn("positions", `${text}; taken over, and what is not in the session stays as it is`);
  return refuse(
    "positions",
    `${text}; an account without positions is needed`,
    "close them, or take them over with --adopt",
  );
}

function ordersCheck({ account }: PreflightVenue, wanted: PreflightWanted): PreflightCheck {
  const own = account.openOrders.filter(({ clientOrderId }) => isOwnClientOrderId(clientOrderId));
  const foreign = account.openOrders.filter((order) => !own.includes(order));
  const told = [
    ...(foreign.length > 0
      ? [`${foreign.length} of others (${listed(foreign.map(({ symbol, orderId }) => `${symbol} ${orderId}`))})`]
      : []),
    ...(own.length > 0
      ? [`${own.length} of an earlier session (${listed(own.map(({ clientOrderId }) => clientOrderId))})`]
      : []),
  ].join(", ");
  if (told === "") return ok("orders", "none open");
  const text = `open orders: ${told}`;
  if (wanted.isResuming && foreign.length === 0) return ok("orders", `${text}; resolved before anything is sent`);
  if (wanted.isAdopting)
    return warn("orders", `${text}; those of others stay as they are, whatever they do to positions`);
  const fix =
    own.length > 0 && !wanted.isResuming
      ? "resume that session, cancel them, or go on with --adopt"
      : "cancel them, or go on with --adopt";
  return refuse("orders", `${text}; an account that nobody else trades on is needed`, fix);
}

function leverageCheck({ leverages }: PreflightVenue, { instruments, leverage }: PreflightWanted): PreflightCheck {
  const others = instruments
    .map(({ symbol }) => ({ symbol, set: leverages.get(symbol) }))
    .filter(({ set }) => set !== undefined && set !== leverage)
    .map(({ symbol, set }) => `${symbol} ${set}x`);
  if (others.length === 0) return ok("leverage", `${leverage}x`);
  const text = `the scenario reckons with ${leverage}x, the account has ${listed(others)}`;
  return warn("leverage", text, "set the same leverage on the account: margin and liquidation prices differ otherwise");
}
