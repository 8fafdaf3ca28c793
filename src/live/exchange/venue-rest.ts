import type { Clock } from "../ports.ts";
import { requireAllowedUrl, type VenueHosts } from "../safety/hosts.ts";
import type { ApiKeys } from "../safety/keys.ts";
import { failureOf, VenueError } from "./venue-failure.ts";

/** Endpoints a session uses, by the names of ccxt's implicit methods: they sign, and give the exchange's own words. */
export type VenueEndpoint =
  | "fapiPublicGetTime"
  | "fapiPublicGetExchangeInfo"
  | "fapiPublicGetKlines"
  | "fapiPublicGetFundingRate"
  | "fapiPrivatePostOrder"
  | "fapiPrivateGetOrder"
  | "fapiPrivateDeleteOrder"
  | "fapiPrivateGetOpenOrders"
  | "fapiPrivateGetUserTrades"
  | "fapiPrivateGetIncome"
  | "fapiPrivateGetLeverageBracket"
  | "fapiPrivateGetPositionSideDual"
  | "fapiPrivateGetAccountConfig"
  | "fapiPrivateGetSymbolConfig"
  | "fapiPrivateV3GetPositionRisk"
  | "fapiPrivateV3GetBalance"
  | "fapiPrivatePostListenKey"
  | "fapiPrivatePutListenKey";

export type Params = Readonly<Record<string, string | number | boolean>>;

interface CcxtExchange {
  fetchImplementation: (url: string, init: RequestInit) => Promise<Response>;
  nonce: () => number;
  enableDemoTrading(isOn: boolean): void;
  timeout: number;
  [method: string]: unknown;
}

export interface VenueRestOptions {
  readonly hosts: VenueHosts;
  /** Without keys only public endpoints answer. */
  readonly keys: ApiKeys | null;
  readonly clock: Clock;
  /** 5000 when absent; at most 60,000. */
  readonly recvWindowMs?: number;
  /** Wall milliseconds without an answer after which the outcome is unknown; 10,000 when absent. */
  readonly timeoutMs?: number;
  /** Told of every URL before it is asked, without its query; tests prove by it that nothing else is reached. */
  onRequest?(url: string): void;
}

const DEMO_REST = "https://demo-fapi.binance.com";
/** A served exchange with a time of its own takes the machine's clock as well: following it would be a guess. */
const OFFSET_MS_MAX = 3_600_000;

/**
 * REST of the exchange through ccxt. Its URLs stay those of demo trading, so that error classes do not depend on where a
 * request goes, and are rewritten on the way out: the one place where a request leaves, and where its host is checked.
 */
export class VenueRest {
  readonly #exchange: CcxtExchange;
  readonly #options: VenueRestOptions;
  #offsetMs = 0;
  #sessionOffsetMs = 0;
  #uncertaintyMs = 0;
  #limitedUntilMs = 0;

  private constructor(exchange: CcxtExchange, options: VenueRestOptions) {
    this.#exchange = exchange;
    this.#options = options;
    exchange.enableDemoTrading(true);
    exchange.timeout = options.timeoutMs ?? 10_000;
    exchange.nonce = () => Date.now() + this.#offsetMs;
    exchange.fetchImplementation = (url, init) => this.#fetch(url, init);
  }

  /** Loads ccxt, which takes most of a second. */
  static async open(options: VenueRestOptions): Promise<VenueRest> {
    requireAllowedUrl(options.hosts.rest);
    const ccxt = (await import("ccxt")) as unknown as {
      default: { binanceusdm: new (config: object) => CcxtExchange };
    };
    const { keys, recvWindowMs } = options;
    const exchange = new ccxt.default.binanceusdm({
      ...(keys === null ? {} : { apiKey: keys.apiKey, secret: keys.secret }),
      enableRateLimit: false,
      options: { recvWindow: recvWindowMs ?? 5000, fetchCurrencies: false },
    });
    return new VenueRest(exchange, options);
  }

  /** Exchange time minus the session's clock, half of the round trip taken off, as last measured. */
  get sessionOffsetMs(): number {
    return this.#sessionOffsetMs;
  }

  /** What that may be wrong by: half of the round trip, in time of the session's clock. */
  get uncertaintyMs(): number {
    return this.#uncertaintyMs;
  }

  /** @throws {VenueError} saying what the failure means for what was asked */
  async ask<Answer>(endpoint: VenueEndpoint, params: Params = {}): Promise<Answer> {
    try {
      return await this.#once<Answer>(endpoint, params);
    } catch (error) {
      const failure = failureOf(error);
      // -1021: our clock is off, the request was not looked at. Once more with the exchange's time.
      if (failure.code !== -1021) throw new VenueError(failure);
      await this.syncTime();
      try {
        return await this.#once<Answer>(endpoint, params);
      } catch (again) {
        throw new VenueError(failureOf(again));
      }
    }
  }

  /** As `ask`, for what harms nobody when it is asked again: waits out limits and retries what is unknown. */
  async askPatiently<Answer>(endpoint: VenueEndpoint, params: Params = {}, attempts = 3): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.ask<Answer>(endpoint, params);
      } catch (error) {
        if (attempt >= attempts || !(error instanceof VenueError) || error.failure.kind === "refused") throw error;
        const waitMs = Math.max(this.#limitedUntilMs - Date.now(), 200 * 2 ** attempt);
        await new Promise((resolve) => setTimeout(resolve, Math.min(waitMs, 30_000)));
      }
    }
  }

  /** Measures the exchange's clock. @returns its distance from the session's clock and the round trip, in session time */
  async syncTime(): Promise<{ readonly skewMs: number; readonly roundTripMs: number }> {
    const { clock } = this.#options;
    const [wallMs, clockMs] = [Date.now(), clock.nowMs()];
    const { serverTime } = await this.#once<{ serverTime: string | number }>("fapiPublicGetTime", {});
    const roundTripMs = Date.now() - wallMs;
    const clockRoundTripMs = clock.nowMs() - clockMs;
    const offsetMs = Number(serverTime) - (wallMs + roundTripMs / 2);
    this.#offsetMs = Math.abs(offsetMs) > OFFSET_MS_MAX ? 0 : Math.round(offsetMs);
    this.#sessionOffsetMs = Math.round(Number(serverTime) - (clockMs + clockRoundTripMs / 2));
    this.#uncertaintyMs = Math.ceil(clockRoundTripMs / 2) + 1;
    return { skewMs: this.#sessionOffsetMs, roundTripMs: Math.round(clockRoundTripMs) };
  }

  async #once<Answer>(endpoint: VenueEndpoint, params: Params): Promise<Answer> {
    const waitMs = this.#limitedUntilMs - Date.now();
    if (waitMs > 0) {
      const seconds = Math.ceil(waitMs / 1000);
      const text = `the exchange takes nothing from this address for ${seconds} s more`;
      throw new VenueError({ kind: "limited", code: -1003, text });
    }
    const method = this.#exchange[endpoint] as (params: Params) => Promise<Answer>;
    return method.call(this.#exchange, params);
  }

  async #fetch(url: string, init: RequestInit): Promise<Response> {
    if (!url.startsWith(`${DEMO_REST}/`)) throw new TypeError("ccxt asks a host that is not the exchange's");
    const target = requireAllowedUrl(`${this.#options.hosts.rest}${url.slice(DEMO_REST.length)}`);
    this.#options.onRequest?.(target.replace(/\?.*$/s, ""));
    const response = await fetch(target, { ...init, redirect: "error" });
    if (response.status === 429 || response.status === 418) {
      const seconds = Number(response.headers.get("retry-after") ?? "1");
      const waitMs = (seconds > 0 && seconds < 86_400 ? seconds : 1) * 1000;
      this.#limitedUntilMs = Math.max(this.#limitedUntilMs, Date.now() + waitMs);
    }
    return response;
  }
}
