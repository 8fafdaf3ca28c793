import { EXIT, UserError } from "../../diagnostics/user-error.ts";
import { isAllowedUrl } from "./hosts.ts";
import { listed, ok, refuse, warn } from "./preflight-check.ts";
import type {
  PreflightCheck,
  PreflightFacts,
  PreflightRedis,
  PreflightResult,
  PreflightWanted,
} from "./preflight-facts.ts";
import { limitChecks } from "./preflight-limits.ts";
import { venueChecks } from "./preflight-venue.ts";

/** Room for so many sessions of this size is plenty. */
const PLENTY = 10;

/**
 * Judges what was found before a session sends anything. Pure: the same facts give the same checks, in the same order.
 * One refusal is enough to refuse; every check is made nevertheless, so that a person sees all there is to mend.
 */
export function preflight(facts: PreflightFacts, wanted: PreflightWanted): PreflightResult {
  const checks = [
    hostCheck(facts),
    keysCheck(facts, wanted),
    ...venueChecks(facts, wanted),
    ...limitChecks(facts, wanted),
    diskCheck(facts, wanted),
    ...redisChecks(facts, wanted),
    killSwitchCheck(facts),
    consentCheck(facts, wanted),
  ];
  const has = (state: PreflightCheck["state"]) => checks.some((check) => check.state === state);
  return { checks, state: has("refuse") ? "refuse" : has("warn") ? "warn" : "ok" };
}

/** @throws {UserError} exit 15 with every refusal and what helps against it */
export function requirePreflight({ checks }: PreflightResult): void {
  const refusals = checks.filter(({ state }) => state === "refuse");
  if (refusals.length === 0) return;
  throw new UserError(
    refusals.map(({ name, text, fix }) => ({
      path: name,
      text: `Cannot start the session: ${text}`,
      ...(fix === null ? {} : { hint: fix }),
    })),
    EXIT.liveRefused,
  );
}

function hostCheck({ hosts }: PreflightFacts): PreflightCheck {
  const isAllowed = isAllowedUrl(hosts.rest) && isAllowedUrl(hosts.streams);
  if (isAllowed) return ok("host", `${hosts.rest} and ${hosts.streams}, ${hosts.environment}: allowed`);
  return refuse(
    "host",
    "a host is not on the allow-list, demo trading, testnet or loopback is needed",
    "leave --base-url out for demo trading",
  );
}

function keysCheck({ keys }: PreflightFacts, { isTrading, keysHint }: PreflightWanted): PreflightCheck {
  if (keys !== null) return ok("keys", `of ${keys.source}, fingerprint ${keys.fingerprint}`);
  if (!isTrading) return ok("keys", "none, and none are needed: nothing is sent");
  return refuse("keys", "there are no API keys, a key and its secret are needed", keysHint);
}

function diskCheck({ disk }: PreflightFacts, { diskBytes }: PreflightWanted): PreflightCheck {
  if (disk.error !== null) {
    return refuse(
      "disk",
      `${disk.folder} cannot be written (${disk.error}), a folder for journal and recording is needed`,
      "name another folder with --out DIR",
    );
  }
  if (disk.freeBytes === null) return warn("disk", `${disk.folder} can be written; how much is free is not known`);
  const text = `${disk.folder} can be written, ${mebibytes(disk.freeBytes)} free`;
  if (disk.freeBytes < diskBytes) {
    return refuse(
      "disk",
      `${text}, ${mebibytes(diskBytes)} are needed`,
      "make room, or name another folder with --out DIR",
    );
  }
  return disk.freeBytes < PLENTY * diskBytes
    ? warn("disk", `${text}, ${mebibytes(diskBytes)} may be used`)
    : ok("disk", text);
}

function redisChecks({ redis }: PreflightFacts, wanted: PreflightWanted): PreflightCheck[] {
  if (redis === null) return [];
  if ("error" in redis) {
    const fix = "redis-cli ping; name the server with --redis URL, or use --intents FILE";
    return [refuse("redis", `Redis did not answer (${redis.error}), its answer is needed`, fix)];
  }
  return [ok("redis", `${redis.server} answers`), groupCheck(redis, wanted)];
}

function groupCheck(
  { stream, group, place, aliveOthers }: PreflightRedis,
  { intentStart }: PreflightWanted,
): PreflightCheck {
  const name = `group ${group} of ${stream}`;
  if (aliveOthers.length > 0) {
    const text = `${name} is read by ${listed(aliveOthers)} too, a group of our own is needed: what others read we never see`;
    return refuse("group", text, "stop the other consumer, or name another group");
  }
  if (intentStart === null) {
    const text = `nobody has said where ${name} begins, new, beginning, resume or an entry id is needed`;
    return refuse("group", text, "--from new judges what comes from now on");
  }
  if (intentStart.kind === "resume") {
    if (place === null) {
      return refuse(
        "group",
        `there is no ${name}, one that read before is needed to resume`,
        "--from new, or name the group of the session to resume",
      );
    }
    return ok("group", `${name} goes on: ${place.pending} pending, ${place.unread ?? "unknown"} unread`);
  }
  const from = intentStart.kind === "after" ? `after ${intentStart.entryId}` : intentStart.kind;
  const text = `${name} begins: ${from}`;
  const left = (place?.pending ?? 0) + (place?.unread ?? 0);
  if (left === 0) return ok("group", text);
  if (intentStart.kind === "new")
    return warn("group", `${text}; ${left} entries that nobody finished are passed over`, "--from resume takes them");
  return warn(
    "group",
    `${text}; up to ${left} old entries are judged as if they were new`,
    "--from new passes over them",
  );
}

function killSwitchCheck({ killSwitches }: PreflightFacts): PreflightCheck {
  const set = killSwitches.filter(({ scope }) => scope !== "off");
  if (set.length === 0) return ok("kill switch", "off");
  const text = set.map(({ source, scope }) => `${scope} by ${source}`).join(", ");
  return refuse(
    "kill switch",
    `it is set (${text}), an open one is needed to start`,
    "take the file or the key away when you know who set it",
  );
}

function consentCheck({ isTty }: PreflightFacts, { hasYes, isTrading }: PreflightWanted): PreflightCheck {
  if (!isTrading) return ok("consent", "nothing is sent");
  if (hasYes) return ok("consent", "--yes");
  if (isTty) return ok("consent", "you will be asked");
  return refuse("consent", "there is no terminal to ask, a yes beforehand is needed", "--yes");
}

function mebibytes(bytes: number): string {
  return `${Math.floor(bytes / 1_048_576)} MiB`;
}
