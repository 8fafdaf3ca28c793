import { WebSocket } from "ws";
import { openRecording } from "../../src/recording/reader.ts";
import { type LaunchOptions, prepare, type ServedSession } from "../../src/serve/launch.ts";
import { answer } from "../../src/serve/rest/gate.ts";
import type { ServeContext } from "../../src/serve/serve-context.ts";
import { signatureOf } from "../../src/serve/session.ts";
import { KEY, OTHER_KEY, REGIME_FLIP, SECRET } from "./served.ts";

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  // biome-ignore lint/suspicious/noExplicitAny: answers of forty endpoints
  readonly json: any;
  readonly text: string;
}

export interface AskOptions {
  readonly key?: string;
  readonly secret?: string;
  readonly timestamp?: string;
  readonly ip?: string;
}

/** A session off the network, an hour in, with two accounts. */
export function quietContext(options: Partial<LaunchOptions> = {}): ServeContext {
  const recording = openRecording(REGIME_FLIP);
  return prepare({
    recording,
    speed: { kind: "step" },
    keys: [
      { key: KEY, secret: SECRET },
      { key: OTHER_KEY, secret: SECRET },
    ],
    clockCheck: "virtual",
    rateLimits: null,
    ...options,
    session: { startTsMs: recording.firstTsMs + 3_600_000, ...options.session },
  });
}

/** A request as a client signs it, answered without a network. */
export function ask(
  context: ServeContext,
  method: string,
  path: string,
  params: Readonly<Record<string, string>> = {},
  { key = KEY, secret = SECRET, timestamp = String(context.session.nowTsMs), ip = "127.0.0.1" }: AskOptions = {},
): Answered {
  const query = new URLSearchParams({ ...params, timestamp }).toString();
  return askRaw(context, method, path, `${query}&signature=${signatureOf(secret, query)}`, key, ip);
}

export function askRaw(
  context: ServeContext,
  method: string,
  path: string,
  query: string,
  apiKey: string | null = KEY,
  ip = "127.0.0.1",
): Answered {
  const { status, headers, body } = answer(context, { method, path, query, body: "", apiKey, ip });
  return { status, headers, json: JSON.parse(body), text: body };
}

/** A connection that keeps what it hears. */
export interface Heard {
  readonly socket: WebSocket;
  readonly texts: string[];
  /** Close code, once closed. */
  readonly closed: Promise<number>;
  send(text: string): void;
  /** Waits until that many messages have come. */
  until(count: number): Promise<void>;
}

export async function connect(served: ServedSession, path: string): Promise<Heard> {
  const socket = new WebSocket(`ws://127.0.0.1:${served.server.port}${path}`);
  const texts: string[] = [];
  let wake = (): void => undefined;
  socket.on("message", (data) => {
    texts.push(String(data));
    wake();
  });
  const closed = new Promise<number>((done) => socket.on("close", (code) => done(code)));
  await new Promise<void>((done, failed) => {
    socket.on("open", () => done());
    socket.on("error", failed);
  });
  return {
    socket,
    texts,
    closed,
    send: (text) => socket.send(text),
    async until(count) {
      while (texts.length < count) await new Promise<void>((done) => (wake = done));
    },
  };
}
