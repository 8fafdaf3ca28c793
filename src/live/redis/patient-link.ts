import { performance } from "node:perf_hooks";
import { type Command, LinkLost, openLink, type RedisLink, RedisRefusal, type Reply } from "./link.ts";
import type { RedisTarget } from "./redis-target.ts";

/** A span of the recorder's clock in which the server was not heard. */
export interface Away {
  readonly startTsMs: number;
  readonly endTsMs: number;
  readonly cause: string;
}

export interface PatientOptions {
  readonly target: RedisTarget;
  /** The recorder's clock, milliseconds since 1970. */
  readonly nowMs: () => number;
  /** No answer for longer than this is a silence, 1000 ms when absent. */
  readonly silenceMs?: number;
  /** No answer for longer than this gives the connection up, 15 s when absent. */
  readonly giveUpMs?: number;
  onSilence(away: Away): void;
  /** The connection ended; what was asked has failed. */
  onLost(away: Away): void;
}

/** A server that is not heard at the moment. */
export interface Unheard {
  readonly kind: "disconnect" | "silence";
  readonly sinceTsMs: number;
  /** Why the last try to connect again failed, in the words of the system or the server. */
  readonly lastFailure: string | null;
}

export type LinkState = "reading" | "silent" | "away";

interface Question {
  readonly askedMs: number;
  readonly askedTsMs: number;
  readonly allowanceMs: number;
  /** How long this process had been busy with itself until then. */
  readonly busyMs: number;
}

const WATCH_MS = 50;
const BACKOFF_MS_MIN = 50;
const BACKOFF_MS_MAX = 2000;
const CONNECT_TIMEOUT_MS = 2000;
/** What a question may take after it was asked to stop: longer than a blocking read of a living server. */
const LAST_ANSWER_MS = 500;

/** Asks one server, notices when it does not answer, and comes back to it when the connection is lost. */
export class PatientLink {
  readonly #options: PatientOptions;
  readonly #silenceMs: number;
  readonly #giveUpMs: number;
  readonly #questions = new Set<Question>();
  readonly #watch: NodeJS.Timeout;
  #link: RedisLink | null;
  #attempts = 0;
  #answeredTsMs: number;
  #lostTsMs: number | null = null;
  #silentTsMs: number | null = null;
  /** Questions asked before this were silent together with one that has been told. */
  #toldMs = Number.NEGATIVE_INFINITY;
  #stoppedMs: number | null = null;
  #givenUp: string | null = null;
  #lastFailure: string | null = null;
  #busyMs = 0;
  #lookedMs = performance.now();

  constructor(link: RedisLink, options: PatientOptions) {
    this.#link = link;
    this.#options = options;
    this.#silenceMs = options.silenceMs ?? 1000;
    this.#giveUpMs = options.giveUpMs ?? 15_000;
    this.#answeredTsMs = options.nowMs();
    this.#watch = setInterval(() => this.#look(), WATCH_MS);
  }

  get state(): LinkState {
    if (this.#link === null) return "away";
    return this.#silentTsMs === null ? "reading" : "silent";
  }

  /** `null` while the server answers. */
  get unheard(): Unheard | null {
    const lastFailure = this.#lastFailure;
    if (this.#lostTsMs !== null) return { kind: "disconnect", sinceTsMs: this.#lostTsMs, lastFailure };
    return this.#silentTsMs === null ? null : { kind: "silence", sinceTsMs: this.#silentTsMs, lastFailure: null };
  }

  /**
   * `allowanceMs` is how long the answer may take by intent (a blocking read).
   *
   * @throws {LinkLost} when the connection is or gets lost: connect again.
   * @throws {RedisRefusal} when the server answers with an error.
   */
  async ask(allowanceMs: number, command: string, ...args: (string | number)[]): Promise<Reply> {
    return this.#question(allowanceMs, (link) => link.ask(command, ...args));
  }

  /**
   * Many commands in one piece (see `RedisLink.askAll`); refusals are among the answers.
   *
   * @throws {LinkLost} when the connection is or gets lost: any part may have been done.
   */
  async askAll(allowanceMs: number, commands: readonly Command[]): Promise<readonly (Reply | RedisRefusal)[]> {
    return this.#question(allowanceMs, (link) => link.askAll(commands));
  }

  async #question<T>(allowanceMs: number, put: (link: RedisLink) => Promise<T>): Promise<T> {
    const link = this.#link;
    if (link === null) throw new LinkLost("there is no connection");
    const { nowMs } = this.#options;
    const question = { askedMs: performance.now(), askedTsMs: nowMs(), allowanceMs, busyMs: this.#busySoFarMs() };
    this.#questions.add(question);
    try {
      const reply = await put(link);
      this.#answered(question);
      return reply;
    } catch (error) {
      if (error instanceof LinkLost) this.#lost(link, error);
      else this.#answered(question);
      throw error;
    } finally {
      this.#questions.delete(question);
    }
  }

  /** Waits its turn and tries once; false when the server is still away. The first answer proves that it is back. */
  async reconnect(isBack: (link: Pick<RedisLink, "ask">) => Promise<void>): Promise<Away | null> {
    const { target, nowMs } = this.#options;
    await this.#pause(Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** Math.min(10, this.#attempts)));
    this.#attempts++;
    if (this.#stoppedMs !== null) return null;
    let link: RedisLink | null = null;
    let timer: NodeJS.Timeout | undefined;
    try {
      const opened = await openLink(target, CONNECT_TIMEOUT_MS);
      link = opened;
      timer = setTimeout(() => opened.close(), CONNECT_TIMEOUT_MS);
      await isBack(opened);
    } catch (error) {
      link?.close();
      if (!(error instanceof LinkLost || error instanceof RedisRefusal)) throw error;
      this.#lastFailure = error.message;
      return null;
    } finally {
      clearTimeout(timer);
    }
    const startTsMs = this.#lostTsMs ?? nowMs();
    const attempts = this.#attempts;
    this.#link = link;
    this.#attempts = 0;
    this.#lastFailure = null;
    this.#lostTsMs = null;
    this.#answeredTsMs = nowMs();
    const tries = attempts === 1 ? "1 try" : `${attempts} tries`;
    return {
      startTsMs,
      endTsMs: nowMs(),
      cause: `connected again after ${tries}; each stream is read on where it was`,
    };
  }

  /** Gives a connection up that answers and is of no use, e.g. of a server that became a replica. */
  drop(cause: string): void {
    this.#givenUp ??= cause;
    const link = this.#link;
    if (link !== null) this.#lost(link, new LinkLost(cause));
  }

  /** Answers that are under way still come in; a server that does not answer is not waited for. */
  stop(): void {
    this.#stoppedMs ??= performance.now();
  }

  close(): void {
    clearInterval(this.#watch);
    this.#link?.close();
  }

  #answered(question: Question): void {
    const { nowMs, onSilence } = this.#options;
    const { askedMs, askedTsMs } = question;
    const answeredMs = performance.now();
    const waitedMs = this.#waitedMs(question);
    this.#answeredTsMs = nowMs();
    this.#silentTsMs = null;
    if (waitedMs <= this.#silenceMs || askedMs < this.#toldMs) return;
    this.#toldMs = answeredMs;
    const cause = `the server gave no answer for ${Math.round(answeredMs - askedMs)} ms, the connection stayed`;
    onSilence({ startTsMs: askedTsMs, endTsMs: this.#answeredTsMs, cause });
  }

  #lost(link: RedisLink, error: LinkLost): void {
    if (this.#link !== link) return;
    link.close();
    this.#link = null;
    if (this.#stoppedMs !== null) return;
    const cause = this.#givenUp ?? `the connection was lost: ${error.message}`;
    this.#givenUp = null;
    this.#silentTsMs = null;
    this.#lostTsMs = this.#answeredTsMs;
    this.#options.onLost({ startTsMs: this.#answeredTsMs, endTsMs: this.#options.nowMs(), cause });
  }

  #look(): void {
    const nowMs = performance.now();
    this.#busyMs = this.#busySoFarMs();
    this.#lookedMs = nowMs;
    for (const question of this.#questions) {
      const { askedMs, askedTsMs } = question;
      const waitedMs = this.#waitedMs(question);
      if (waitedMs > this.#silenceMs) this.#silentTsMs ??= askedTsMs;
      if (waitedMs > this.#giveUpMs) {
        this.#givenUp ??= `the server gave no answer for ${Math.round(nowMs - askedMs)} ms, the connection was given up`;
        this.#link?.close();
      }
    }
    if (this.#stoppedMs !== null && nowMs - this.#stoppedMs > LAST_ANSWER_MS) this.#link?.close();
  }

  /** Beyond what was allowed, and without the time in which this process could not have heard an answer. */
  #waitedMs({ askedMs, allowanceMs, busyMs }: Question): number {
    return performance.now() - askedMs - allowanceMs - (this.#busySoFarMs() - busyMs);
  }

  /** The watch comes late when this process is busy, or was stopped itself. */
  #busySoFarMs(): number {
    return this.#busyMs + Math.max(0, performance.now() - this.#lookedMs - 2 * WATCH_MS);
  }

  async #pause(durationMs: number): Promise<void> {
    const endMs = performance.now() + durationMs;
    while (this.#stoppedMs === null && performance.now() < endMs) {
      await new Promise((done) => setTimeout(done, Math.min(WATCH_MS, durationMs)));
    }
  }
}
