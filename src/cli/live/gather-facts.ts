import { closeSync, fsyncSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from "node:fs";
import { join } from "node:path";
import { openLink, type RedisLink, RedisRefusal, type Reply } from "../../live/redis/link.ts";
import type { RedisTarget } from "../../live/redis/redis-target.ts";
import { namedFields, numberOf, numberOrNull, textOf } from "../../live/redis/stream-info.ts";
import { readKillFile } from "../../live/safety/file-operator.ts";
import type { NotKnown, PreflightDisk, PreflightFacts, PreflightRedis } from "../../live/safety/preflight-facts.ts";
import { killScope } from "../../live/streams/redis-operator.ts";
import type { LiveFlags } from "./live-flags.ts";
import { consumerName } from "./redis-world.ts";

const CONNECT_MS = 3000;
/** Another consumer that asked within this time reads still. */
const ALIVE_MS = 10_000;

/** Whether journal and recording can be written there, tried by writing. */
export function diskFacts(folder: string): PreflightDisk {
  let error: string | null = null;
  let freeBytes: number | null = null;
  const probe = join(folder, `.probe-${process.pid}`);
  try {
    mkdirSync(folder, { recursive: true });
    const descriptor = openSync(probe, "w", 0o600);
    try {
      writeSync(descriptor, "probe");
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
      rmSync(probe, { force: true });
    }
    const { bavail, bsize } = statfsSync(folder);
    freeBytes = bavail * bsize;
  } catch (failure) {
    error = (failure as NodeJS.ErrnoException).code ?? String(failure);
  }
  return { folder, error, freeBytes };
}

/** The server, the group, and who else reads it. */
export async function redisFacts(target: RedisTarget, flags: LiveFlags): Promise<PreflightRedis | NotKnown> {
  const { stream, group } = flags;
  let link: RedisLink;
  try {
    link = await openLink(target, CONNECT_MS);
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
  try {
    const groups = await link.ask("XINFO", "GROUPS", stream).catch(noneThere);
    const found = list(groups)
      .map(namedFields)
      .find((fields) => textOf(fields.get("name")) === group);
    const consumers =
      found === undefined ? [] : list(await link.ask("XINFO", "CONSUMERS", stream, group)).map(namedFields);
    const own = consumerName(flags);
    return {
      server: target.safeUrl,
      stream,
      group,
      place:
        found === undefined
          ? null
          : { pending: numberOf(found.get("pending")), unread: numberOrNull(found.get("lag")) },
      aliveOthers: consumers
        .filter((fields) => textOf(fields.get("name")) !== own && numberOf(fields.get("idle")) < ALIVE_MS)
        .map((fields) => textOf(fields.get("name"))),
    };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  } finally {
    link.close();
  }
}

/** Kill switches that are set before anything begins. */
export async function killFacts(
  flags: LiveFlags,
  target: RedisTarget | null,
  ofScenario: "off" | "entries" | "all",
): Promise<PreflightFacts["killSwitches"]> {
  const set: { source: string; scope: "off" | "entries" | "all" }[] = [];
  if (ofScenario !== "off") set.push({ source: "the scenario", scope: ofScenario });
  if (flags.killFile !== undefined) {
    const word = await readKillFile(flags.killFile);
    if (word !== "absent" && word !== "off")
      set.push({ source: flags.killFile, scope: word === "all" ? "all" : "entries" });
  }
  if (flags.killKey !== undefined && target !== null) {
    const link = await openLink(target, CONNECT_MS).catch(() => null);
    if (link !== null) {
      const reply = await link.ask("GET", flags.killKey).catch(() => null);
      link.close();
      const scope = killScope(reply === null ? null : textOf(reply));
      if (scope !== "off") set.push({ source: `key ${flags.killKey}`, scope });
    }
  }
  return set;
}

function noneThere(error: unknown): Reply {
  if (error instanceof RedisRefusal && /no such key/i.test(error.message)) return [];
  throw error;
}

function list(reply: Reply): readonly Reply[] {
  return Array.isArray(reply) ? reply : [];
}
