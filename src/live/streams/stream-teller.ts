import type { IntentListener } from "../ports.ts";
import type { RedisRefusal } from "../redis/link.ts";
import type { Away } from "../redis/patient-link.ts";
import type { Loss } from "../redis/stream-cursor.ts";
import type { StreamProblem } from "./options.ts";

const TOLD_MAX = 1000;

export interface TellerOptions {
  readonly stream: string;
  readonly nowMs: () => number;
  readonly onProblem: ((problem: StreamProblem) => void) | undefined;
}

/** What the intent stream has to say beside its entries. */
export class StreamTeller {
  readonly #options: TellerOptions;
  readonly #told = new Set<string>();
  listener: IntentListener | null = null;
  isClosed = false;
  gaps = 0;
  missing = 0;
  /** When entries were received last. */
  heardTsMs = 0;

  constructor(options: TellerOptions) {
    this.#options = options;
  }

  away(kind: "silence" | "disconnect" | "reconnect", { startTsMs, endTsMs, cause }: Away): void {
    if (this.isClosed) return;
    // A reconnect ends the gap that its disconnect began.
    if (kind !== "reconnect") this.gaps += 1;
    // The server keeps the entries meanwhile: nothing is missing by this alone.
    this.listener!.gap({ kind, stream: this.#options.stream, startTsMs, endTsMs, missing: 0, cause });
  }

  loss({ missing, cause }: Pick<Loss, "missing" | "cause">): void {
    if (this.isClosed) return;
    const { stream, nowMs } = this.#options;
    this.gaps += 1;
    this.missing += missing ?? 0;
    this.listener!.gap({ kind: "trimmed", stream, startTsMs: this.heardTsMs, endTsMs: nowMs(), missing, cause });
  }

  refused({ code, message }: RedisRefusal): void {
    const name = code === "WRONGTYPE" ? "wrong_type" : "refused";
    this.problem(name, `The server refuses "${this.#options.stream}": ${message}`);
  }

  /** The same one again and again is told once. */
  problem(code: string, text: string): void {
    const key = `${code} ${text}`;
    if (this.#told.has(key) || this.#told.size >= TOLD_MAX) return;
    this.#told.add(key);
    this.#options.onProblem?.({ code, name: this.#options.stream, text });
  }
}
