import type { KillSwitchSet } from "../../engine/domain/event.ts";
import type { Instrument } from "../../engine/domain/instrument.ts";
import type { Money } from "../../engine/domain/money.ts";
import type { AccountReport, IntentStart } from "../ports.ts";
import type { SafetyLimits } from "./gate.ts";
import type { VenueHosts } from "./hosts.ts";
import type { FoundKeys } from "./keys.ts";

/** A question that could not be answered, with the cause in words. */
export interface NotKnown {
  readonly error: string;
}

/** What the exchange says of itself and of the account. */
export interface PreflightVenue {
  /** Clock of the exchange minus ours, half of the round trip taken off. */
  readonly clockSkewMs: number;
  /** In the same time: the distance is known to half of it. */
  readonly roundTripMs: number;
  readonly positionMode: "one-way" | "hedge";
  /** `null` when the exchange does not say. */
  readonly canTrade: boolean | null;
  readonly canWithdraw: boolean | null;
  readonly account: AccountReport;
  /** Symbol to its state, `TRADING` when it is traded; symbols that are not listed are absent. */
  readonly symbolStates: ReadonlyMap<string, string>;
  /** Leverage that the account has set for a symbol; absent when not known. */
  readonly leverages: ReadonlyMap<string, number>;
}

export interface PreflightDisk {
  /** As the user wrote it. */
  readonly folder: string;
  /** `null` when a file could be written and synced there, else why not. */
  readonly error: string | null;
  /** `null` when the system does not say. */
  readonly freeBytes: number | null;
}

export interface PreflightRedis {
  /** Without a password. */
  readonly server: string;
  readonly stream: string;
  readonly group: string;
  /** `null` when there is no such group yet. */
  readonly place: { readonly pending: number; readonly unread: number | null } | null;
  /** Other consumers of the group that were heard of just now. */
  readonly aliveOthers: readonly string[];
}

/** What was found before anything is sent. */
export interface PreflightFacts {
  readonly hosts: VenueHosts;
  readonly keys: Pick<FoundKeys, "source" | "fingerprint"> | null;
  /** `null` when the exchange is not asked (paper trading). */
  readonly venue: PreflightVenue | NotKnown | null;
  readonly disk: PreflightDisk;
  /** `null` when the session needs no Redis. */
  readonly redis: PreflightRedis | NotKnown | null;
  /** Kill switches that are set now: file, key, scenario. */
  readonly killSwitches: readonly { readonly source: string; readonly scope: KillSwitchSet["scope"] }[];
  readonly isTty: boolean;
}

/** What the session is going to do. */
export interface PreflightWanted {
  readonly instruments: readonly Instrument[];
  readonly limits: SafetyLimits;
  /** Limits of the pipeline itself: what it may ask for. */
  readonly pipelineLimits: { readonly notionalPerTradeMaxQuote: Money; readonly notionalTotalMaxQuote: Money };
  /** Leverage the scenario reckons with. */
  readonly leverage: number;
  /** `false` for paper trading and dry runs. */
  readonly isTrading: boolean;
  readonly isAdopting: boolean;
  /** Goes on with a session that was cut short: its positions and orders are compared with its journal later. */
  readonly isResuming: boolean;
  readonly hasYes: boolean;
  /** Where to begin to read; `null` when nobody has said it. */
  readonly intentStart: IntentStart | null;
  /** What journal and recording may come to. */
  readonly diskBytes: number;
  /** What helps when there are no keys (`missingKeysHint`). */
  readonly keysHint: string;
}

export type CheckState = "ok" | "warn" | "refuse";

export interface PreflightCheck {
  /** Stable: `host`, `keys`, `clock`, ... */
  readonly name: string;
  readonly state: CheckState;
  readonly text: string;
  /** Command or edit that helps; `null` when nothing has to be done. */
  readonly fix: string | null;
}

export interface PreflightResult {
  /** The worst of the checks. */
  readonly state: CheckState;
  readonly checks: readonly PreflightCheck[];
}
