import type { LiveRecording } from "../../recording/live/live-recording.ts";
import type { ClockJump } from "./clock-watch.ts";
import type { Away, Unheard } from "./patient-link.ts";
import type { Loss } from "./stream-cursor.ts";

type AwayKind = "silence" | "disconnect" | "reconnect";

/** All streams of the server at once. */
const ALL = "*";

/** Writes what happened to the source as records of the recording, and counts it. */
export class LossBook {
  readonly #recording: LiveRecording;
  /** When each stream was last heard of, for the span of a loss. */
  readonly #heardTsMs = new Map<string, number>();
  #held: { kind: AwayKind; away: Away }[] | null = null;
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

  /**
   * Until `release`, what happens to the connection is kept back: entries that were received before it must be written
   * before it.
   */
  hold(): void {
    this.#held ??= [];
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const { kind, away } of held) this.away(kind, away);
  }

  /** The recorder's own clock; entries are as they are. */
  jumped({ fromMs, toMs }: ClockJump): void {
    const cause = `the recorder's clock went ahead by ${toMs - fromMs} ms`;
    const times = { rxMs: toMs, startTsMs: fromMs, endTsMs: toMs };
    this.#recording.gap({ ...times, kind: "clock-step", stream: ALL, missing: 0, cause });
  }

  /** The server keeps the entries meanwhile: nothing is missing by this alone. */
  away(kind: AwayKind, away: Away): void {
    if (this.#held !== null) {
      this.#held.push({ kind, away });
      return;
    }
    const { startTsMs, endTsMs, cause } = away;
    this.#afterWhatCame();
    // A reconnect ends the gap that its disconnect began.
    if (kind !== "reconnect") this.gaps++;
    this.#recording.gap({ rxMs: endTsMs, kind, stream: ALL, startTsMs, endTsMs, missing: 0, cause });
  }

  /** The recording ends while the server is not heard: what was added since cannot be known. */
  stillAway({ kind, sinceTsMs, lastFailure }: Unheard, endTsMs: number): void {
    this.#missing = null;
    // A disconnect was counted when it came.
    if (kind === "silence") this.gaps++;
    const reason = lastFailure === null ? "" : ` (${lastFailure})`;
    const cause = `the server was still not heard when the recording ended${reason}`;
    const times = { rxMs: endTsMs, startTsMs: sinceTsMs, endTsMs };
    this.#recording.gap({ ...times, kind, stream: ALL, missing: null, cause });
  }

  loss(redisStream: string, { place, missing, cause }: Loss, tsMs: number): void {
    if (place === "after") this.#afterWhatCame();
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

  /** Interruptions have the first rank of their millisecond: entries that were there earlier are written out before. */
  #afterWhatCame(): void {
    this.#recording.tick();
  }
}
