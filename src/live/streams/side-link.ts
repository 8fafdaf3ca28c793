import { LinkLost, type Reply } from "../redis/link.ts";
import type { PatientLink } from "../redis/patient-link.ts";

const CLOSE_WAIT_MS = 2000;

/** A second connection, for what must not wait behind a read that waits for entries. It comes back by itself. */
export class SideLink {
  readonly #link: PatientLink;
  readonly #stream: string;
  #coming: Promise<void> | null = null;
  #giveUpMs = Number.POSITIVE_INFINITY;

  constructor(link: PatientLink, stream: string) {
    this.#link = link;
    this.#stream = stream;
  }

  /** Asks until there is an answer. @throws {LinkLost} when it is closing and there is none */
  async ask(command: string, ...args: (string | number)[]): Promise<Reply> {
    for (;;) {
      try {
        return await this.#link.ask(0, command, ...args);
      } catch (error) {
        if (!(error instanceof LinkLost)) throw error;
        await this.#back();
      }
    }
  }

  /** It is tried no longer than a moment from now on. */
  stopSoon(): void {
    this.#giveUpMs = performance.now() + CLOSE_WAIT_MS;
  }

  close(): void {
    this.#giveUpMs = 0;
    this.#link.stop();
    this.#link.close();
  }

  #back(): Promise<void> {
    this.#coming ??= (async () => {
      while (this.#link.state === "away") {
        if (performance.now() > this.#giveUpMs) throw new LinkLost("the session is over");
        await this.#link.reconnect(async (link) => void (await link.ask("TYPE", this.#stream)));
      }
    })().finally(() => {
      this.#coming = null;
    });
    return this.#coming;
  }
}
