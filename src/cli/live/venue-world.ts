import type { CcxtExchange } from "../../live/exchange/ccxt-exchange.ts";
import { DryRunExchange } from "../../live/exchange/dry-run-exchange.ts";
import { connectVenue, type VenueClient } from "../../live/exchange/venue-client.ts";
import type { Clock } from "../../live/ports.ts";
import type { VenueHosts } from "../../live/safety/hosts.ts";
import type { ApiKeys } from "../../live/safety/keys.ts";
import type { PreflightVenue } from "../../live/safety/preflight-facts.ts";
import { scaledClock, systemClock } from "../../live/session/clock.ts";
import type { RecoveredSession } from "../../live/session/recover-session.ts";
import { openRecording } from "../../recording/reader.ts";
import type { LivePlan } from "./live-plan.ts";
import { refused } from "./live-plan.ts";
import { chosenInstruments, type LiveWorld, paperAccount, paperExchange } from "./live-world.ts";

/** Minutes of bars a session begins with: what the slowest tracker of the defaults looks back. */
const HISTORY_MINUTES = 499;

/** Prices of an exchange, and its account unless nothing is sent. */
export interface VenueWorld extends LiveWorld {
  /** For the preflight; `null` when the account is not asked. */
  facts(): Promise<PreflightVenue | null>;
}

/**
 * Connects to demo trading, the testnet or a served exchange on this machine. Time is the machine's, except on a served
 * exchange: that has a time of its own, and the session follows it.
 */
export async function venueWorld(parts: {
  readonly plan: LivePlan;
  readonly hosts: VenueHosts;
  readonly keys: ApiKeys | null;
  readonly from: RecoveredSession | null;
  log(level: "info" | "warn", text: string): void;
}): Promise<VenueWorld> {
  const { plan, hosts, keys, from, log } = parts;
  const { scenario, definition, mode } = plan;
  const { clock, factor } =
    hosts.environment === "loopback" ? await servedClock(hosts) : { clock: systemClock(), factor: 1 };
  const client = await connectVenue({ hosts, keys, clock, log });
  const names = plan.symbols ?? openRecording(scenario.recordingPath).symbols;
  // A session that goes on counts in the lots and ticks it began with.
  const instruments =
    from?.lane.parts.instruments ?? chosenInstruments(client.instruments(names), plan.symbols, definition);
  const feed = client.createFeed({ instruments, historyMinutes: HISTORY_MINUTES });
  const world = {
    venue: hosts.environment,
    clock,
    instruments,
    fidelity: "book",
    feed,
    endTsMs: Number.POSITIVE_INFINITY,
  } as const;
  const exchangeInfo = infoOf(
    client,
    instruments.map(({ symbol }) => symbol),
  );
  if (keys === null) {
    const paper = paperExchange({
      scenario,
      definition,
      clock,
      instruments,
      fidelity: "book",
      ...paperAccount(scenario, from),
    });
    const exchange = mode === "dry-run" ? new DryRunExchange(paper) : paper;
    return { ...world, exchange, exchangeInfo, leverageBrackets: null, facts: async () => null };
  }
  const account: CcxtExchange = client.createExchange({ instruments });
  const exchange = mode === "dry-run" ? new DryRunExchange(account) : account;
  const leverageBrackets = await client.brackets();
  return { ...world, exchange, exchangeInfo, leverageBrackets, facts: () => factsIn(factor, client, account) };
}

/** A clock that runs sixty times as fast is off by sixty times as much: what counts is how well two machines agree. */
async function factsIn(factor: number, client: VenueClient, account: CcxtExchange): Promise<PreflightVenue> {
  const facts = await client.facts(account);
  const { clockSkewMs, roundTripMs } = facts;
  return {
    ...facts,
    clockSkewMs: Math.round(clockSkewMs / factor),
    roundTripMs: Math.round(roundTripMs / factor),
  };
}

interface ServedClock {
  readonly clock: Clock;
  /** Its milliseconds in one of the machine's. */
  readonly factor: number;
}

/** A `sim serve` says where its time is and how fast it runs. Anything else on loopback has the machine's time. */
async function servedClock({ rest }: VenueHosts): Promise<ServedClock> {
  const sentMs = performance.now();
  const response = await fetch(`${rest}/sim/v1/status`, { redirect: "error" }).catch(() => null);
  if (response === null)
    throw refused(`Cannot use the exchange at ${rest}: it does not answer`, "start a `sim serve` there");
  if (response.status !== 200) return { clock: systemClock(), factor: 1 };
  const status = (await response.json()) as { readonly tsMs?: unknown; readonly timeFactor?: unknown };
  const { tsMs, timeFactor } = status;
  if (typeof tsMs !== "number" || typeof timeFactor !== "number") {
    throw refused(
      `Cannot follow the exchange at ${rest}: its time stands or jumps, one that runs is needed`,
      "sim serve SCENARIO --speed 10x",
    );
  }
  const halfMs = (performance.now() - sentMs) / 2;
  return { clock: scaledClock(tsMs + halfMs * timeFactor, timeFactor), factor: timeFactor };
}

/** Only the session's own symbols: the whole answer is megabytes. */
function infoOf({ exchangeInfo }: VenueClient, names: readonly string[]): unknown {
  const wanted = new Set(names);
  const symbols = (exchangeInfo["symbols"] as readonly { readonly symbol?: unknown }[] | undefined) ?? [];
  return { ...exchangeInfo, symbols: symbols.filter(({ symbol }) => wanted.has(String(symbol))) };
}
