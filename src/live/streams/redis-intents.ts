import type { IntentBacklog, IntentListener, IntentSource, IntentStart } from "../ports.ts";
import { compareIds, FIRST_ID } from "../redis/entry-id.ts";
import { LinkLost, openLink, RedisRefusal } from "../redis/link.ts";
import { askStreamInfo } from "../redis/open-source.ts";
import { PatientLink } from "../redis/patient-link.ts";
import type { Loss, StreamCursor } from "../redis/stream-cursor.ts";
import type { StreamInfo } from "../redis/stream-info.ts";
import { AckLane } from "./ack-lane.ts";
import { ClaimLane } from "./claim-lane.ts";
import { DeliveryDesk } from "./delivery-desk.ts";
import { type EntryRow, readRows } from "./entry-rows.ts";
import type { Ask } from "./group-place.ts";
import { amongOthers, passRows, returnToGroup } from "./group-return.ts";
import { startGroup, streamInfo } from "./group-start.ts";
import type { RedisIntentsOptions, RedisIntentsStatus } from "./options.ts";
import { SideLink } from "./side-link.ts";
import { INTENT_RIGHTS, streamProblem } from "./stream-problem.ts";
import { StreamTeller } from "./stream-teller.ts";

const CONNECT_TIMEOUT_MS = 2000;
/** How often the counts of the stream are compared with what was read, while entries come. */
const LOOK_MS = 100;
const REFUSED_WAIT_MS = 250;
const CLOSE_WAIT_MS = 2000;
/** Most bytes of one answer, by the size of the entries seen lately. */
const REPLY_BYTES = 8 * 1024 * 1024;

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
  readonly #nowMs: () => number;
  readonly #teller: StreamTeller;
  readonly #acks: AckLane;
  readonly #desk: DeliveryDesk;
  readonly #claims: ClaimLane;
  #reader: PatientLink | null = null;
  #side: SideLink | null = null;
  #cursor: StreamCursor | null = null;
  #entryBytes = 0;
  #lookedMs = 0;
  #isPaused = false;
  #isClosed = false;
  #onWake: (() => void) | null = null;
  #starting: Promise<void> = Promise.resolve();
  #work: Promise<void> = Promise.resolve();
  #unread: number | null = null;

  constructor(options: RedisIntentsOptions) {
    const { stream, group, onProblem } = options;
    this.#options = options;
    this.#batch = options.batch ?? 128;
    this.#blockMs = options.blockMs ?? 1000;
    this.#nowMs = options.nowMs ?? Date.now;
    const askSide: Ask = (command, ...args) => this.#side!.ask(command, ...args);
    this.#teller = new StreamTeller({ stream, nowMs: this.#nowMs, onProblem });
    this.#acks = new AckLane({ stream, group, ask: askSide, onRefused: (refusal) => this.#teller.refused(refusal) });
    this.#desk = new DeliveryDesk(this.#acks, this.#teller, {
      fieldBytesMax: options.fieldBytesMax ?? 65_536,
      fieldsMax: options.fieldsMax ?? 256,
    });
    this.#claims = new ClaimLane({
      names: options,
      idleMs: options.claimIdleMs ?? 60_000,
      ask: askSide,
      desk: this.#desk,
      teller: this.#teller,
      count: () => this.#count(),
      mayClaim: () => !this.#isPaused && !this.#isClosed && this.#reader?.state === "reading",
    });
  }

  get status(): RedisIntentsStatus {
    return {
      state: this.#state,
      delivered: this.#desk.delivered,
      redelivered: this.#desk.redelivered,
      claimed: this.#claims.claimed,
      outstanding: this.#desk.outstanding,
      acksWaiting: this.#acks.size,
      acked: this.#acks.acked,
      oversized: this.#desk.oversized,
      gaps: this.#teller.gaps,
      missing: this.#teller.missing,
      lastEntryId: this.#desk.newestId,
      unread: this.#unread,
    };
  }

  get #state(): RedisIntentsStatus["state"] {
    if (this.#isClosed) return "closed";
    if (this.#reader === null) return "starting";
    if (this.#reader.state !== "reading") return this.#reader.state;
    return this.#isPaused ? "paused" : "reading";
  }

  start(listener: IntentListener, start: IntentStart): Promise<IntentBacklog> {
    const starting = this.#start(listener, start);
    this.#starting = starting.then(
      () => {},
      () => {},
    );
    return starting;
  }

  async #start(listener: IntentListener, start: IntentStart): Promise<IntentBacklog> {
    const { target, stream } = this.#options;
    this.#teller.listener = listener;
    try {
      this.#reader = await this.#connect(true);
      this.#side = new SideLink(await this.#connect(false), stream);
      const { cursor, backlog, loss } = await startGroup(this.#askReader, this.#options, start);
      this.#cursor = cursor;
      this.#teller.heardTsMs = this.#nowMs();
      if (cursor.lastId !== FIRST_ID) this.#desk.newestId = cursor.lastId;
      this.#unread = backlog.unread;
      this.#entryBytes = (await streamInfo(this.#askReader, this.#options))?.lastEntryBytes ?? 0;
      if (loss !== null) this.#teller.loss(loss);
      this.#work = this.#run();
      this.#claims.start();
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
    this.#teller.isClosed = true;
    await this.#starting;
    this.#claims.stop();
    this.#onWake?.();
    this.#reader?.stop();
    await this.#work;
    this.#reader?.close();
    this.#side?.stopSoon();
    await this.#acks.drain(CLOSE_WAIT_MS);
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
      onSilence: (away) => isTelling && this.#teller.away("silence", away),
      onLost: (away) => isTelling && this.#teller.away("disconnect", away),
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
          isBehind = !(await this.#readPending());
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
    this.#teller.away("reconnect", away);
    await this.#findPlace(info);
  }

  /**
   * Entries that were delivered to this consumer and never acknowledged, of before the start or of a lost connection.
   *
   * @returns false when the session paused before the last one
   */
  async #readPending(): Promise<boolean> {
    const { stream, group, consumer } = this.#options;
    let after = FIRST_ID;
    while (!this.#isClosed && !this.#isPaused) {
      const count = this.#count();
      const reply = await this.#askReader(
        ...(["XREADGROUP", "GROUP", group, consumer, "COUNT", count, "STREAMS", stream, after] as const),
      );
      const rows = readRows(reply);
      if (rows.length === 0) return true;
      this.#take(rows, true);
      after = rows.at(-1)!.id;
    }
    return false;
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
    const { cursor, loss } = passRows(this.#cursor!, rows, isKnown ? info : null);
    this.#cursor = cursor;
    if (loss?.place === "before") await this.#tellLoss(loss);
    this.#take(rows, false);
    if (loss?.place === "after") await this.#tellLoss(loss);
    if (isKnown) this.#unread = cursor.unread(info);
    if (info instanceof LinkLost) throw info;
  }

  #take(rows: readonly EntryRow[], isPending: boolean): void {
    const gone: string[] = [];
    let largest = 0;
    for (const row of rows) {
      largest = Math.max(largest, row.bytes);
      if (isPending && compareIds(row.id, this.#cursor!.lastId) > 0) this.#cursor!.pass([row.id], null);
      if (row.raw === null) gone.push(row.id);
      else this.#desk.deliver(row.id, row.raw, isPending);
    }
    this.#entryBytes = Math.max(largest, this.#entryBytes * 0.9);
    this.#teller.heardTsMs = this.#nowMs();
    this.#desk.lost(gone);
  }

  /** Compares what was read with what the server has now, and makes the group anew where it is gone. */
  async #findPlace(info: StreamInfo | null | "no stream"): Promise<void> {
    const { stream } = this.#options;
    if (info === "no stream") {
      this.#teller.problem("wrong_type", `The key "${stream}" holds no stream: no intents can be read until it does`);
      await this.#wait(REFUSED_WAIT_MS);
      return;
    }
    const { cursor, losses } = await returnToGroup(this.#askReader, this.#options, this.#cursor!, info);
    this.#cursor = cursor;
    for (const loss of losses) this.#teller.loss(loss);
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
        if (again instanceof RedisRefusal) this.#teller.refused(again);
        else if (!(again instanceof LinkLost)) throw again;
      }
    }
    this.#teller.refused(error);
    // The writable server is elsewhere by now.
    if (error.code === "READONLY") this.#reader!.drop("the server became a replica");
    else await this.#wait(REFUSED_WAIT_MS);
    return true;
  }

  async #tellLoss(loss: Loss): Promise<void> {
    const { loss: told, takenBy } = await amongOthers(this.#askReader, this.#options, loss);
    const text = `Group "${this.#options.group}" is read by ${takenBy} too, which takes entries away from this session`;
    if (takenBy !== null) this.#teller.problem("other_consumer", text);
    this.#teller.loss(told);
  }

  #count(): number {
    const fitting = this.#entryBytes === 0 ? this.#batch : Math.floor(REPLY_BYTES / this.#entryBytes);
    return Math.max(1, Math.min(this.#batch, fitting));
  }
}
