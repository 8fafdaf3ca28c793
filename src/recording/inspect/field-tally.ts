import type { Entry } from "./entry-fields.ts";
import { knownFields } from "./known-fields.ts";

const NAMES_KEPT = 400;

export interface FieldShare {
  readonly name: string;
  /** Share of the stream's entries, 0 to 1. */
  readonly share: number;
}

/** Which fields the entries of one stream have: unknown ones, and known ones that some or all of them lack. */
export class FieldTally {
  readonly #stream: string;
  readonly #present = new Map<string, number>();
  #entries = 0;

  constructor(stream: string) {
    this.#stream = stream;
  }

  add({ fields, body, prefix }: Entry): void {
    this.#entries++;
    for (const name of Object.keys(fields)) this.#see(name);
    if (prefix === "" || body === null) return;
    for (const name of Object.keys(body)) this.#see(prefix + name);
  }

  /** Fields nobody has described, with the share of entries that have them. */
  unknown(): FieldShare[] {
    const of = knownFields(this.#stream);
    if (of === null) return [];
    return this.#shares([...this.#present].filter(([name]) => !of.known.has(named(name))));
  }

  /**
   * Known fields with the share of entries that lack them: needed ones always, others only where some entries have
   * them, because a field that a producer never writes says nothing.
   */
  absent(): FieldShare[] {
    const of = knownFields(this.#stream);
    if (of === null || this.#entries === 0) return [];
    const lacking = [...of.known].flatMap((name): [string, number][] => {
      const present = this.#count(name);
      const isNeeded = of.needed.includes(name);
      return present === this.#entries || (present === 0 && !isNeeded) ? [] : [[name, this.#entries - present]];
    });
    return this.#shares(lacking);
  }

  #count(name: string): number {
    return Math.min(this.#entries, (this.#present.get(name) ?? 0) + (this.#present.get(dataName(name)) ?? 0));
  }

  #see(name: string): void {
    const seen = this.#present.get(name);
    if (seen !== undefined || this.#present.size < NAMES_KEPT) this.#present.set(name, (seen ?? 0) + 1);
  }

  #shares(counts: readonly (readonly [string, number])[]): FieldShare[] {
    return counts
      .map(([name, entries]) => ({ name, share: entries / this.#entries }))
      .sort((left, right) => right.share - left.share || (left.name < right.name ? -1 : 1));
  }
}

/** EventBus producers wrap the same message in `data`. */
function named(name: string): string {
  return name.startsWith("data.") ? `payload.${name.slice(5)}` : name;
}

function dataName(name: string): string {
  if (name === "payload") return "data";
  return name.startsWith("payload.") ? `data.${name.slice(8)}` : "";
}
