import { FIRST_ID } from "../redis/entry-id.ts";
import { LinkLost, RedisRefusal, type Reply } from "../redis/link.ts";
import { textOf } from "../redis/stream-info.ts";
import type { DeliveryDesk } from "./delivery-desk.ts";
import { entryRows } from "./entry-rows.ts";
import type { Ask } from "./group-place.ts";
import type { GroupNames } from "./group-start.ts";
import type { StreamTeller } from "./stream-teller.ts";

export interface ClaimOptions {
  readonly names: GroupNames;
  readonly idleMs: number;
  readonly ask: Ask;
  readonly desk: DeliveryDesk;
  readonly teller: StreamTeller;
  count(): number;
  /** False while the session pauses or the server is away. */
  mayClaim(): boolean;
}

/** Pages of one round; the next round goes on. */
const PAGES = 64;

/** Takes over what other consumers hold and have not acknowledged for long: they are dead, or will be ignored. */
export class ClaimLane {
  readonly #options: ClaimOptions;
  #isClaiming = false;
  #timer: NodeJS.Timeout | undefined;
  claimed = 0;

  constructor(options: ClaimOptions) {
    this.#options = options;
  }

  start(): void {
    const everyMs = Math.min(15_000, Math.max(50, this.#options.idleMs / 4));
    this.#timer = setInterval(() => void this.#round(), everyMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #round(): Promise<void> {
    const { mayClaim, teller } = this.#options;
    if (this.#isClaiming || !mayClaim()) return;
    this.#isClaiming = true;
    try {
      let from: string | null = FIRST_ID;
      for (let page = 0; page < PAGES && from !== null && mayClaim(); page++) from = await this.#page(from);
    } catch (error) {
      // A group that is gone is found by the reader, and so is a server.
      if (error instanceof RedisRefusal && error.code !== "NOGROUP") teller.refused(error);
      else if (!(error instanceof LinkLost || error instanceof RedisRefusal)) throw error;
    } finally {
      this.#isClaiming = false;
    }
  }

  /** @returns where the next page begins; `null` behind the last one */
  async #page(from: string): Promise<string | null> {
    const { names, idleMs, ask, desk, count } = this.#options;
    const { stream, group, consumer } = names;
    const reply = await ask("XAUTOCLAIM", stream, group, consumer, idleMs, from, "COUNT", count());
    const [next, entries, deleted] = Array.isArray(reply) ? (reply as readonly Reply[]) : [];
    for (const { id, raw } of entryRows(entries)) {
      if (raw !== null && desk.deliver(id, raw, true)) this.claimed += 1;
    }
    desk.lost((Array.isArray(deleted) ? (deleted as readonly Reply[]) : []).map(textOf));
    const nextId = textOf(next);
    return nextId === FIRST_ID || nextId === "" ? null : nextId;
  }
}
