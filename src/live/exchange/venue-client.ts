import type { Instrument } from "../../engine/domain/instrument.ts";
import { buildInstruments, parseExchangeInfo } from "../../recording/exchange-info.ts";
import type { AccountReport, Clock } from "../ports.ts";
import type { VenueHosts } from "../safety/hosts.ts";
import type { PreflightVenue } from "../safety/preflight-facts.ts";
import type { Raw } from "./account-report.ts";
import { cannotUse } from "./cannot-use.ts";
import { CcxtExchange, type CcxtExchangeOptions } from "./ccxt-exchange.ts";
import { CcxtFeed, type CcxtFeedOptions } from "./ccxt-feed.ts";
import { VenueRest, type VenueRestOptions } from "./venue-rest.ts";

export interface VenueClientOptions extends VenueRestOptions {
  readonly hosts: VenueHosts;
  readonly clock: Clock;
  log?(level: "info" | "warn", text: string): void;
}

/** Connects to the exchange of a session: its clock is measured and its contracts are read. */
export async function connectVenue(options: VenueClientOptions): Promise<VenueClient> {
  const rest = await VenueRest.open(options);
  try {
    const { skewMs, roundTripMs } = await rest.syncTime();
    const exchangeInfo = await rest.askPatiently<Raw>("fapiPublicGetExchangeInfo");
    return new VenueClient(options, rest, exchangeInfo, { skewMs, roundTripMs });
  } catch (error) {
    throw cannotUse(options.hosts, error);
  }
}

export class VenueClient {
  readonly rest: VenueRest;
  /** As it came, for the recording of the session. */
  readonly exchangeInfo: Raw;
  readonly #options: VenueClientOptions;
  readonly #time: { readonly skewMs: number; readonly roundTripMs: number };
  readonly #states: ReadonlyMap<string, string>;

  constructor(
    options: VenueClientOptions,
    rest: VenueRest,
    exchangeInfo: Raw,
    time: { readonly skewMs: number; readonly roundTripMs: number },
  ) {
    this.#options = options;
    this.rest = rest;
    this.exchangeInfo = exchangeInfo;
    this.#time = time;
    const { venue } = parseExchangeInfo(exchangeInfo);
    this.#states = new Map([...venue].map(([symbol, { status }]) => [symbol, status]));
  }

  /** Symbols the exchange lists, with their state. */
  get symbolStates(): ReadonlyMap<string, string> {
    return this.#states;
  }

  /** One instrument a name, in the order of the names; those that are not listed are not on the venue. */
  instruments(names: readonly string[]): readonly Instrument[] {
    const { venue } = parseExchangeInfo(this.exchangeInfo);
    const table = names.map((symbol) => ({ symbol, records: 0, priceDecimals: 8, qtyDecimals: 8 }));
    return buildInstruments(table, venue).instruments;
  }

  /** Leverage brackets as they came, `null` when the exchange does not tell them. */
  async brackets(): Promise<unknown> {
    return this.rest.askPatiently("fapiPrivateGetLeverageBracket").catch(() => null);
  }

  /** What a preflight looks at. @throws {UserError} exit 15 when the account does not answer */
  async facts(exchange: CcxtExchange): Promise<PreflightVenue> {
    try {
      const [mode, config, symbols, account] = await Promise.all([
        this.rest.askPatiently<Raw>("fapiPrivateGetPositionSideDual"),
        this.rest.askPatiently<Raw>("fapiPrivateGetAccountConfig").catch(() => null),
        this.rest.askPatiently<Raw[]>("fapiPrivateGetSymbolConfig").catch(() => []),
        exchange.reconcile() as Promise<AccountReport>,
      ]);
      return {
        clockSkewMs: this.#time.skewMs,
        roundTripMs: this.#time.roundTripMs,
        positionMode: String(mode["dualSidePosition"]) === "true" ? "hedge" : "one-way",
        canTrade: flagOf(config?.["canTrade"]),
        canWithdraw: flagOf(config?.["canWithdraw"]),
        account,
        symbolStates: this.#states,
        leverages: new Map(symbols.map((each) => [String(each["symbol"]), Number(each["leverage"])])),
      };
    } catch (error) {
      throw cannotUse(this.#options.hosts, error);
    }
  }

  createExchange(parts: Pick<CcxtExchangeOptions, "instruments" | "onUrl">): CcxtExchange {
    return new CcxtExchange({ ...this.#options, ...parts, rest: this.rest });
  }

  createFeed(parts: Pick<CcxtFeedOptions, "instruments" | "hasBook" | "historyMinutes" | "onUrl">): CcxtFeed {
    return new CcxtFeed({ ...this.#options, ...parts, rest: this.rest });
  }
}

function flagOf(value: unknown): boolean | null {
  return value === undefined ? null : String(value) === "true";
}
