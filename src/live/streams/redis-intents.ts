import type { DeliveredIntent, IntentBacklog, IntentListener, IntentSource, IntentStart } from "../ports.ts";
import { compareIds, FIRST_ID } from "../redis/entry-id.ts";
import { LinkLost, openLink, RedisRefusal, type Reply } from "../redis/link.ts";
import { askStreamInfo } from "../redis/open-source.ts";
import { type Away, PatientLink } from "../redis/patient-link.ts";
import { type Loss, StreamCursor } from "../redis/stream-cursor.ts";
import type { StreamInfo } from "../redis/stream-info.ts";
import { textOf } from "../redis/stream-info.ts";
import { AckLane } from "./ack-lane.ts";
import { boundedFields } from "./bounded-fields.ts";
import { type EntryRow, entryRows, readRows } from "./entry-rows.ts";
import { type Ask, aliveOthers, groupPlace } from "./group-place.ts";
import { startGroup, streamInfo } from "./group-start.ts";
import type { RedisIntentsOptions, RedisIntentsStatus } from "./options.ts";
import { INTENT_RIGHTS, streamProblem } from "./stream-problem.ts";

const CONNECT_TIMEOUT_MS = 2000;
/** How often the counts of the stream are compared with what was read, while entries come. */
const LOOK_MS = 100;
const REFUSED_WAIT_MS = 250;
const CLOSE_WAIT_MS = 2000;
/** Most bytes of one answer, by the size of the entries seen lately. */
const REPLY_BYTES = 8 * 1024 * 1024;
const CLAIM_PAGES = 64;
const OTHERS_ALIVE_MS = 3000;

export interface RedisIntents extends IntentSource {
  readonly status: RedisIntentsStatus;
}

/**
 * Intents of a Redis stream, through a consumer group: what was delivered and not acknowledged comes again after a
 * crash, and what a dead consumer holds is taken over. Entries may come twice, and a session knows them by their id;
 * none is left out without a gap being told.
 */
export function createRedisIntents(options: RedisIntentsOptions): RedisIntents {
  return new IntentStream(options);
}

class IntentStream implements RedisIntents {
  readonly #options: RedisIntentsOptions;
  readonly #batch: number;
  readonly #blockMs: number;
  readonly #claimIdleMs: number;
  readonly #nowMs: () => number;
  readonly #outstanding = new Set<string>();
  readonly #told = new Set<string>();
  readonly #acks: AckLane;
  #listener: IntentListener | null = null;
  #reader: PatientLink | null = null;
  /** Acknowledgements, claims and questions: a read that waits must not hold them up. */
  #side: PatientLink | null = null;
  #sideComing: Promise<void> | null = null;
  #cursor: StreamCursor | null = null;
  #newestId = FIRST_ID;
  #entryBytes = 0;
  #lookedMs = 0;
  #heardTsMs = 0;
  #claimTimer: NodeJS.Timeout | undefined;
  #isClaiming = false;
  #isPaused = false;
  #isClosed = false;
  #onWake: (() => void) | null = null;
  #work: Promise<void> = Promise.resolve();
  #delivered = 0;
  #redelivered = 0;
  #claimed = 0;
  #oversized = 0;
  #gaps = 0;
  #missing = 0;
  #unread: number | null = null;

  constructor(options: RedisIntentsOptions) {
    this.#options = options;
    this.#batch = options.batch ?? 128;
    this.#blockMs = options.blockMs ?? 1000;
    this.#claimIdleMs = options.claimIdleMs ?? 60_000;
    this.#nowMs = options.nowMs ?? Date.now;
    this.#acks = new AckLane({
      stream: options.stream,
      group: options.group,
      ask: (command, ...args) => this.#askSide(command, ...args),
      onRefused: (refusal) => this.#refused(refusal),
    });
  }

  get status(): RedisIntentsStatus {
    return {
      state: this.#state,
      delivered: this.#delivered,
      redelivered: this.#redelivered,
      claimed: this.#claimed,
      outstanding: this.#outstanding.size,
      acksWaiting: this.#acks.size,
      acked: this.#acks.acked,
      oversized: this.#oversized,
      gaps: this.#gaps,
      missing: this.#missing,
      lastEntryId: this.#newestId,
      unread: this.#unread,
    };
  }

  get #state(): RedisIntentsStatus["state"] {
    if (this.#isClosed) return "closed";
    if (this.#reader === null) return "starting";
    if (this.#reader.state !== "reading") return this.#reader.state;
    return this.#isPaused ? "paused" : "reading";
  }

  async start(listener: IntentListener, start: IntentStart): Promise<IntentBacklog> {
    const { target, stream } = this.#options;
    this.#listener = listener;
    try {
      this.#reader = await this.#connect(true);
      this.#side = await this.#connect(false);
      const { cursor, backlog, loss } = await startGroup(this.#askReader, this.#options, start);
      this.#cursor = cursor;
      this.#heardTsMs = this.#nowMs();
      if (cursor.lastId !== FIRST_ID) this.#newestId = cursor.lastId;
      this.#unread = backlog.unread;
      this.#entryBytes = (await streamInfo(this.#askReader, this.#options))?.lastEntryBytes ?? 0;
      if (loss !== null) this.#tellLoss(loss);
      this.#work = this.#run();
      const everyMs = Math.min(15_000, Math.max(50, this.#claimIdleMs / 4));
      this.#claimTimer = setInterval(() => void this.#claim(), everyMs);
      return backlog;
    } catch (error) {
      this.#reader?.close();
      this.#side?.close();
      throw streamProblem(error, target, { what: `read intents of "${stream}" from`, rights: INTENT_RIGHTS });
    }
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#onWake?.();
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#claimTimer);
    this.#onWake?.();
    this.#reader?.stop();
    await this.#work;
    this.#reader?.close();
    await this.#acks.drain(CLOSE_WAIT_MS);
    this.#side?.stop();
    this.#side?.close();
  }

  get #askReader(): Ask {
    return (command, ...args) => this.#reader!.ask(0, command, ...args);
  }

  async #connect(isTelling: boolean): Promise<PatientLink> {
    const { target, silenceMs, giveUpMs } = this.#options;
    return new PatientLink(await openLink(target, CONNECT_TIMEOUT_MS), {
      target,
      nowMs: this.#nowMs,
      ...(silenceMs === undefined ? {} : { silenceMs }),
      giveUpMs: giveUpMs ?? 5000,
      onSilence: (away) => isTelling && this.#away("silence", away),
      onLost: (away) => isTelling && this.#away("disconnect", away),
    });
  }

  async #run(): Promise<void> {
    let isBehind = true;
    while (!this.#isClosed) {
      try {
        if (this.#reader!.state === "away") {
          await this.#comeBack();
          isBehind = true;
        } else if (this.#isPaused) {
          await this.#wait(60_000);
        } else if (isBehind) {
          await this.#readPending();
          isBehind = false;
        } else {
          await this.#read();
        }
      } catch (error) {
        if (error instanceof RedisRefusal) isBehind = await this.#readRefused(error);
        else if (!(error instanceof LinkLost)) throw error;
      }
    }
  }

  async #wait(ms: number): Promise<void> {
    if (this.#isClosed) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#onWake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#onWake = null;
  }

  async #comeBack(): Promise<void> {
    const { stream } = this.#options;
    let info: StreamInfo | null | "no stream" = null;
    const away = await this.#reader!.reconnect(async (link) => {
      info = await askStreamInfo(link, stream);
    });
    if (away === null) return;
    this.#away("reconnect", away);
    await this.#findPlace(info);
  }

  /** Entries that were delivered to this consumer and never acknowledged, of before the start or of a lost connection. */
  async #readPending(): Promise<void> {
    const { stream, group, consumer } = this.#options;
    let after = FIRST_ID;
    while (!this.#isClosed) {
      const count = this.#count();
      const reply = await this.#askReader(
        ...(["XREADGROUP", "GROUP", group, consumer, "COUNT", count, "STREAMS", stream, after] as const),
      );
      const rows = readRows(reply);
      if (rows.length === 0) return;
      this.#take(rows, true);
      after = rows.at(-1)!.id;
    }
  }

  async #read(): Promise<void> {
    const { stream, group, consumer } = this.#options;
    const reader = this.#reader!;
    const block = this.#blockMs;
    const what = ["GROUP", group, consumer, "COUNT", this.#count(), "BLOCK", block, "STREAMS", stream, ">"] as const;
    const reading = reader.ask(block, "XREADGROUP", ...what);
    const isLooking = performance.now() - this.#lookedMs >= LOOK_MS;
    // The server answers it after the read, and it was therefore asked of a stream that has at least what was read.
    const looking = isLooking
      ? askStreamInfo({ ask: (command, ...args) => reader.ask(block, command, ...(args as string[])) }, stream).catch(
          (error: unknown) =>
            error instanceof LinkLost || error instanceof RedisRefusal ? error : Promise.reject(error),
        )
      : null;
    const rows = readRows(await reading);
    const info = looking === null ? null : await looking;
    // The session is over: what came with the last answer stays pending and is delivered when it is resumed.
    if (this.#isClosed) return;
    const isKnown = info !== null && info !== "no stream" && !(info instanceof Error);
    if (isKnown) this.#lookedMs = performance.now();
    const loss = this.#pass(rows, isKnown ? info : null);
    if (loss?.place === "before") await this.#tellLossAmongOthers(loss);
    this.#take(rows, false);
    if (loss?.place === "after") await this.#tellLossAmongOthers(loss);
    if (isKnown) this.#unread = this.#cursor!.unread(info);
    if (info instanceof LinkLost) throw info;
  }

  #pass(rows: readonly EntryRow[], info: StreamInfo | null): Loss | null {
    const cursor = this.#cursor!;
    const before = cursor.lastId;
    const first = rows[0];
    if (first === undefined || compareIds(first.id, before) > 0) {
      return cursor.pass(
        rows.map(({ id }) => id),
        info,
      );
    }
    // A group that went back delivers older entries as new ones; counts begin anew behind them.
    this.#cursor = StreamCursor.begin(this.#options.stream, info, rows.at(-1)!.id);
    const cause = `ids run backwards: ${before} was read and the group delivers ${first.id} now; what was added after ${before} and lost cannot be counted`;
    return { place: "before", missing: null, cause };
  }

  #take(rows: readonly EntryRow[], isPending: boolean): void {
    const gone: string[] = [];
    let largest = 0;
    for (const row of rows) {
      largest = Math.max(largest, row.bytes);
      if (isPending && compareIds(row.id, this.#cursor!.lastId) > 0) this.#cursor!.pass([row.id], null);
      if (row.raw === null) gone.push(row.id);
      else this.#deliver(row.id, row.raw, isPending);
    }
    this.#entryBytes = Math.max(largest, this.#entryBytes * 0.9);
    this.#heardTsMs = this.#nowMs();
    this.#lost(gone);
  }

  #deliver(id: string, raw: readonly Buffer[], isRedelivery: boolean): void {
    // Its first delivery is still on its way through the session, or its acknowledgement on its way to the server.
    if (this.#outstanding.has(id) || this.#acks.has(id)) return;
    const { fields, leftOut } = boundedFields(raw, {
      fieldBytesMax: this.#options.fieldBytesMax ?? 65_536,
      fieldsMax: this.#options.fieldsMax ?? 256,
    });
    if (leftOut > 0) {
      this.#oversized += leftOut;
      const text = `Entry ${id} is too large: ${leftOut} of its values or fields were left out`;
      this.#options.onProblem?.({ code: "oversized_entry", name: this.#options.stream, text });
    }
    const isOld = isRedelivery || compareIds(id, this.#newestId) <= 0;
    if (!isOld) this.#newestId = id;
    this.#outstanding.add(id);
    this.#delivered += 1;
    if (isOld) this.#redelivered += 1;
    const intent: DeliveredIntent = {
      event: { type: "intent.received", entryId: id, fields },
      isRedelivery: isOld,
      ack: () => {
        if (this.#outstanding.delete(id)) this.#acks.add(id);
      },
    };
    this.#listener!.intent(intent);
  }

  /** Pending, and gone from the stream: delivered to somebody once, and nobody can read them any more. */
  #lost(ids: readonly string[]): void {
    const unknown = ids.filter((id) => !this.#outstanding.has(id) && !this.#acks.has(id));
    for (const id of unknown) this.#acks.add(id);
    if (unknown.length === 0) return;
    const cause = `trimmed or deleted while they were pending: ${unknown.slice(0, 3).join(", ")}${unknown.length > 3 ? ", ..." : ""}`;
    this.#tellLoss({ place: "before", missing: unknown.length, cause });
  }

  /** Compares what was read with what the server has now, and makes the group anew where it is gone. */
  async #findPlace(info: StreamInfo | null | "no stream"): Promise<void> {
    const { stream, group } = this.#options;
    if (info === "no stream") {
      this.#problem("wrong_type", `The key "${stream}" holds no stream: no intents can be read until it does`);
      await this.#wait(REFUSED_WAIT_MS);
      return;
    }
    const known = this.#cursor!;
    const loss = info === null ? known.gone() : known.pass([], info);
    if (loss !== null) this.#tellLoss(loss);
    const place = info === null ? null : await groupPlace(this.#askReader, stream, group);
    if (place !== null) {
      // The group went back with the stream: what it delivers next is the truth, whatever was counted before.
      if (loss !== null && info !== null) this.#cursor = StreamCursor.begin(stream, info, place.lastDeliveredId);
      return;
    }
    const from = known.lastId;
    await this.#askReader("XGROUP", "CREATE", stream, group, from, "MKSTREAM").catch((error: unknown) => {
      if (!(error instanceof RedisRefusal && error.code === "BUSYGROUP")) throw error;
    });
    const after = from === FIRST_ID ? "from the first entry" : `after ${from}`;
    const cause = `the consumer group "${group}" was gone from the server and is made anew, to read ${after}; what other consumers had pending is not known`;
    this.#tellLoss({ place: "after", missing: loss === null ? 0 : null, cause });
  }

  /** @returns whether pending entries have to be read again */
  async #readRefused(error: RedisRefusal): Promise<boolean> {
    // The key went while a read waited for it, or its group is not there.
    if (error.code === "NOGROUP" || error.code === "UNBLOCKED") {
      try {
        await this.#findPlace(
          await askStreamInfo(
            { ask: (command, ...args) => this.#askReader(command, ...(args as string[])) },
            this.#options.stream,
          ),
        );
        return true;
      } catch (again) {
        if (again instanceof RedisRefusal) this.#refused(again);
        else if (!(again instanceof LinkLost)) throw again;
      }
    }
    this.#refused(error);
    // The writable server is elsewhere by now.
    if (error.code === "READONLY") this.#reader!.drop("the server became a replica");
    else await this.#wait(REFUSED_WAIT_MS);
    return true;
  }

  #refused({ code, message }: RedisRefusal): void {
    this.#problem(
      code === "WRONGTYPE" ? "wrong_type" : "refused",
      `The server refuses "${this.#options.stream}": ${message}`,
    );
  }

  /** The same one again and again is told once. */
  #problem(code: string, text: string): void {
    const key = `${code} ${text}`;
    if (this.#told.has(key) || this.#told.size > 1000) return;
    this.#told.add(key);
    this.#options.onProblem?.({ code, name: this.#options.stream, text });
  }

  async #claim(): Promise<void> {
    if (this.#isClaiming || this.#isPaused || this.#isClosed || this.#reader?.state !== "reading") return;
    this.#isClaiming = true;
    const { stream, group, consumer } = this.#options;
    try {
      let from = FIRST_ID;
      for (let page = 0; page < CLAIM_PAGES && !this.#isClosed; page++) {
        const count = this.#count();
        const reply = await this.#side!.ask(
          0,
          "XAUTOCLAIM",
          stream,
          group,
          consumer,
          this.#claimIdleMs,
          from,
          "COUNT",
          count,
        );
        if (!Array.isArray(reply)) return;
        const [next, entries, deleted] = reply as readonly Reply[];
        for (const { id, raw } of entryRows(entries)) {
          if (raw === null) continue;
          const before = this.#delivered;
          this.#deliver(id, raw, true);
          this.#claimed += this.#delivered - before;
        }
        this.#lost((Array.isArray(deleted) ? (deleted as readonly Reply[]) : []).map(textOf));
        from = textOf(next);
        if (from === FIRST_ID || this.#isPaused) return;
      }
    } catch (error) {
      // A group that is gone is found by the reader; a lost connection is made again by the next one who needs it.
      if (error instanceof RedisRefusal) {
        if (error.code !== "NOGROUP") this.#refused(error);
      } else if (!(error instanceof LinkLost)) throw error;
      else await this.#sideBack().catch(() => {});
    } finally {
      this.#isClaiming = false;
    }
  }

  async #askSide(command: string, ...args: (string | number)[]): Promise<Reply> {
    for (;;) {
      try {
        return await this.#side!.ask(0, command, ...args);
      } catch (error) {
        if (!(error instanceof LinkLost)) throw error;
        await this.#sideBack();
      }
    }
  }

  #sideBack(): Promise<void> {
    const side = this.#side!;
    this.#sideComing ??= (async () => {
      const untilMs = () => (this.#isClosed ? performance.now() + CLOSE_WAIT_MS : Number.POSITIVE_INFINITY);
      let giveUpMs = untilMs();
      while (side.state === "away") {
        giveUpMs = Math.min(giveUpMs, untilMs());
        if (performance.now() > giveUpMs) throw new LinkLost("the session is over");
        await side.reconnect(async (link) => void (await link.ask("TYPE", this.#options.stream)));
      }
    })().finally(() => {
      this.#sideComing = null;
    });
    return this.#sideComing;
  }

  #away(kind: "silence" | "disconnect" | "reconnect", { startTsMs, endTsMs, cause }: Away): void {
    if (this.#isClosed) return;
    if (kind !== "reconnect") this.#gaps += 1;
    // The server keeps the entries meanwhile: nothing is missing by this alone.
    this.#listener!.gap({ kind, stream: this.#options.stream, startTsMs, endTsMs, missing: 0, cause });
  }

  /** Counts do not tell who read: where another consumer of the group runs, it may have them. */
  async #tellLossAmongOthers(loss: Loss): Promise<void> {
    const others = await aliveOthers(this.#askReader, this.#options, OTHERS_ALIVE_MS).catch((error: unknown) => {
      if (error instanceof RedisRefusal || error instanceof LinkLost) return [];
      throw error;
    });
    if (others.length === 0) {
      this.#tellLoss(loss);
      return;
    }
    const names = others.map(({ name }) => `"${name}"`).join(", ");
    this.#problem(
      "other_consumer",
      `Group "${this.#options.group}" is read by ${names} too, which takes entries away from this session`,
    );
    this.#tellLoss({ ...loss, missing: null, cause: `${loss.cause}; or read by ${names} of the same group` });
  }

  #tellLoss({ missing, cause }: Loss): void {
    if (this.#isClosed) return;
    this.#gaps += 1;
    this.#missing += missing ?? 0;
    const endTsMs = this.#nowMs();
    this.#listener!.gap({
      kind: "trimmed",
      stream: this.#options.stream,
      startTsMs: this.#heardTsMs,
      endTsMs,
      missing,
      cause,
    });
  }

  #count(): number {
    const fitting = this.#entryBytes === 0 ? this.#batch : Math.floor(REPLY_BYTES / this.#entryBytes);
    return Math.max(1, Math.min(this.#batch, fitting));
  }
}
