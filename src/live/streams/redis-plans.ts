import { EXIT, UserError } from "../../diagnostics/user-error.ts";
import type { JournalEntry } from "../../engine/domain/journal.ts";
import type { PlanStream } from "../ports.ts";
import { type Command, LinkLost, openLink, type RedisLink, RedisRefusal, type Reply } from "../redis/link.ts";
import { PatientLink } from "../redis/patient-link.ts";
import { namedFields, textOf } from "../redis/stream-info.ts";
import { Fifo } from "../session/fifo.ts";
import { EntryWrites } from "./entry-writes.ts";
import { lastWrites } from "./last-writes.ts";
import type { RedisPlansOptions, RedisPlansStatus } from "./options.ts";
import { markKey, nameFor, openPlansKey, PUBLISHED_NAMES } from "./published-names.ts";
import { PLAN_RIGHTS, streamProblem } from "./stream-problem.ts";
import { type Written, WrittenBook } from "./written-book.ts";

const CONNECT_TIMEOUT_MS = 2000;
/** Entries without anything to publish, after which the mark moves nevertheless. */
const IDLE_ENTRIES = 1000;
const MARK_TTL_S = 30 * 86_400;
const AGAIN_MS = 250;
const DRAIN_WAIT_MS = 30_000;

export interface RedisPlans extends PlanStream {
  readonly status: RedisPlansStatus;
}

/**
 * Publishes plans, permits, results, ledger and snapshots. The writes of an entry and the mark that says how far we are
 * go in one transaction, under a watch on the mark that was confirmed before: an entry is therefore written once, also
 * when nobody knows whether a transaction arrived, when it arrives late (a server that stood still), and when a new
 * process hands the entry over again.
 */
export function createRedisPlans(options: RedisPlansOptions): RedisPlans {
  return new PlanWriter(options);
}

class PlanWriter implements RedisPlans {
  readonly #options: RedisPlansOptions;
  readonly #mark: string;
  readonly #writes: EntryWrites;
  readonly #nowMs: () => number;
  readonly #handedOver = new Fifo<JournalEntry>();
  readonly #written = new WrittenBook();
  #link: PatientLink | null = null;
  /** As the server said last, while the watch on it holds. */
  #markSeq: number | null = null;
  #publishedSeq = 0;
  #turnedSeq = 0;
  #opening: Promise<void> | null = null;
  #work: Promise<void> | null = null;
  #isClosed = false;
  #drains = new Set<() => void>();
  #rooms: { readonly waitingMax: number; readonly found: () => void }[] = [];
  readonly #told = new Set<string>();
  #commands = 0;
  #transactions = 0;
  #problems = 0;

  constructor(options: RedisPlansOptions) {
    this.#options = options;
    this.#mark = markKey(options.prefix ?? "", options.session);
    this.#writes = new EntryWrites(options);
    this.#nowMs = options.nowMs ?? Date.now;
  }

  get status(): RedisPlansStatus {
    return {
      state: this.#isClosed ? "closed" : this.#link === null ? "starting" : this.#markSeq === null ? "away" : "writing",
      waiting: this.waiting,
      publishedSeq: this.#publishedSeq,
      commands: this.#commands,
      transactions: this.#transactions,
      problems: this.#problems,
    };
  }

  get waiting(): number {
    return this.#handedOver.size + this.#written.waiting;
  }

  room(waitingMax: number): Promise<void> {
    return new Promise((found) => {
      this.#rooms.push({ waitingMax, found });
      this.#findRoom();
    });
  }

  #findRoom(): void {
    const [waiting, isClosed] = [this.waiting, this.#isClosed];
    this.#rooms = this.#rooms.filter(({ waitingMax, found }) => {
      if (waiting > waitingMax && !isClosed) return true;
      found();
      return false;
    });
  }

  publish(entry: JournalEntry): void {
    if (this.#isClosed) return;
    this.#handedOver.push(entry);
    this.#begin();
  }

  /** @throws {UserError} when the server cannot be reached or the keys of the streams hold something else */
  async lastPublishedSeq(): Promise<number> {
    await this.#open();
    return this.#publishedSeq;
  }

  /** @throws {UserError} when it could not be done in 30 s; the entries are in the journal */
  async drain(): Promise<void> {
    if (this.#isIdle) return;
    this.#begin();
    const isDone = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), DRAIN_WAIT_MS);
      this.#drains.add(() => {
        clearTimeout(timer);
        resolve(true);
      });
    });
    if (isDone) return;
    const text = `Cannot publish to ${this.#options.target.safeUrl}: ${this.waiting} entries wait and the server does not take them, a Redis server that can be written is needed`;
    const hint = "the journal has them: live --resume with its folder publishes them";
    throw new UserError([{ text, hint }], EXIT.liveRefused);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#findRoom();
    await this.#opening?.catch(() => {});
    this.#link?.stop();
    await this.#work;
    this.#link?.close();
  }

  get #isIdle(): boolean {
    return this.waiting === 0 && this.#turnedSeq <= this.#publishedSeq;
  }

  #open(): Promise<void> {
    this.#opening ??= this.#connect().catch((error: unknown) => {
      this.#opening = null;
      throw error;
    });
    return this.#opening;
  }

  async #connect(): Promise<void> {
    const { target, silenceMs, giveUpMs, session, prefix = "" } = this.#options;
    let link: RedisLink | null = null;
    try {
      link = await openLink(target, CONNECT_TIMEOUT_MS);
      await this.#checkTypes(link);
      const open = namedFields(await link.ask("HGETALL", openPlansKey(prefix, session)));
      this.#writes.restore(new Map([...open].map(([planId, text]) => [planId, textOf(text)])));
      await this.#watch(link);
      this.#written.beginAfter(this.#publishedSeq);
      this.#link = new PatientLink(link, {
        target,
        nowMs: this.#nowMs,
        ...(silenceMs === undefined ? {} : { silenceMs }),
        giveUpMs: giveUpMs ?? 5000,
        onSilence: () => {},
        onLost: () => {
          this.#markSeq = null;
        },
      });
    } catch (error) {
      link?.close();
      throw streamProblem(error, target, { what: "publish plans to", rights: PLAN_RIGHTS });
    }
  }

  async #checkTypes(link: RedisLink): Promise<void> {
    const names = { ...PUBLISHED_NAMES, ...this.#options.names };
    for (const pattern of [names.plan, names.result]) {
      const stream = nameFor(pattern, this.#options.prefix ?? "", {});
      if (stream === null) continue;
      const type = textOf(await link.ask("TYPE", stream));
      if (type === "none" || type === "stream") continue;
      const text = `Cannot publish to "${stream}": the key holds a ${type}, a stream is needed`;
      throw new UserError([{ text, hint: `"redis-cli TYPE ${stream}" shows it; give the stream another name` }]);
    }
  }

  async #watch(link: Pick<RedisLink, "ask">): Promise<void> {
    await link.ask("WATCH", this.#mark);
    this.#take(await link.ask("GET", this.#mark));
  }

  /** What the server has decides: it may have more than was confirmed, and after a failover less. */
  #take(reply: Reply | undefined): void {
    const seq = reply === null || reply === undefined ? 0 : Number(textOf(reply));
    this.#written.confirm(seq);
    if (seq < this.#publishedSeq) this.#writeAgain(seq);
    this.#markSeq = seq;
    this.#publishedSeq = seq;
    this.#findRoom();
  }

  #writeAgain(seq: number): void {
    this.#written.takeBack(seq);
    const { keptAfterSeq } = this.#written;
    const what =
      seq >= keptAfterSeq
        ? "those between are written again"
        : `those after ${keptAfterSeq} are written again, older ones are only in the journal`;
    this.#tell(
      "published_lost",
      this.#mark,
      `The server went back from entry ${this.#publishedSeq} to ${seq}: ${what}`,
    );
  }

  #begin(): void {
    this.#work ??= this.#write().finally(() => {
      this.#work = null;
      if (this.#isIdle) {
        for (const done of this.#drains) done();
        this.#drains.clear();
      } else if (!this.#isClosed && this.#hasWork()) this.#begin();
    });
  }

  async #write(): Promise<void> {
    // One turn later: what was handed over together is written together.
    await Promise.resolve();
    while (!this.#isClosed && this.#hasWork()) {
      try {
        await this.#open();
        if (this.#link!.state === "away") {
          await this.#link!.reconnect((link) => this.#watch(link));
          continue;
        }
        // The watch was lost without the connection: the answer of the transaction did not bring a new one.
        if (this.#markSeq === null) {
          await this.#watch({ ask: (command, ...args) => this.#link!.ask(0, command, ...(args as string[])) });
        }
        await this.#transact();
      } catch (error) {
        if (error instanceof LinkLost) continue;
        if (!(error instanceof RedisRefusal || error instanceof UserError)) throw error;
        this.#markSeq = null;
        this.#tell("refused", this.#mark, error.message);
        // The writable server is elsewhere by now.
        if (error instanceof RedisRefusal && error.code === "READONLY") this.#link?.drop("the server became a replica");
        await this.#wait();
      }
    }
  }

  #hasWork(): boolean {
    if (this.waiting > 0) return true;
    return this.#drains.size > 0 && this.#turnedSeq > this.#publishedSeq;
  }

  async #wait(): Promise<void> {
    await new Promise((done) => setTimeout(done, AGAIN_MS));
  }

  /** Turns entries into commands, as many as one transaction takes. */
  #batch(): { readonly items: readonly Written[]; readonly seq: number } {
    while (this.#written.hasRoom) {
      const entry = this.#handedOver.shift();
      if (entry === undefined) break;
      const { seq } = entry.envelope;
      const commands = this.#writes.writes(entry, this.#nowMs());
      this.#turnedSeq = Math.max(this.#turnedSeq, seq);
      if (seq > this.#publishedSeq && commands.length > 0) this.#written.add({ seq, commands });
    }
    const items = this.#written.first();
    // Entries behind the last one that have nothing to publish are published by that.
    const isLast = items.length === this.#written.waiting;
    return { items, seq: isLast ? Math.max(this.#turnedSeq, this.#publishedSeq) : items.at(-1)!.seq };
  }

  async #transact(): Promise<void> {
    const { items, seq } = this.#batch();
    const isMarkDue = seq - this.#publishedSeq >= IDLE_ENTRIES || this.#drains.size > 0;
    if (items.length === 0 && (seq <= this.#publishedSeq || !isMarkDue)) return;
    const writes = lastWrites(items.flatMap(({ commands }) => commands));
    const before = this.#publishedSeq;
    // The next watch begins before anything else can happen on this connection.
    const answers = await this.#link!.askAll(0, [
      ["MULTI"],
      ...writes,
      ["SET", this.#mark, seq, "EX", MARK_TTL_S],
      ["EXEC"],
      ["WATCH", this.#mark],
      ["GET", this.#mark],
    ]);
    this.#transactions += 1;
    const [executed, watched, mark] = answers.slice(-3);
    if (watched instanceof RedisRefusal) throw watched;
    if (mark instanceof RedisRefusal) throw mark;
    if (executed instanceof RedisRefusal) {
      this.#take(mark);
      throw refusalBehind(executed, answers);
    }
    if (Array.isArray(executed)) {
      this.#commands += writes.length;
      this.#tellRefusals(writes, executed as readonly Reply[]);
    }
    this.#take(mark);
    if (executed === null && this.#publishedSeq > before) {
      this.#tell(
        "foreign_writer",
        this.#mark,
        `Entries up to ${this.#publishedSeq} were published by another process, or by a transaction that arrived late`,
      );
    }
  }

  /** Inside a transaction the others are done nevertheless: what one key refused is not published. */
  #tellRefusals(writes: readonly Command[], replies: readonly Reply[]): void {
    for (const [at, reply] of replies.entries()) {
      if (!(reply instanceof RedisRefusal)) continue;
      const [command, key] = writes[at] ?? ["SET", this.#mark];
      const code = reply.code === "WRONGTYPE" ? "wrong_type" : "refused";
      this.#tell(code, String(key), `${command} ${String(key)} was refused and is not published: ${reply.message}`);
    }
  }

  #tell(code: string, name: string, text: string): void {
    this.#problems += 1;
    // The same one again and again is told once.
    const key = `${code} ${name} ${code === "published_lost" ? text : ""}`;
    if (this.#told.has(key) || this.#told.size >= 1000) return;
    this.#told.add(key);
    this.#options.onProblem?.({ code, name, text });
  }
}

/** The first command that was not taken says why; the transaction only says that one was not. */
function refusalBehind(executed: RedisRefusal, answers: readonly (Reply | RedisRefusal)[]): RedisRefusal {
  return answers.find((answer): answer is RedisRefusal => answer instanceof RedisRefusal) ?? executed;
}
