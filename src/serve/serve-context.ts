import { lastPrice, referencePrice } from "../venue/venue-market.ts";
import type { FaultPlan } from "./faults.ts";
import { ListenKeys } from "./listen-keys.ts";
import { MarketHistory } from "./market-history.ts";
import type { MarketEvent } from "./market-replay.ts";
import type { Exchange } from "./rest/http.ts";
import { RateLimiter, type RateLimits } from "./rest/rate-limiter.ts";
import type { ServeSession } from "./session.ts";
import { TimedFaults } from "./timed-faults.ts";

export interface ServeSettings {
  readonly rateLimits: RateLimits | null;
  /** Acks with `avgPrice` and `cumQuote`, as before 2026-06-30. */
  readonly isLegacyAck: boolean;
  /** `wall`: a timestamp near the machine's clock is as good as one near virtual time. */
  readonly clockCheck: "virtual" | "wall";
  /** Virtual milliseconds in one of the machine's; `null` where time stands or jumps. */
  readonly timeFactor: number | null;
  readonly wallMs: () => number;
}

/** What all faces of one server share, besides the session. */
export interface ServeContext {
  readonly session: ServeSession;
  readonly settings: ServeSettings;
  readonly history: MarketHistory;
  readonly listenKeys: ListenKeys;
  readonly limiter: RateLimiter | null;
  readonly faults: FaultPlan;
  /** Keys that have ended, for the sockets that use them. */
  readonly expiredKeyListeners: Set<(key: string, tsMs: number) => void>;
  /** Told of every request and its answer, for the recorder of the session. */
  readonly exchangeListeners: Set<(exchange: Exchange) => void>;
  /** Told of every change somebody made through the admin endpoint. */
  readonly adminListeners: Set<(path: string, body: string) => void>;
  /** Asked to close every stream connection. */
  readonly disconnectListeners: Set<() => void>;
  /** Lets the faults happen that are due by themselves. */
  runFaults(): void;
}

export function createContext(session: ServeSession, settings: ServeSettings, faults: FaultPlan): ServeContext {
  const expiredKeyListeners = new Set<(key: string, tsMs: number) => void>();
  const history = new MarketHistory();
  const listenKeys = new ListenKeys(
    (account) => session.keyOfAccount(account.index)?.secret ?? "",
    (key, _, tsMs) => {
      for (const listener of expiredKeyListeners) listener(key, tsMs);
    },
  );
  faults.listeners.add((fault, _, where) => session.note("fault", `${fault.kind} hit ${where}`));
  session.marketListeners.add((event) => history.observe(event, priceOf(session, event)));
  session.timeListeners.add((tsMs) => listenKeys.expire(tsMs));
  const limiter = settings.rateLimits === null ? null : new RateLimiter(settings.rateLimits);
  const context: ServeContext = {
    session,
    settings,
    history,
    listenKeys,
    limiter,
    faults,
    expiredKeyListeners,
    exchangeListeners: new Set(),
    adminListeners: new Set(),
    disconnectListeners: new Set(),
    runFaults: () => timed.run(session.nowTsMs),
  };
  const timed = new TimedFaults(context);
  session.timeListeners.add((tsMs) => timed.run(tsMs));
  return context;
}

/** Bars are made of trades where there are trades, else of whatever price there is. */
function priceOf({ market }: ServeSession, event: MarketEvent): number {
  if (event.kind === "trade") return event.price;
  const { symbolIndex } = event;
  return market.last[symbolIndex]! > 0 ? lastPrice(market, symbolIndex) : referencePrice(market, symbolIndex);
}
