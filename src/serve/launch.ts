import { parseMoney } from "../engine/domain/money.ts";
import type { OpenRecording } from "../recording/reader.ts";
import { type Fault, FaultPlan } from "./faults.ts";
import type { RateLimits } from "./rest/rate-limiter.ts";
import { createContext, type ServeContext } from "./serve-context.ts";
import { type ServeServer, serve, type WallLimits } from "./server.ts";
import { ServeSession, type SessionOptions } from "./session.ts";
import { SessionClock, type SessionSpeed } from "./session-clock.ts";

/** Binance's limits since the CM-UM integration. */
export const BINANCE_RATE_LIMITS: RateLimits = { weightPerMinute: 2_400, ordersPerMinute: 1_200, ordersPer10s: 300 };

export interface LaunchOptions {
  readonly recording: OpenRecording;
  readonly speed: SessionSpeed;
  readonly host?: string;
  readonly port?: number;
  readonly isRemoteAllowed?: boolean;
  readonly hasLegacyStreams?: boolean;
  readonly isLegacyAck?: boolean;
  readonly rateLimits?: RateLimits | null;
  readonly clockCheck?: "virtual" | "wall";
  readonly keys: SessionOptions["keys"];
  readonly session?: Partial<Omit<SessionOptions, "recording" | "keys">>;
  readonly faults?: readonly Fault[];
  /** Of the chances of faults; "0" when absent. */
  readonly seed?: string;
  readonly limits?: Partial<WallLimits>;
  onEnd?(): void;
  onError?(error: unknown): void;
}

/** A served session with its clock running. */
export interface ServedSession {
  readonly context: ServeContext;
  readonly server: ServeServer;
  /** Stops the clock and closes every connection. */
  close(): Promise<void>;
}

/** The session with what its faces share, off the network: for replays and tests. */
export function prepare(options: LaunchOptions): ServeContext {
  const { recording } = options;
  const session = new ServeSession({
    recording,
    startTsMs: recording.firstTsMs,
    endTsMs: recording.lastTsMs,
    makerRate: parseMoney("0.0002"),
    takerRate: parseMoney("0.0005"),
    fill: { halfSpreadBps: 1, slippageBps: 0, impactBps: 0 },
    leverage: 20,
    walletQuote: parseMoney("10000"),
    symbolsMissing: [],
    ...options.session,
    keys: options.keys,
  });
  return createContext(
    session,
    {
      rateLimits: options.rateLimits === undefined ? BINANCE_RATE_LIMITS : options.rateLimits,
      isLegacyAck: options.isLegacyAck ?? false,
      clockCheck: options.clockCheck ?? "wall",
      timeFactor: options.speed.kind === "scaled" ? options.speed.factor : null,
      wallMs: () => Date.now(),
    },
    new FaultPlan(options.faults ?? [], options.seed),
  );
}

/** Puts a recording on the network: session, faces and clock, with regular fees and one account a key by default. */
export async function launch(options: LaunchOptions): Promise<ServedSession> {
  const context = prepare(options);
  const { session } = context;
  const { speed } = options;
  const clock = new SessionClock({
    speed,
    startTsMs: session.startTsMs,
    endTsMs: session.endTsMs,
    wallMs: () => performance.now(),
    advanceTo: (tsMs) => session.advanceTo(tsMs),
    onEnd: () => options.onEnd?.(),
  });
  const server = await serve(context, {
    host: options.host ?? "127.0.0.1",
    port: options.port ?? 0,
    isRemoteAllowed: options.isRemoteAllowed ?? false,
    hasLegacyStreams: options.hasLegacyStreams ?? false,
    ...(options.limits === undefined ? {} : { limits: options.limits }),
    beforeRequest: () => session.advanceTo(clock.targetTsMs()),
    onError: (error) => {
      session.note("internal_error", error instanceof Error ? error.message : String(error));
      if (options.onError === undefined) throw error;
      options.onError(error);
    },
  });
  clock.start();
  return {
    context,
    server,
    async close() {
      clock.stop();
      await server.close();
    },
  };
}
