import type { Cancel, Clock } from "../ports.ts";
import type { VenueHosts } from "../safety/hosts.ts";
import type { Raw } from "./account-report.ts";
import { type StreamAbsence, StreamSocket } from "./stream-socket.ts";
import type { VenueRest } from "./venue-rest.ts";

/** A listen key lives 60 minutes; it is prolonged twice within. */
const PROLONG_MS = 25 * 60_000;

export interface UserStreamOptions {
  readonly rest: VenueRest;
  readonly hosts: VenueHosts;
  readonly clock: Clock;
  /** A message of the account; `e` says which. */
  onMessage(message: Raw): void;
  onOpen(away: StreamAbsence | null): void;
  onUrl?(url: string): void;
}

/** The account's own stream: a listen key, prolonged in time, and a socket that comes back with a new one. */
export class UserStream {
  readonly #options: UserStreamOptions;
  readonly #socket: StreamSocket;
  #cancel: Cancel | null = null;

  constructor(options: UserStreamOptions) {
    this.#options = options;
    const { hosts, clock, rest } = options;
    this.#socket = new StreamSocket({
      clock,
      async url() {
        const { listenKey } = await rest.askPatiently<{ listenKey: string }>("fapiPrivatePostListenKey");
        return `${hosts.streams}/private/ws?listenKey=${encodeURIComponent(listenKey)}`;
      },
      onText: (text) => this.#take(text),
      onOpen: (away) => options.onOpen(away),
      ...(options.onUrl === undefined ? {} : { onUrl: options.onUrl }),
    });
  }

  async connect(): Promise<void> {
    await this.#socket.connect();
    this.#prolongLater();
  }

  close(): void {
    this.#cancel?.();
    this.#socket.close();
  }

  #take(text: string): void {
    const message = parseMessage(text);
    if (message === null) return;
    if (message["e"] === "listenKeyExpired") this.#socket.renew("the listen key has expired");
    else this.#options.onMessage(message);
  }

  #prolongLater(): void {
    const { clock, rest } = this.#options;
    this.#cancel = clock.schedule(clock.nowMs() + PROLONG_MS, () => {
      // One that cannot be prolonged ends by an event, and that brings a new one.
      rest.askPatiently("fapiPrivatePutListenKey").catch(() => undefined);
      this.#prolongLater();
    });
  }
}

/** A message of a stream as an object; ids beyond 2^53 stay text. `null` for what is none: streams are untrusted. */
export function parseMessage(text: string): Raw | null {
  try {
    // Numbers of 16 digits and more would lose their last ones.
    const value: unknown = JSON.parse(text.replace(/([:[,]\s*)(-?\d{16,})(?=\s*[,}\]])/g, '$1"$2"'));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Raw) : null;
  } catch {
    return null;
  }
}
