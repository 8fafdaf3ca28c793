import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { openLink } from "../live/redis/link.ts";
import { parseRedisUrl, type RedisTarget } from "../live/redis/redis-target.ts";
import { PRICE, STREAM, SYMBOL_NAMES } from "./stand-world.ts";

/** Entries of one round trip. */
const PIECE = 500;
/** A producer without a rate stays at most this far ahead of its reader: more would measure the server's memory. */
const AHEAD_MAX = 20_000;
const KEPT = 5 * AHEAD_MAX;

export interface Producer {
  /** How many entries were read; a producer without a rate waits for it. */
  read(entries: number): void;
  stop(): void;
}

/** A process of its own that writes intents, at a rate, or as fast as they are read when `perSecond` is `null`. */
export function startProducer({ safeUrl }: RedisTarget, perSecond: number | null, total: number): Producer {
  const args = [safeUrl, String(perSecond ?? 0), String(total)];
  const child: ChildProcess = fork(fileURLToPath(import.meta.url), args);
  return {
    read(entries) {
      if (perSecond === null && child.connected) child.send(entries);
    },
    stop: () => void child.kill(),
  };
}

async function produce(url: string, perSecond: number, total: number): Promise<void> {
  let read = 0;
  process.on("message", (entries) => {
    read = Number(entries);
  });
  // The bench was killed: nobody stops it any more.
  process.on("disconnect", () => process.exit());
  const link = await openLink(parseRedisUrl(url), 2000);
  const startMs = performance.now();
  for (let sent = 0; sent < total; ) {
    const dueAtRate = Math.floor(((performance.now() - startMs) / 1000) * perSecond);
    const due = Math.min(total, perSecond === 0 ? read + AHEAD_MAX : dueAtRate);
    // Pieces, so that nobody waits for a round trip per entry; waits, so that the server serves others too.
    if (due > sent) {
      const piece = Math.min(PIECE, due - sent);
      await link.askAll(Array.from({ length: piece }, (_, place) => command(sent + place)));
      sent += piece;
      if (perSecond === 0 && sent % AHEAD_MAX === 0) await link.ask("XTRIM", STREAM, "MAXLEN", "~", KEPT);
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  // Until it is stopped: an end of its own would look like a fault of the bench.
  setInterval(() => undefined, 60_000);
}

/** Buys of every symbol, then sells of every symbol, again and again. */
function command(place: number): readonly [string, ...string[]] {
  const side = Math.floor(place / SYMBOL_NAMES.length) % 2 === 0 ? "BUY" : "SELL";
  const payload = {
    symbol: SYMBOL_NAMES[place % SYMBOL_NAMES.length],
    side,
    confidence: 0.7,
    entry_price: PRICE,
    position_size_usd: 100,
  };
  return ["XADD", STREAM, "*", "event_type", "trade.intent", "payload", JSON.stringify(payload), "source", "bench"];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [url, perSecond, total] = process.argv.slice(2) as [string, string, string];
  await produce(url, Number(perSecond), Number(total));
}
