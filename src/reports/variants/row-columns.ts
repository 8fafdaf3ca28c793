const ROWS_A_CHUNK = 4096;
const TEXT_CHUNK = 65_536;

/**
 * Rows of flat objects kept as columns: a row of seven fields costs some 50 bytes where an object with its strings
 * costs 160. A variant is held whole until its run ends, and thirty run at once.
 *
 * `word` fields repeat (symbols, reasons) and are kept once; `text` fields are unique (ids); numbers are doubles.
 */
export interface RowColumns<Row extends object> {
  add(row: Row): void;
  readonly length: number;
  /** All rows as objects, in the order they were added. */
  rows(): Row[];
}

export type ColumnKind = "word" | "text" | "number" | "flag" | "numbers";

type Value = string | number | boolean | null | Readonly<Record<string, number>>;

interface Column {
  add(value: Value): void;
  at(index: number): Value;
}

/** Columns for rows with exactly these fields; `null` is kept in all but flags and number maps. */
export function createRowColumns<Row extends object>(
  kinds: { readonly [Field in keyof Row]-?: ColumnKind },
): RowColumns<Row> {
  const columns = Object.entries(kinds).map(([field, kind]) => [field, createColumn(kind as ColumnKind)] as const);
  let length = 0;
  return {
    add(row) {
      for (const [field, column] of columns) column.add((row as Record<string, Value>)[field]!);
      length += 1;
    },
    get length() {
      return length;
    },
    rows: () =>
      Array.from({ length }, (_, index) => {
        const row: Record<string, Value> = {};
        for (const [field, column] of columns) row[field] = column.at(index);
        return row as Row;
      }),
  };
}

function createColumn(kind: ColumnKind): Column {
  switch (kind) {
    case "word":
      return createWordColumn();
    case "text":
      return createTextColumn();
    case "number":
      return createNumberColumn();
    case "flag":
      return createFlagColumn();
    case "numbers":
      return createNumbersColumn();
  }
}

/** Grows by whole chunks, so that nothing is ever copied or reserved twice. */
class Chunks<Part extends Float64Array | Int32Array | Uint8Array> {
  length = 0;
  readonly #make: (length: number) => Part;
  readonly #parts: Part[] = [];

  constructor(make: (length: number) => Part) {
    this.#make = make;
  }

  push(value: number): void {
    const place = this.length % ROWS_A_CHUNK;
    if (place === 0) this.#parts.push(this.#make(ROWS_A_CHUNK));
    this.#parts.at(-1)![place] = value;
    this.length += 1;
  }

  at(index: number): number {
    return this.#parts[Math.floor(index / ROWS_A_CHUNK)]![index % ROWS_A_CHUNK]!;
  }
}

const doubles = (length: number) => new Float64Array(length);
const integers = (length: number) => new Int32Array(length);
const bytes = (length: number) => new Uint8Array(length);

function createWordColumn(): Column {
  const words: string[] = [];
  const places = new Map<string, number>();
  const chunks = new Chunks(integers);
  return {
    add(value) {
      if (value === null) {
        chunks.push(-1);
        return;
      }
      const word = value as string;
      let place = places.get(word);
      if (place === undefined) {
        place = words.length;
        words.push(word);
        places.set(word, place);
      }
      chunks.push(place);
    },
    at: (index) => words[chunks.at(index)] ?? null,
  };
}

function createTextColumn(): Column {
  const parts: Buffer[] = [];
  let last = Buffer.alloc(0);
  let used = 0;
  const part = new Chunks(integers);
  const start = new Chunks(integers);
  const size = new Chunks(integers);
  return {
    add(value) {
      const length = value === null ? 0 : Buffer.byteLength(value as string);
      if (used + length > last.length) {
        last = Buffer.alloc(Math.max(TEXT_CHUNK, length));
        parts.push(last);
        used = 0;
      }
      part.push(parts.length - 1);
      start.push(used);
      size.push(value === null ? -1 : length);
      if (value !== null) used += last.write(value as string, used);
    },
    at(index) {
      const length = size.at(index);
      if (length <= 0) return length < 0 ? null : "";
      const from = start.at(index);
      return parts[part.at(index)]!.toString("utf8", from, from + length);
    },
  };
}

function createNumberColumn(): Column {
  const chunks = new Chunks(doubles);
  return {
    add: (value) => chunks.push(value === null ? Number.NaN : (value as number)),
    at(index) {
      const value = chunks.at(index);
      return Number.isNaN(value) ? null : value;
    },
  };
}

function createFlagColumn(): Column {
  const chunks = new Chunks(bytes);
  return { add: (value) => chunks.push(value === true ? 1 : 0), at: (index) => chunks.at(index) === 1 };
}

/** Names of a map's entries repeat from row to row, so they are kept once per shape. */
function createNumbersColumn(): Column {
  const shapes: string[][] = [];
  const places = new Map<string, number>();
  const shape = new Chunks(integers);
  const start = new Chunks(integers);
  const values = new Chunks(doubles);
  return {
    add(value) {
      const names = Object.keys(value as object);
      const key = names.join("\n");
      let place = places.get(key);
      if (place === undefined) {
        place = shapes.length;
        shapes.push(names);
        places.set(key, place);
      }
      shape.push(place);
      start.push(values.length);
      for (const name of names) values.push((value as Record<string, number>)[name]!);
    },
    at(index) {
      const from = start.at(index);
      return Object.fromEntries(shapes[shape.at(index)]!.map((name, place) => [name, values.at(from + place)]));
    },
  };
}
