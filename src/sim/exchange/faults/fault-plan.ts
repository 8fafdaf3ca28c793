import type { FindingNoted } from "../../../engine/domain/decision.ts";
import type { RandomStream, RandomStreams } from "../../time/random-streams.ts";
import type { Fault, FaultKind } from "./fault.ts";

/** How often each fault may still hit, and whether it has been written down. */
export interface FaultPlanSnapshot {
  readonly left: readonly number[];
  readonly isNoted: readonly boolean[];
}

/** The faults of one variant: which hits what. Chance comes from a stream per fault, so that adding one moves no other. */
export class FaultPlan {
  readonly faults: readonly Fault[];
  readonly #streams: readonly RandomStream[];
  readonly #note: (finding: FindingNoted) => void;
  #left: number[];
  #isNoted: boolean[];

  constructor(faults: readonly Fault[], random: RandomStreams, note: (finding: FindingNoted) => void) {
    this.faults = faults;
    this.#streams = faults.map((_, place) => random.stream(`faults/${place}`));
    this.#note = note;
    this.#left = faults.map(({ count }) => count ?? Number.POSITIVE_INFINITY);
    this.#isNoted = faults.map(() => false);
  }

  /**
   * The first fault of these kinds that hits now; it is counted, and written down the first time.
   *
   * @param symbol what would be hit; `null` is about no symbol or all, which only faults without one hit
   * @param isHit further condition, asked before any chance is drawn
   */
  take(
    kinds: readonly FaultKind[],
    tsMs: number,
    symbol: string | null,
    isHit: (fault: Fault) => boolean = () => true,
  ): Fault | null {
    for (let place = 0; place < this.faults.length; place++) {
      const fault = this.faults[place]!;
      if (tsMs < fault.fromTsMs || tsMs >= fault.untilTsMs || this.#left[place]! <= 0) continue;
      if (!kinds.includes(fault.kind)) continue;
      if (fault.symbol !== undefined && fault.symbol !== symbol) continue;
      if (!isHit(fault)) continue;
      if (fault.chance !== undefined && this.#streams[place]!.next() >= fault.chance) continue;
      this.#left[place]! -= 1;
      this.note(place);
      return fault;
    }
    return null;
  }

  /** Whether it hits with this probability, by the fault's own stream. */
  isDrawn(fault: Fault, probability: number): boolean {
    return this.#streams[this.faults.indexOf(fault)]!.next() < probability;
  }

  /** Writes down that a fault has begun to act, once. */
  note(place: number): void {
    if (this.#isNoted[place]!) return;
    this.#isNoted[place] = true;
    const { kind, symbol, fromTsMs, untilTsMs } = this.faults[place]!;
    this.#note({
      type: "finding.noted",
      code: "fault_injected",
      severity: "info",
      symbol: symbol ?? null,
      text: `The scenario's fault ${kind} acts from here on`,
      evidence: { kind, fault: place, fromTsMs, untilTsMs: Number.isFinite(untilTsMs) ? untilTsMs : null },
    });
  }

  save(): FaultPlanSnapshot {
    return { left: [...this.#left], isNoted: [...this.#isNoted] };
  }

  load({ left, isNoted }: FaultPlanSnapshot): void {
    this.#left = [...left];
    this.#isNoted = [...isNoted];
  }
}
