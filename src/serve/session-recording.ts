import { createHash } from "node:crypto";
import { createLiveRecording, type LiveRecording } from "../recording/live/live-recording.ts";
import type { OpenRecording } from "../recording/reader.ts";
import type { SealedRecording } from "../recording/writer.ts";
import { Refusal } from "../venue/refusal.ts";
import { answerAdmin } from "./admin.ts";
import { toJson } from "./json.ts";
import { userEventMessages } from "./render/user-event-json.ts";
import { answer } from "./rest/gate.ts";
import type { Exchange } from "./rest/http.ts";
import type { ServeContext } from "./serve-context.ts";

/** Streams of a recorded session. */
const REQUEST = "serve.request";
const ADMIN = "serve.admin";
const USER_EVENT = "serve.user-event";

export interface SessionRecorderOptions {
  readonly dir: string;
  readonly id: string;
  /** What the session was made of; replaying checks it. Never holds keys. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Hash of the program that serves. */
  readonly codeHash?: string;
}

/**
 * Records what clients asked and what they were told, in virtual time: a recording whose inputs, played into a session
 * of the same kind, give the same answers and the same fills. Keys and signatures do not get this far.
 */
export class SessionRecorder {
  readonly #live: LiveRecording;
  requests = 0;

  constructor(context: ServeContext, options: SessionRecorderOptions) {
    const { recording } = context.session;
    this.#live = createLiveRecording({
      dir: options.dir,
      id: options.id,
      createdBy: "sim serve",
      fidelity: recording.fidelity,
      config: { ...options.config, recording: recording.id, recordingHash: recording.hash },
      ...(options.codeHash === undefined ? {} : { codeHash: options.codeHash }),
      notes: [`session over recording ${recording.id} ${recording.hash}`],
    });
    context.exchangeListeners.add((exchange) => this.#request(exchange));
    context.adminListeners.add((path, body) => {
      const rxMs = context.session.nowTsMs;
      this.#live.input({ rxMs, stream: ADMIN, payload: { path, body: context.session.withoutSecrets(body) } });
    });
    context.session.userListeners.add((event) => {
      for (const message of userEventMessages(context, event)) {
        this.#live.input({
          rxMs: event.tsMs,
          stream: USER_EVENT,
          payload: { account: event.account.index, message: context.session.withoutSecrets(toJson(message)) },
        });
      }
    });
  }

  seal(): Promise<SealedRecording> {
    return this.#live.seal();
  }

  #request({ tsMs, method, path, query, body, ip, accountIndex, gateRefusal, status, answer: text }: Exchange): void {
    this.requests += 1;
    const gate = gateRefusal === null ? null : [gateRefusal.code, gateRefusal.text, gateRefusal.httpStatus];
    const payload = { method, path, query, body, ip, account: accountIndex, gate, status, answer: digest(text) };
    this.#live.input({ rxMs: tsMs, stream: REQUEST, payload });
  }
}

export interface SessionReplay {
  readonly requests: number;
  readonly equal: number;
  readonly userEvents: number;
  /** The first answer or user event that is another one, as a sentence; `null` when all are equal. */
  readonly firstDifference: string | null;
}

/** Plays a recorded session into a fresh one and compares every answer and every user event. */
export function replaySession(context: ServeContext, session: OpenRecording): SessionReplay {
  const told: string[] = [];
  context.session.userListeners.add((event) => {
    for (const message of userEventMessages(context, event)) told.push(`${event.account.index} ${toJson(message)}`);
  });
  const expected: string[] = [];
  let requests = 0;
  let equal = 0;
  let firstDifference: string | null = null;
  for (const { rxMs, stream, payload, seq } of session.inputs()) {
    if (stream === USER_EVENT) {
      expected.push(`${String(payload["account"])} ${String(payload["message"])}`);
      continue;
    }
    context.session.advanceTo(rxMs);
    if (stream === ADMIN) {
      answerAdmin(context, "POST", String(payload["path"]), String(payload["body"]));
      continue;
    }
    if (stream !== REQUEST) continue;
    requests += 1;
    const { method, path, query, body, ip, account, gate, status, answer: recorded } = payload;
    const response = answer(context, {
      method: String(method),
      path: String(path),
      query: String(query),
      body: String(body),
      apiKey: null,
      ip: String(ip),
      replayed: { accountIndex: typeof account === "number" ? account : null, gateRefusal: refusalOf(gate) },
    });
    if (response.status === status && digest(response.body) === recorded) equal += 1;
    else
      firstDifference ??= `request ${seq} ${String(method)} ${String(path)} at ${rxMs}: recorded ${String(status)}, now ${response.status} ${response.body.slice(0, 200)}`;
  }
  for (let place = 0; place < Math.max(told.length, expected.length); place++) {
    if (told[place] === expected[place]) continue;
    firstDifference ??= `user event ${place + 1}: recorded ${expected[place] ?? "none"}, now ${told[place] ?? "none"}`;
    break;
  }
  return { requests, equal, userEvents: told.length, firstDifference };
}

function refusalOf(gate: unknown): Refusal | null {
  if (!Array.isArray(gate)) return null;
  const [code, text, httpStatus] = gate as [number, string, number];
  return new Refusal(code, text, httpStatus);
}

/**
 * Answers are compared by hash: a book of a thousand levels need not be kept twice. Listen keys are left out, they are
 * others when the session is played with other secrets.
 */
function digest(text: string): string {
  const compared = text.replace(/"listenKey":"[0-9a-f]{64}"/, "");
  return createHash("sha256").update(compared).digest("hex").slice(0, 16);
}
