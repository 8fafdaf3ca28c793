import type { KillSwitchSet } from "../../engine/domain/event.ts";
import type { Operator, OperatorListener } from "../ports.ts";
import { LinkLost, openLink, RedisRefusal, type Reply } from "../redis/link.ts";
import { PatientLink } from "../redis/patient-link.ts";
import { textOf } from "../redis/stream-info.ts";
import type { RedisOperatorOptions, RedisOperatorStatus } from "./options.ts";
import { OPERATOR_RIGHTS, streamProblem } from "./stream-problem.ts";

type Scope = KillSwitchSet["scope"];

const CONNECT_TIMEOUT_MS = 2000;

export interface RedisOperator extends Operator {
  readonly status: RedisOperatorStatus;
}

/**
 * The kill key. It is asked for every half second, which needs no configuration of the server; a notification could be
 * lost. A server that cannot be asked is "unknown" and never "off": what was said last holds, and `whenUnknown` may
 * refuse new risk meanwhile. A switch that was on when the server went is released by the word `off` only.
 */
export function createRedisOperator(options: RedisOperatorOptions): RedisOperator {
  return new KillKey(options);
}

/**
 * Scope that the text of a kill key stands for; `null` is a key that is not there. A word nobody knows counts as `all`:
 * somebody reached for the switch.
 */
export function killScope(text: string | null): Scope {
  switch (text?.trim().toLowerCase() ?? "") {
    case "":
    case "0":
    case "off":
    case "false":
      return "off";
    case "entries":
      return "entries";
    default:
      return "all";
  }
}

class KillKey implements RedisOperator {
  readonly #options: RedisOperatorOptions;
  readonly #nowMs: () => number;
  #listener: OperatorListener | null = null;
  #link: PatientLink | null = null;
  #said: Scope = "off";
  #told: Scope = "off";
  #toldTsMs: number | null = null;
  #isKnown = false;
  #heardMs = 0;
  #refusal: string | null = null;
  #isLatched = false;
  #isClosed = false;
  #onWake: (() => void) | null = null;
  #work: Promise<void> = Promise.resolve();
  #watch: NodeJS.Timeout | undefined;

  constructor(options: RedisOperatorOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? Date.now;
  }

  get status(): RedisOperatorStatus {
    return { scope: this.#told, isKnown: this.#isKnown, sinceTsMs: this.#toldTsMs };
  }

  /** @throws {UserError} when the key cannot be asked for: a switch that is not known to work is none */
  async start(listener: OperatorListener): Promise<void> {
    const { target, key, silenceMs, giveUpMs } = this.#options;
    this.#listener = listener;
    try {
      const link = await openLink(target, CONNECT_TIMEOUT_MS);
      this.#link = new PatientLink(link, {
        target,
        nowMs: this.#nowMs,
        ...(silenceMs === undefined ? {} : { silenceMs }),
        giveUpMs: giveUpMs ?? 2000,
        onSilence: () => {},
        onLost: () => {},
      });
      this.#heard(await this.#link.ask(0, "GET", key));
    } catch (error) {
      this.#link?.close();
      throw streamProblem(error, target, { what: `read the kill key "${key}" of`, rights: OPERATOR_RIGHTS });
    }
    this.#work = this.#run();
    this.#watch = setInterval(() => this.#lookAway(), Math.min(250, this.#options.pollMs ?? 500));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#watch);
    this.#onWake?.();
    this.#link?.stop();
    await this.#work;
    this.#link?.close();
  }

  async #run(): Promise<void> {
    const { key, pollMs = 500 } = this.#options;
    const link = this.#link!;
    while (!this.#isClosed) {
      try {
        if (link.state === "away") {
          await link.reconnect(async (opened) => this.#heardAgain(await opened.ask("GET", key)));
          continue;
        }
        await this.#wait(pollMs);
        if (!this.#isClosed) this.#heard(await link.ask(0, "GET", key));
      } catch (error) {
        if (error instanceof RedisRefusal) this.#refused(error);
        else if (!(error instanceof LinkLost)) throw error;
      }
    }
  }

  async #wait(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#onWake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** A server may have lost the key with its data: that nobody says it any more is no release. */
  #heardAgain(reply: Reply): void {
    if (reply === null && this.#said !== "off") {
      this.#isLatched = true;
      const { key } = this.#options;
      const text = `The kill key "${key}" is gone from a server that was away: "${this.#said}" holds until the key says "off"`;
      this.#options.onProblem?.({ code: "kill_key_lost", name: key, text });
    }
    this.#heard(reply);
  }

  #heard(reply: Reply): void {
    this.#heardMs = performance.now();
    this.#isKnown = true;
    this.#refusal = null;
    if (reply !== null) this.#isLatched = false;
    if (!this.#isLatched) this.#said = killScope(reply === null ? null : textOf(reply));
    this.#tell(this.#said, `redis key ${this.#options.key}`);
  }

  /** A key of another type is no text, and somebody wrote it: it counts as a word nobody knows. */
  #refused(error: RedisRefusal): void {
    if (error.code === "WRONGTYPE") {
      this.#heardMs = performance.now();
      this.#isKnown = true;
      this.#said = "all";
      this.#tell("all", `redis key ${this.#options.key}`);
    }
    if (this.#refusal === error.code) return;
    this.#refusal = error.code;
    const text = `The kill key "${this.#options.key}" cannot be read: ${error.message}`;
    this.#options.onProblem?.({ code: "refused", name: this.#options.key, text });
  }

  #lookAway(): void {
    const { unknownAfterMs = 5000, whenUnknown = "keep", key } = this.#options;
    const awayMs = performance.now() - this.#heardMs;
    if (awayMs < unknownAfterMs || !this.#isKnown) return;
    this.#isKnown = false;
    const text = `The kill key "${key}" was not readable for ${Math.round(awayMs)} ms: ${whenUnknown === "keep" ? `"${this.#told}", which it said last, holds` : "new risk is refused until it is"}`;
    this.#options.onProblem?.({ code: "kill_key_unknown", name: key, text });
    if (whenUnknown === "entries" && this.#told === "off") this.#tell("entries", `redis key ${key} is unknown`);
  }

  #tell(scope: Scope, source: string): void {
    if (scope === this.#told || this.#isClosed) return;
    this.#told = scope;
    this.#toldTsMs = this.#nowMs();
    this.#listener!.killSwitch(scope, source);
  }
}
