import type { AccountState } from "../../venue/account.ts";
import { toJson } from "../json.ts";
import { userEventMessages } from "../render/user-event-json.ts";
import type { ServeContext } from "../serve-context.ts";
import type { StreamConnection } from "./connection.ts";

interface Delayed {
  readonly dueTsMs: number;
  readonly account: AccountState;
  readonly data: string;
}

/** Sends what happens to an account to every connection that holds its listen key, and to no other. */
export class UserStreams {
  readonly #context: ServeContext;
  readonly #connections = new Set<StreamConnection>();
  readonly #delayed: Delayed[] = [];

  constructor(context: ServeContext) {
    this.#context = context;
    context.session.userListeners.add((event) => {
      for (const message of userEventMessages(context, event))
        this.#deliver(event.account, toJson(message), event.tsMs);
    });
    context.session.timeListeners.add((tsMs) => this.#release(tsMs));
    context.expiredKeyListeners.add((key, tsMs) => {
      for (const connection of [...this.#connections]) {
        if (connection.listenKey !== key) continue;
        connection.sendUser(toJson({ e: "listenKeyExpired", E: tsMs, listenKey: key }));
        this.#connections.delete(connection);
      }
    });
  }

  add(connection: StreamConnection): void {
    this.#connections.add(connection);
  }

  remove(connection: StreamConnection): void {
    this.#connections.delete(connection);
  }

  #deliver(account: AccountState, data: string, tsMs: number): void {
    const { faults } = this.#context;
    const fault = faults.take(["user-event-delayed", "user-event-duplicated", "user-event-lost"], tsMs);
    if (fault?.kind === "user-event-lost") return;
    if (fault?.kind === "user-event-delayed") {
      this.#delayed.push({ dueTsMs: tsMs + (fault.delayMs ?? 5_000), account, data });
      return;
    }
    this.#send(account, data);
    if (fault?.kind === "user-event-duplicated") this.#send(account, data);
  }

  #release(tsMs: number): void {
    for (let place = 0; place < this.#delayed.length; ) {
      const delayed = this.#delayed[place]!;
      if (delayed.dueTsMs > tsMs) {
        place += 1;
        continue;
      }
      this.#delayed.splice(place, 1);
      this.#send(delayed.account, delayed.data);
    }
  }

  #send(account: AccountState, data: string): void {
    for (const connection of this.#connections) {
      const { listenKey } = connection;
      if (listenKey !== null && this.#context.listenKeys.accountOf(listenKey) === account) connection.sendUser(data);
    }
  }
}
