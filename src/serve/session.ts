import { createHmac } from "node:crypto";
import type { Money } from "../engine/domain/money.ts";
import type { OpenRecording } from "../recording/reader.ts";
import type { AccountState, Position } from "../venue/account.ts";
import type { AlgoOrder } from "../venue/algo-order.ts";
import type { FillModelOptions } from "../venue/liquidity.ts";
import type { ExecutionType, Order, Trade } from "../venue/order.ts";
import { type SymbolRules, symbolRules } from "../venue/symbol-rules.ts";
import { Venue } from "../venue/venue.ts";
import { createVenueMarket, type VenueMarket } from "../venue/venue-market.ts";
import type { AccountUpdateReason } from "../venue/venue-options.ts";
import { Findings, type ServeFinding } from "./findings.ts";
import { type MarketEvent, MarketReplay } from "./market-replay.ts";
import { priceText, qtyText } from "./render/decimal-text.ts";

/** Something that happened to one account, at the exchange's time. */
export type UserEvent =
  | {
      readonly kind: "order";
      readonly account: AccountState;
      readonly order: Order;
      readonly execution: ExecutionType;
      readonly trade: Trade | null;
      readonly tsMs: number;
    }
  | {
      readonly kind: "account";
      readonly account: AccountState;
      readonly reason: AccountUpdateReason;
      readonly changed: readonly Position[];
      readonly balanceChangeQuote: Money;
      readonly tsMs: number;
    }
  | { readonly kind: "algo"; readonly account: AccountState; readonly algo: AlgoOrder; readonly tsMs: number }
  | {
      readonly kind: "leverage";
      readonly account: AccountState;
      readonly symbolIndex: number;
      readonly leverage: number;
      readonly tsMs: number;
    }
  | {
      readonly kind: "margin-call";
      readonly account: AccountState;
      readonly positions: readonly Position[];
      readonly tsMs: number;
    };

/** A client of the venue: who has the key owns the account. */
export interface ApiKey {
  readonly key: string;
  readonly secret: string;
  readonly account: AccountState;
}

export interface SessionOptions {
  readonly recording: OpenRecording;
  readonly startTsMs: number;
  readonly endTsMs: number;
  readonly makerRate: Money;
  readonly takerRate: Money;
  readonly fill: FillModelOptions;
  readonly leverage: number;
  readonly walletQuote: Money;
  readonly symbolsMissing: readonly string[];
  /** Keys with their secrets; each gets an account of its own. */
  readonly keys: readonly { readonly key: string; readonly secret: string }[];
  /** Ids beyond 2^53, as some real symbols have. */
  readonly hasLargeOrderIds?: boolean;
}

const FINDING_LENGTH_MAX = 240;
/** A shorter one would strike out ordinary words. */
const SECRET_LENGTH_MIN = 8;
const LARGE_ORDER_ID_BASE = 8_389_765_739_703_000_000n;

/**
 * A venue over a recording in virtual time, before any network: what REST and WebSocket faces, the admin endpoint and
 * the session recorder share. Everything happens inside `advanceTo` or a request, both synchronous, so a client that
 * asks in the same order gets the same answers.
 */
export class ServeSession {
  readonly recording: OpenRecording;
  readonly market: VenueMarket;
  readonly venue: Venue;
  readonly startTsMs: number;
  readonly endTsMs: number;
  /** Commission rates in 1e-8 of notional. */
  readonly makerRate: Money;
  readonly takerRate: Money;
  readonly marketListeners = new Set<(event: MarketEvent) => void>();
  readonly userListeners = new Set<(event: UserEvent) => void>();
  /** Called for every advance with the time reached: cadences, listen keys, faults. */
  readonly timeListeners = new Set<(tsMs: number) => void>();
  readonly #replay: MarketReplay;
  readonly #keys = new Map<string, ApiKey>();
  readonly #found = new Findings();
  readonly #secrets: RegExp | null;
  readonly #bookUpdates: Float64Array;
  #nowTsMs: number;

  constructor(options: SessionOptions) {
    const { recording, startTsMs, endTsMs, makerRate, takerRate, fill } = options;
    this.recording = recording;
    this.startTsMs = startTsMs;
    this.endTsMs = endTsMs;
    this.makerRate = makerRate;
    this.takerRate = takerRate;
    this.#nowTsMs = startTsMs;
    this.market = createVenueMarket(recording.symbols.length);
    this.#bookUpdates = new Float64Array(recording.symbols.length);
    const info = recording.venueInfo;
    const missing = new Set(options.symbolsMissing);
    this.venue = new Venue({
      rules: recording.instruments.map((instrument) => {
        const listed = { ...instrument, isOnVenue: instrument.isOnVenue && !missing.has(instrument.symbol) };
        const recorded = missing.has(instrument.symbol) ? undefined : info?.get(instrument.symbol);
        return symbolRules(listed, recorded, recording.leverageBrackets.get(instrument.symbol));
      }),
      market: this.market,
      fidelity: recording.fidelity,
      makerRate,
      takerRate,
      fill,
      ...(options.hasLargeOrderIds === true ? { orderIdBase: LARGE_ORDER_ID_BASE } : {}),
      listener: {
        order: (order, execution, trade, tsMs) =>
          this.#tell({
            kind: "order",
            account: this.venue.accounts[order.accountIndex]!,
            order,
            execution,
            trade,
            tsMs,
          }),
        account: (account, reason, changed, balanceChangeQuote, tsMs) =>
          this.#tell({ kind: "account", account, reason, changed, balanceChangeQuote, tsMs }),
        algo: (algo, tsMs) =>
          this.#tell({ kind: "algo", account: this.venue.accounts[algo.accountIndex]!, algo, tsMs }),
        leverage: (account, symbolIndex, leverage, tsMs) =>
          this.#tell({ kind: "leverage", account, symbolIndex, leverage, tsMs }),
        marginCall: (account, positions, tsMs) => this.#tell({ kind: "margin-call", account, positions, tsMs }),
        watch: () => undefined,
      },
    });
    const { walletQuote, leverage } = options;
    for (const { key, secret } of options.keys) {
      const account = this.venue.addAccount({
        name: `account-${this.venue.accounts.length + 1}`,
        walletQuote,
        leverage,
      });
      this.#keys.set(key, { key, secret, account });
    }
    const secrets = options.keys
      .flatMap(({ key, secret }) => [key, secret])
      .filter((text) => text.length >= SECRET_LENGTH_MIN);
    secrets.sort((left, right) => right.length - left.length || (left < right ? -1 : 1));
    this.#secrets = secrets.length === 0 ? null : new RegExp(secrets.map(escaped).join("|"), "g");
    this.#replay = new MarketReplay({
      recording,
      market: this.market,
      venue: this.venue,
      fromTsMs: startTsMs,
      onEvent: (event) => {
        this.#nowTsMs = Math.max(this.#nowTsMs, event.tsMs);
        // A book that cannot be followed any more goes on from the id it had.
        if (event.kind === "depth") this.#bookUpdates[event.symbolIndex] = event.lastUpdateId;
        if (event.kind === "book") this.#bookUpdates[event.symbolIndex]! += 1;
        if (event.tsMs >= startTsMs) for (const listener of this.marketListeners) listener(event);
      },
      onDepthBreak: (symbolIndex, _tsMs, text) =>
        this.note("depth_break", `the book of ${recording.symbols[symbolIndex]} cannot be followed: ${text}`),
    });
    // What lies before the start is known to everybody and published to nobody.
    this.#replay.advance(startTsMs - 1);
  }

  /** Virtual UTC milliseconds: `serverTime`, `E` and `T` of everything. */
  get nowTsMs(): number {
    return this.#nowTsMs;
  }

  /** Number of the last change of a symbol's book, or of its best prices where there is no book. */
  bookUpdateId(symbolIndex: number): number {
    return this.market.depth[symbolIndex]?.lastUpdateId ?? this.#bookUpdates[symbolIndex]!;
  }

  /**
   * Best level of a side as price and quantity texts. Where the recording has no sizes, the size is the largest order:
   * that is what this venue fills there.
   */
  topLevel(rules: SymbolRules, sign: 1 | -1): [string, string][] {
    const price = (sign > 0 ? this.market.bid : this.market.ask)[rules.index]!;
    if (!(price > 0)) return [];
    const qty = (sign > 0 ? this.market.bidQty : this.market.askQty)[rules.index]!;
    const lots = qty > 0 ? Math.round(qty / rules.contract.qtyPerLot) : Math.min(rules.marketLotsMax, 1e9);
    return [[priceText(rules, Math.round(price / rules.contract.tickSize)), qtyText(rules, lots)]];
  }

  /** Market rows played so far. */
  get marketRows(): number {
    return this.#replay.rows;
  }

  /** Lets the market and the venue live up to that time, in the order in which things are due. */
  advanceTo(tsMs: number): void {
    const until = Math.min(tsMs, this.endTsMs);
    for (;;) {
      const market = this.#replay.nextTsMs;
      const venue = this.venue.nextDueTsMs;
      const next = Math.min(market, venue);
      if (next > until) break;
      if (next > this.#nowTsMs) this.#moveClock(next);
      if (market <= venue) this.#replay.advance(market);
      else this.venue.advance(venue);
    }
    if (until > this.#nowTsMs) this.#moveClock(until);
  }

  apiKey(key: string): ApiKey | undefined {
    return this.#keys.get(key);
  }

  keyOfAccount(accountIndex: number): ApiKey | undefined {
    for (const entry of this.#keys.values()) if (entry.account.index === accountIndex) return entry;
    return undefined;
  }

  get findings(): readonly ServeFinding[] {
    return this.#found.list;
  }

  /** Adds a finding; keys and secrets in the text are struck out, and a long text is cut. */
  note(code: string, text: string): void {
    this.#found.add(this.#nowTsMs, code, this.shown(text, FINDING_LENGTH_MAX));
  }

  /** The beginning of a client's text, fit to be shown: struck out first, then cut, so that no half key remains. */
  shown(text: string, lengthMax: number): string {
    const safe = this.withoutSecrets(text);
    return safe.length <= lengthMax ? safe : `${safe.slice(0, lengthMax)}...`;
  }

  /** The text with every key and secret of this session struck out: clients put them into paths and ids. */
  withoutSecrets(text: string): string {
    return this.#secrets === null ? text : text.replace(this.#secrets, "[key]");
  }

  #moveClock(tsMs: number): void {
    this.#nowTsMs = tsMs;
    for (const listener of this.timeListeners) listener(tsMs);
  }

  #tell(event: UserEvent): void {
    for (const listener of this.userListeners) listener(event);
  }
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** `signature` of a request: HMAC-SHA256 of everything before it, in hex. */
export function signatureOf(secret: string, payload: string): string {
  return createHmac("sha256", secret).update(payload).digest("hex");
}
