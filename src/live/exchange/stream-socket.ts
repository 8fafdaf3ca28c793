import { WebSocket } from "ws";
import type { Cancel, Clock } from "../ports.ts";
import { requireAllowedUrl } from "../safety/hosts.ts";

export interface StreamSocketOptions {
  /** The socket's URL, asked for before each connection: a listen key may be another one each time. */
  readonly url: () => Promise<string>;
  readonly clock: Clock;
  /** Silence after which the connection is given up, in time of the clock; none when absent. */
  readonly silenceMs?: number;
  /** Called for each text as it comes; connections come one after another. */
  onText(text: string): void;
  /** Connected again, or for the first time; `away` is what was missed. */
  onOpen(away: StreamAbsence | null): void;
  onUrl?(url: string): void;
}

export interface StreamAbsence {
  readonly startTsMs: number;
  readonly endTsMs: number;
  readonly cause: string;
}

const RETRY_MS_MIN = 250;
const RETRY_MS_MAX = 15_000;
/** One message of the exchange is far below; what is longer is no message of it. */
const MESSAGE_BYTES_MAX = 4 * 1024 * 1024;

/** A WebSocket that comes back: each end, error and silence is one absence, told when the next connection stands. */
export class StreamSocket {
  readonly #options: StreamSocketOptions;
  #socket: WebSocket | null = null;
  #isClosed = false;
  #attempts = 0;
  #heardTsMs: number;
  #away: { startTsMs: number; cause: string } | null = null;
  #retry: NodeJS.Timeout | null = null;
  #watch: Cancel | null = null;
  #onFirst: { resolve(): void; reject(error: Error): void } | null = null;

  constructor(options: StreamSocketOptions) {
    this.#options = options;
    this.#heardTsMs = options.clock.nowMs();
  }

  /** Resolves with the first connection. @throws {Error} when that one fails; later ones are tried again for ever */
  connect(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#onFirst = { resolve, reject };
      void this.#open();
    });
  }

  /** Ends this connection as if the exchange had: the next one follows. */
  renew(cause: string): void {
    this.#lose(cause);
  }

  close(): void {
    this.#isClosed = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#watch?.();
    this.#drop();
  }

  async #open(): Promise<void> {
    const { options, url } = { options: this.#options, url: this.#options.url };
    let address: string;
    try {
      address = requireAllowedUrl(await url());
    } catch (error) {
      this.#fail(error instanceof Error ? error.message : String(error));
      return;
    }
    if (this.#isClosed) return;
    options.onUrl?.(address.replace(/\?.*$/s, ""));
    const socket = new WebSocket(address, {
      maxPayload: MESSAGE_BYTES_MAX,
      followRedirects: false,
      handshakeTimeout: 10_000,
    });
    this.#socket = socket;
    socket.on("open", () => {
      if (this.#socket !== socket) return;
      this.#attempts = 0;
      const nowMs = options.clock.nowMs();
      this.#heardTsMs = nowMs;
      const away = this.#away;
      this.#away = null;
      options.onOpen(away === null ? null : { ...away, endTsMs: nowMs });
      this.#onFirst?.resolve();
      this.#onFirst = null;
      this.#watchSilence();
    });
    socket.on("message", (data) => {
      if (this.#socket !== socket) return;
      this.#heardTsMs = options.clock.nowMs();
      options.onText(String(data));
    });
    socket.on("ping", () => {
      this.#heardTsMs = options.clock.nowMs();
    });
    socket.on("error", (error) => this.#socket === socket && this.#lose(error.message));
    socket.on("close", (code) => this.#socket === socket && this.#lose(`closed by the exchange (${code})`));
  }

  #watchSilence(): void {
    const { clock, silenceMs } = this.#options;
    this.#watch?.();
    if (silenceMs === undefined || this.#isClosed) return;
    this.#watch = clock.schedule(this.#heardTsMs + silenceMs, () => {
      if (this.#socket === null) return;
      if (clock.nowMs() - this.#heardTsMs >= silenceMs) this.#lose(`nothing was heard for ${silenceMs} ms`);
      else this.#watchSilence();
    });
  }

  #lose(cause: string): void {
    if (this.#isClosed) return;
    this.#drop();
    this.#away ??= { startTsMs: this.#heardTsMs, cause };
    this.#fail(cause);
  }

  #fail(cause: string): void {
    if (this.#isClosed) return;
    if (this.#onFirst !== null) {
      const first = this.#onFirst;
      this.#onFirst = null;
      this.close();
      first.reject(new Error(cause));
      return;
    }
    this.#attempts += 1;
    const waitMs = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** (this.#attempts - 1));
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.#open(), waitMs);
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = null;
    if (socket === null) return;
    socket.on("error", () => undefined);
    socket.terminate();
  }
}
