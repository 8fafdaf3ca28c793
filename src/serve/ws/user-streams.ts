import type { AccountState } from "../../venue/account.ts";
import { toJson } from "../json.ts";
import { userEventMessages } from "../render/user-event-json.ts";
import type { ServeContext } from "../serve-context.ts";
import type { StreamConnection } from "./connection.ts";

interface Held {
  readonly dueTsMs: number;
  readonly account: AccountState;
  readonly type: string;
  readonly data: string;
  /** Sent right after the next event of the account, if that comes first. */
  readonly isOvertaken: boolean;
}

const DELAY_DEFAULT_MS = 5_000;

/** Sends what happens to an account to every connection that holds its listen key, and to no other. */
export class UserStreams {
  readonly #context: ServeContext;
  readonly #connections = new Set<StreamConnection>();
  #held: Held[] = [];

  constructor(context: ServeContext) {
    this.#context = context;
    context.session.userListeners.add((event) => {
      // Messages are made for somebody: without a reader and without faults nobody would see them.
      if (this.#connections.size === 0 && context.faults.isIdle) return;
      for (const message of userEventMessages(context, event))
        this.#deliver(event.account, String(message["e"]), toJson(message), event.tsMs);
    });
    context.session.timeListeners.add((tsMs) => this.#release((held) => held.dueTsMs <= tsMs));
    context.expiredKeyListeners.add((key, tsMs) => {
      for (const connection of [...this.#connections]) {
        if (!connection.hasListenKey(key)) continue;
        connection.sendUser(key, "listenKeyExpired", toJson({ e: "listenKeyExpired", E: tsMs, listenKey: key }));
        connection.dropListenKey(key);
      }
    });
  }

  add(connection: StreamConnection): void {
    this.#connections.add(connection);
  }

  remove(connection: StreamConnection): void {
    this.#connections.delete(connection);
  }

  #deliver(account: AccountState, type: string, data: string, tsMs: number): void {
    const { faults } = this.#context;
    const fault = faults.isIdle
      ? null
      : faults.take(
          ["user-event-delayed", "user-event-duplicated", "user-event-lost", "user-event-reordered"],
          tsMs,
          `${type} of ${account.name}`,
          { symbol: /"s":"([^"]+)"/.exec(data)?.[1] ?? null },
        );
    if (fault?.kind === "user-event-lost") return;
    if (fault?.kind === "user-event-delayed" || fault?.kind === "user-event-reordered") {
      const dueTsMs = tsMs + (fault.delayMs ?? DELAY_DEFAULT_MS);
      this.#held.push({ dueTsMs, account, type, data, isOvertaken: fault.kind === "user-event-reordered" });
      return;
    }
    this.#send(account, type, data);
    if (fault?.kind === "user-event-duplicated") this.#send(account, type, data);
    if (this.#held.length > 0) this.#release((held) => held.isOvertaken && held.account === account);
  }

  #release(isDue: (held: Held) => boolean): void {
    if (this.#held.length === 0) return;
    const due = this.#held.filter(isDue);
    this.#held = this.#held.filter((held) => !due.includes(held));
    for (const { account, type, data } of due) this.#send(account, type, data);
  }

  #send(account: AccountState, type: string, data: string): void {
    const key = this.#context.listenKeys.keyOf(account);
    if (key === null) return;
    for (const connection of this.#connections) if (connection.hasListenKey(key)) connection.sendUser(key, type, data);
  }
}
