import type { RowProblem } from "./candle-columns.ts";
import type { DepthEvent, DepthLevel } from "./depth-event.ts";
import { type TimeUnit, timeOfMagnitude } from "./time-unit.ts";

const NAMES = ["recv_ms", "event_ms", "txn_ms", "U", "u", "pu", "is_ask", "price", "qty"] as const;
const DECIMAL = /^\d+(?:\.\d+)?$/;
const ID = /^\d{1,40}$/;

/** One level of a depth update; rows with the same `key` are one update. */
export interface DepthRow {
  readonly key: string;
  readonly rxMs: number;
  readonly restNs: number;
  readonly tsMs: number;
  readonly U: bigint;
  readonly u: bigint;
  readonly pu: bigint | null;
  readonly isAsk: boolean;
  readonly level: DepthLevel;
  /** Every other column, as it came. */
  readonly native: Readonly<Record<string, string>>;
}

/** Reads rows of a recorded depth file: one level a row, the head of its update repeated on each. */
export class DepthColumns {
  readonly #names: readonly string[];
  readonly #at: ReadonlyMap<string, number>;
  #unit: TimeUnit | null = null;

  private constructor(names: readonly string[]) {
    this.#names = names;
    this.#at = new Map(names.map((name, index) => [name, index]));
  }

  /** Returns what is wrong with a header that lacks a column, or has one twice. */
  static ofHeader(header: string): DepthColumns | string {
    const names = header.replace(/^\ufeff/, "").split(",");
    const missing = NAMES.find((name) => !names.includes(name));
    const shown = JSON.stringify(header.slice(0, 80));
    if (missing !== undefined) return `the header is ${shown}, a column "${missing}" is needed`;
    if (new Set(names).size !== names.length)
      return `the header is ${shown}, a name of its own for each column is needed`;
    return new DepthColumns(names);
  }

  get unit(): TimeUnit {
    return this.#unit ?? "ms";
  }

  /** Returns what is wrong with a row that is no level. */
  read(text: string): DepthRow | RowProblem {
    const fields = text.split(",");
    if (fields.length !== this.#names.length) {
      return {
        what: `the line has ${fields.length} fields, the header has ${this.#names.length} (is the file cut off?)`,
      };
    }
    const field = (name: string): string => fields[this.#at.get(name)!]!;
    const wrong = (name: string, needed: string): RowProblem => ({
      what: `${name} is ${JSON.stringify(field(name).slice(0, 40))}, ${needed}`,
      field: this.#at.get(name)!,
    });
    const rx = this.#time(field("recv_ms"));
    if (typeof rx === "string") return wrong("recv_ms", rx);
    const ts = this.#time(field("event_ms"));
    if (typeof ts === "string") return wrong("event_ms", ts);
    for (const name of ["U", "u"]) if (!ID.test(field(name))) return wrong(name, "a whole number is needed");
    if (field("pu") !== "" && !ID.test(field("pu"))) return wrong("pu", "a whole number or nothing is needed");
    const side = /^(?:1|true)$/i.test(field("is_ask")) ? true : /^(?:0|false)$/i.test(field("is_ask")) ? false : null;
    if (side === null) return wrong("is_ask", "0 or 1 is needed");
    for (const name of ["price", "qty"]) {
      if (!DECIMAL.test(field(name))) return wrong(name, "a decimal number of 0 or more is needed");
    }
    const lifted = new Set<string>(["U", "u", "pu", "is_ask", "price", "qty"]);
    const native = this.#names.map((name, index): [string, string] => [name, fields[index]!]);
    return {
      key: ["recv_ms", "event_ms", "txn_ms", "U", "u", "pu"].map(field).join(","),
      rxMs: rx.timeMs,
      restNs: rx.restNs,
      tsMs: ts.timeMs,
      U: BigInt(field("U")),
      u: BigInt(field("u")),
      pu: field("pu") === "" ? null : BigInt(field("pu")),
      isAsk: side,
      level: [field("price"), field("qty")],
      native: Object.fromEntries(native.filter(([name]) => !lifted.has(name))),
    };
  }

  #time(digits: string): { timeMs: number; restNs: number } | string {
    const time = timeOfMagnitude(digits);
    if (typeof time === "string") return time;
    this.#unit ??= time.unit;
    if (time.unit !== this.#unit) return `it looks like ${time.unit}, the file began in ${this.#unit}`;
    return { timeMs: time.timeMs, restNs: Number(digits.slice(13).padEnd(6, "0")) };
  }
}

/** The update that rows of one key make up. */
export function depthOfRows(rows: readonly [DepthRow, ...DepthRow[]]): DepthEvent {
  const [{ U, u, pu }] = rows;
  const levelsOf = (isAsk: boolean): DepthLevel[] =>
    rows.filter((row) => row.isAsk === isAsk).map(({ level }) => level);
  return { kind: "update", U, u, pu, bids: levelsOf(false), asks: levelsOf(true) };
}
