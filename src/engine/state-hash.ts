const TAG = {
  null: 1,
  number: 2,
  integer: 3,
  text: 4,
  true: 5,
  false: 6,
  bigint: 7,
  list: 8,
  map: 9,
  set: 10,
  record: 11,
};
const SEED_LEFT = 0x9e3779b9 | 0;
const SEED_RIGHT = 0x7f4a7c15 | 0;

/**
 * Fingerprint of plain data, 16 hexadecimal digits: equal data have equal fingerprints in every process and on every
 * machine. Maps, Sets and lists are hashed in their order, because what iterates them decides in that order; the fields
 * of a plain object are not, and an absent field equals `undefined`.
 *
 * It walks the values instead of writing them out as text, so that it costs microseconds: a run is asked for one every
 * thousand envelopes. Two lanes of the multiply-and-rotate mixing of MurmurHash3 (Appleby, public domain); a difference
 * in one word always shows. It guards against mistakes and not against an adversary.
 *
 * @throws {RangeError} for anything that is not plain data: what it hides could not be compared
 */
export function stateHashOf(data: unknown): string {
  const fingerprint = new Fingerprint();
  fingerprint.add(data);
  return fingerprint.text();
}

/** The two halves of the hash as whole numbers, for sums over many small things. */
export function stateLanesOf(data: unknown): { readonly left: number; readonly right: number } {
  const fingerprint = new Fingerprint();
  fingerprint.add(data);
  return fingerprint.lanes();
}

// Scratch space, written before it is read in every call.
const double = new Float64Array(1);
// The two words of the scratch space.
const words = new Int32Array(double.buffer);

class Fingerprint {
  #left = SEED_LEFT;
  #right = SEED_RIGHT;

  add(value: unknown): void {
    switch (typeof value) {
      case "number":
        this.#addNumber(value);
        return;
      case "string":
        this.#addText(value, TAG.text);
        return;
      case "boolean":
        this.#mix(value ? TAG.true : TAG.false);
        return;
      case "bigint":
        this.#addText(value.toString(), TAG.bigint);
        return;
      case "object":
        if (value === null) this.#mix(TAG.null);
        else this.#addObject(value);
        return;
      default:
        throw new RangeError(`Cannot hash a state: it holds a ${typeof value}, plain data is needed`);
    }
  }

  lanes(): { readonly left: number; readonly right: number } {
    return { left: finish(this.#left), right: finish(this.#right) };
  }

  text(): string {
    return hex(finish(this.#left)) + hex(finish(this.#right));
  }

  #addObject(value: object): void {
    if (Array.isArray(value) || ArrayBuffer.isView(value)) {
      const list = value as ArrayLike<unknown>;
      this.#mix(TAG.list);
      this.#mix(list.length);
      for (let index = 0; index < list.length; index++) this.add(list[index]);
    } else if (value instanceof Map) {
      this.#mix(TAG.map);
      this.#mix(value.size);
      for (const [key, item] of value) {
        this.add(key);
        this.add(item);
      }
    } else if (value instanceof Set) {
      this.#mix(TAG.set);
      this.#mix(value.size);
      for (const item of value) this.add(item);
    } else {
      this.#addRecord(value as Readonly<Record<string, unknown>>);
    }
  }

  /** Fields are hashed each for itself and summed: their order in the source is no part of the state. */
  #addRecord(record: Readonly<Record<string, unknown>>): void {
    const prototype: unknown = Object.getPrototypeOf(record);
    if (prototype !== Object.prototype && prototype !== null) {
      throw new RangeError("Cannot hash a state: it holds an instance of a class, plain data is needed");
    }
    const left = this.#left;
    const right = this.#right;
    let leftSum = 0;
    let rightSum = 0;
    let count = 0;
    // allow(unordered): summed, so no order shows
    for (const key of Object.keys(record)) {
      const field = record[key];
      if (field === undefined) continue;
      this.#left = SEED_LEFT;
      this.#right = SEED_RIGHT;
      this.#addText(key, TAG.text);
      this.add(field);
      leftSum = (leftSum + finish(this.#left)) | 0;
      rightSum = (rightSum + finish(this.#right)) | 0;
      count += 1;
    }
    this.#left = left;
    this.#right = right;
    this.#mix(TAG.record);
    this.#mix(count);
    this.#left = mixed(this.#left, leftSum, 0xcc9e2d51, 15);
    this.#right = mixed(this.#right, rightSum, 0x1b873593, 13);
  }

  #addNumber(value: number): void {
    if ((value | 0) === value) {
      this.#mix(TAG.integer);
      this.#mix(value);
      return;
    }
    // One NaN is every NaN.
    double[0] = Number.isNaN(value) ? Number.NaN : value;
    this.#mix(TAG.number);
    this.#mix(words[0]!);
    this.#mix(words[1]!);
  }

  #addText(text: string, tag: number): void {
    const { length } = text;
    this.#mix(tag);
    this.#mix(length);
    // Most of a state is texts: their lanes stay in registers.
    let left = this.#left;
    let right = this.#right;
    for (let index = 0; index < length; index++) {
      const word = text.charCodeAt(index);
      left = mixed(left, word, 0xcc9e2d51, 15);
      right = mixed(right, word, 0x1b873593, 13);
    }
    this.#left = left;
    this.#right = right;
  }

  #mix(word: number): void {
    this.#left = mixed(this.#left, word, 0xcc9e2d51, 15);
    this.#right = mixed(this.#right, word, 0x1b873593, 13);
  }
}

function mixed(lane: number, word: number, factor: number, turn: number): number {
  const product = Math.imul(lane ^ word, factor);
  return (((product << turn) | (product >>> (32 - turn))) + 0x52dce729) | 0;
}

/** Spreads every bit of a lane over all of it. */
function finish(lane: number): number {
  let bits = lane;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}

function hex(lane: number): string {
  return (lane >>> 0).toString(16).padStart(8, "0");
}
