import { Redis } from "ioredis";
import type { RedisTarget } from "./redis-target.ts";

/** A reply as bytes: nothing is decoded on the way. */
export type Reply = Buffer | string | number | null | RedisRefusal | readonly Reply[];

/** Name and arguments. */
export type Command = readonly [name: string, ...args: (string | number | Buffer)[]];

/** One connection; it is not repaired, a lost one is replaced by a new one. */
export interface RedisLink {
  /**
   * @throws {RedisRefusal} when the server answers with an error.
   * @throws {LinkLost} when there is no answer because the connection ended.
   */
  ask(command: string, ...args: (string | number | Buffer)[]): Promise<Reply>;
  /**
   * Sends all commands in one piece and gives their answers in order; one that was refused has its refusal there, also
   * inside the answer of an `EXEC`.
   *
   * @throws {LinkLost} when the connection ended before every answer was there: any part may have been done.
   */
  askAll(commands: readonly Command[]): Promise<readonly (Reply | RedisRefusal)[]>;
  /** Ends the connection at once; what was asked fails with `LinkLost`. Without effect on a lost one. */
  close(): void;
}

/** An error the server answered, e.g. `WRONGTYPE Operation against a key ...`. */
export class RedisRefusal extends Error {
  override readonly name = "RedisRefusal";
  /** First word of the answer: `WRONGPASS`, `NOAUTH`, `NOPERM`, `WRONGTYPE`, `LOADING`, `MOVED`, `ERR`. */
  readonly code: string;

  constructor(message: string) {
    super(message);
    this.code = /^[A-Z]+/.exec(message)?.[0] ?? "ERR";
  }
}

const DISCONNECT_TIMEOUT_MS = 200;

/** There is no connection (any more). */
export class LinkLost extends Error {
  override readonly name = "LinkLost";
}

/**
 * Connects and shows name and password. Commands are sent as they are: no pipelines, no queue for later, none of the
 * INFO, HELLO and CLIENT commands clients like to begin with, so that a user who may only read can record.
 *
 * @throws {LinkLost} when nobody answers there.
 * @throws {RedisRefusal} when the server does not let us in.
 */
export async function openLink(target: RedisTarget, connectTimeoutMs: number): Promise<RedisLink> {
  const { host, port, isTls, username, password, db } = target;
  const redis = new Redis({
    host,
    port,
    ...(isTls ? { tls: { servername: host } } : {}),
    protocol: 2,
    lazyConnect: true,
    connectTimeout: connectTimeoutMs,
    enableReadyCheck: false,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    // A server that stands still does not say goodbye either.
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    disableClientInfo: true,
    // Replies are accounted for before the next connection is asked, so the recorder reconnects by itself.
    retryStrategy: () => null,
  });
  let reason: string | null = null;
  redis.on("error", (error: Error & { code?: string }) => {
    reason ??= error.code ?? error.message;
  });
  let isClosed = false;
  const link: RedisLink = {
    async ask(command, ...args) {
      try {
        return (await redis.callBuffer(command, ...args)) as Reply;
      } catch (error) {
        // Errors of the client carry the arguments of the command, which may be a password: only the text goes on.
        if (error instanceof Error && error.name === "ReplyError") throw new RedisRefusal(error.message);
        throw new LinkLost(reason ?? "the connection was closed");
      }
    },
    async askAll(commands) {
      const pipeline = redis.pipeline();
      for (const [name, ...args] of commands) pipeline.callBuffer(name, ...args);
      let answers: [error: Error | null, result: unknown][] | null;
      try {
        answers = await pipeline.exec();
      } catch {
        throw new LinkLost(reason ?? "the connection was closed");
      }
      return (answers ?? []).map(([error, result]) => {
        if (error === null) return refusalsOf(result);
        if (error.name === "ReplyError") return new RedisRefusal(error.message);
        throw new LinkLost(reason ?? "the connection was closed");
      });
    },
    close() {
      if (isClosed) return;
      isClosed = true;
      redis.disconnect();
    },
  };
  try {
    await redis.connect();
  } catch {
    link.close();
    throw new LinkLost(reason ?? "the connection was closed");
  }
  try {
    await withinTime(greet(link, username, password, db), connectTimeoutMs, link);
  } catch (error) {
    link.close();
    throw error;
  }
  return link;
}

function refusalsOf(answer: unknown): Reply {
  if (Array.isArray(answer)) return answer.map(refusalsOf);
  return answer instanceof Error ? new RedisRefusal(answer.message) : (answer as Reply);
}

async function greet(link: RedisLink, username: string | null, password: string | null, db: number): Promise<void> {
  if (password !== null) await link.ask("AUTH", ...(username === null ? [password] : [username, password]));
  if (db !== 0) await link.ask("SELECT", db);
}

/** A stopped server still accepts connections: the kernel does it. Only an answer shows that somebody is there. */
async function withinTime(answer: Promise<void>, timeoutMs: number, link: RedisLink): Promise<void> {
  const timer = setTimeout(() => link.close(), timeoutMs);
  try {
    await answer;
  } finally {
    clearTimeout(timer);
  }
}
