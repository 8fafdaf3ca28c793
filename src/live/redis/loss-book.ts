import type { LiveRecording } from "../../recording/live/live-recording.ts";
import type { Away } from "./patient-link.ts";
import type { Loss } from "./stream-cursor.ts";

/** All streams of the server at once. */
const ALL = "*";

/** Writes what happened to the source as records of the recording, and counts it. */
export class LossBook {
  readonly #recording: LiveRecording;
  /** When each stream was last heard of, for the span of a loss. */
  readonly #heardTsMs = new Map<string, number>();
  #refusal: string | null = null;
  #missing: number | null = 0;
  gaps = 0;

  constructor(recording: LiveRecording) {
    this.#recording = recording;
  }

  /** Entries known to be missing, `null` once a loss could not be counted. */
  get missing(): number | null {
    return this.#missing;
  }

  heard(redisStream: string, tsMs: number): void {
    this.#heardTsMs.set(redisStream, tsMs);
    this.#refusal = null;
  }

  /** The server keeps the entries meanwhile: nothing is missing by this alone. */
  away(kind: "silence" | "disconnect" | "reconnect", { startTsMs, endTsMs, cause }: Away): void {
    // A reconnect ends the gap that its disconnect began.
    if (kind !== "reconnect") this.gaps++;
    this.#recording.gap({ rxMs: endTsMs, kind, stream: ALL, startTsMs, endTsMs, missing: 0, cause });
  }

  /** The recording ends while the server is not heard: what was added since cannot be known. */
  stillAway(kind: "silence" | "disconnect", startTsMs: number, endTsMs: number): void {
    this.#missing = null;
    // A disconnect was counted when it came.
    if (kind === "silence") this.gaps++;
    const cause = "the server was still not heard when the recording ended";
    this.#recording.gap({ rxMs: endTsMs, kind, stream: ALL, startTsMs, endTsMs, missing: null, cause });
  }

  loss(redisStream: string, { missing, cause }: Loss, tsMs: number): void {
    this.gaps++;
    this.#missing = missing === null || this.#missing === null ? null : this.#missing + missing;
    const startTsMs = this.#heardTsMs.get(redisStream) ?? tsMs;
    this.#heardTsMs.set(redisStream, tsMs);
    this.#recording.gap({
      rxMs: tsMs,
      kind: "trimmed",
      stream: redisStream,
      startTsMs,
      endTsMs: tsMs,
      missing,
      cause,
    });
  }

  /** An error instead of entries; the same one again and again is told once. */
  refused(message: string, tsMs: number): void {
    if (this.#refusal === message) return;
    this.#refusal = message;
    this.gaps++;
    const cause = `the server refused to answer: ${message}; reading is tried again`;
    this.#recording.gap({
      rxMs: tsMs,
      kind: "silence",
      stream: ALL,
      startTsMs: tsMs,
      endTsMs: tsMs,
      missing: 0,
      cause,
    });
  }
}
