/** Finds a symbol's index by the bytes of its JSON text, without making a string of them. */
export class SymbolIndex {
  readonly #byName: ReadonlyMap<string, number>;
  readonly #encoded: readonly Uint8Array[];
  /** Open addressing: slot holds index + 1, 0 is empty. At most a quarter full. */
  readonly #slots: Int32Array;
  readonly #mask: number;

  constructor(symbols: readonly string[]) {
    this.#byName = new Map(symbols.map((symbol, index) => [symbol, index]));
    this.#encoded = symbols.map((symbol) => new TextEncoder().encode(JSON.stringify(symbol).slice(1, -1)));
    let size = 16;
    while (size < symbols.length * 4) size *= 2;
    this.#mask = size - 1;
    this.#slots = new Int32Array(size);
    this.#encoded.forEach((bytes, index) => {
      let slot = hashBytes(bytes, 0, bytes.length) & this.#mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & this.#mask;
      this.#slots[slot] = index + 1;
    });
  }

  indexOf(symbol: string): number {
    return this.#byName.get(symbol) ?? -1;
  }

  /** Index of the symbol written in `bytes[start..end)`, or -1. */
  find(bytes: Uint8Array, start: number, end: number): number {
    let slot = hashBytes(bytes, start, end) & this.#mask;
    for (;;) {
      const found = this.#slots[slot]! - 1;
      if (found < 0) return -1;
      if (isSame(this.#encoded[found]!, bytes, start, end)) return found;
      slot = (slot + 1) & this.#mask;
    }
  }
}

function isSame(name: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (name.length !== end - start) return false;
  for (let offset = 0; offset < name.length; offset++) {
    if (name[offset] !== bytes[start + offset]) return false;
  }
  return true;
}

/** FNV-1a, folded once: names differ mostly in their first letters. */
function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}
