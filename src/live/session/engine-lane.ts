import type { FindingNoted } from "../../engine/domain/decision.ts";
import type { EngineEvent } from "../../engine/domain/event.ts";
import type { JournalEntry } from "../../engine/domain/journal.ts";
import { createEngine, type EngineSnapshot } from "../../engine/engine.ts";
import { createInvariantChecker, type InvariantChecker } from "../../engine/invariants.ts";
import type { EngineParts } from "../../engine/pipeline/state.ts";

/** Envelopes between two state hashes of a journal. */
const STATE_HASH_INTERVAL = 1000;

/**
 * One engine with what belongs to it wherever it runs: numbering, invariants, state hashes. Live session, shadow,
 * recovery and replay all decide through it, so that they decide the same.
 */
export class EngineLane {
  readonly parts: EngineParts;
  readonly #engine: ReturnType<typeof createEngine>;
  readonly #invariants: InvariantChecker;
  readonly #places: ReadonlyMap<string, number>;
  #seq = 0;
  #tsMs = 0;

  /** @param parts new ones: governor and market remember */
  constructor(parts: EngineParts) {
    this.parts = parts;
    this.#engine = createEngine(parts);
    this.#places = new Map(parts.instruments.map(({ symbol, index }) => [symbol, index]));
    this.#invariants = createInvariantChecker({
      killScore: parts.policy.killScore,
      featuresOf: (symbol) => {
        const place = this.#places.get(symbol);
        return place === undefined ? null : parts.market.features(place);
      },
    });
  }

  /** Number of the last envelope. */
  get seq(): number {
    return this.#seq;
  }

  /** Time of the last envelope. */
  get tsMs(): number {
    return this.#tsMs;
  }

  /** The engine's memory; look, do not keep. */
  look(): EngineSnapshot["memory"] {
    return this.#engine.save().memory;
  }

  stateHash(): string {
    return this.#engine.stateHash();
  }

  /**
   * The next envelope. `findings` of the world around are journalled behind what the engine decides.
   *
   * @throws {RangeError} when time runs backwards
   */
  handle(event: EngineEvent, tsMs: number, findings: readonly FindingNoted[] = []): JournalEntry {
    if (event.type === "market-features.received") this.#showFeatures(event);
    const envelope = { seq: this.#seq + 1, tsMs, event };
    const decided = this.#engine.handle(envelope);
    this.#seq = envelope.seq;
    this.#tsMs = tsMs;
    const violations = this.#invariants.check({ envelope, decisions: decided });
    const isPlain = violations.length === 0 && findings.length === 0;
    const decisions = isPlain ? decided : [...decided, ...violations, ...findings];
    const isHashDue = envelope.seq % STATE_HASH_INTERVAL === 0 || event.type === "run.ended";
    return isHashDue ? { envelope, decisions, stateHash: this.#engine.stateHash() } : { envelope, decisions };
  }

  #showFeatures(event: Extract<EngineEvent, { type: "market-features.received" }>): void {
    const place = this.#places.get(event.symbol);
    if (place === undefined) return;
    this.parts.market.setRecordedFeatures(place, event);
  }
}
