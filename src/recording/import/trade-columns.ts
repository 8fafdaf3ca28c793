import { basename } from "node:path";
import { plainDecimal } from "../decimal.ts";
import { type TimeUnit, timeOfMagnitude } from "./time-unit.ts";

/** Names a column goes by: recorders of this pipeline, then the public archive's trades and aggTrades. */
const NAMES = {
  id: ["trade_id", "id", "agg_trade_id"],
  price: ["price"],
  qty: ["qty", "quantity"],
  time: ["event_ms", "time_ms", "trade_ms", "time", "transact_time"],
  received: ["recv_ms", "received_ms"],
  orderType: ["order_type"],
} as const;
const NEEDED = ["id", "price", "qty", "time"] as const;

type Role = keyof typeof NAMES;

export interface TradeRow {
  readonly id: bigint;
  readonly tsMs: number;
  /** Time received, `tsMs` when the file has none. */
  readonly rxMs: number;
  /** Nanoseconds after `rxMs`. */
  readonly restNs: number;
  readonly price: string;
  readonly qty: string;
  /** Why the trade is no price, or `null`. */
  readonly reason: string | null;
  /** Every column but price and quantity, as it came. */
  readonly native: Readonly<Record<string, string>>;
  /** Every column, as it came. */
  readonly all: Readonly<Record<string, string>>;
}

/** Reads rows of one trades file by the names in its header. */
export class TradeColumns {
  readonly hasReceived: boolean;
  readonly #names: readonly string[];
  readonly #at: ReadonlyMap<Role, number>;
  #unit: TimeUnit | null = null;

  private constructor(names: readonly string[], at: ReadonlyMap<Role, number>) {
    this.#names = names;
    this.#at = at;
    this.hasReceived = at.has("received");
  }

  /** Returns what is wrong with a header that lacks a column, or has one twice. */
  static ofHeader(header: string): TradeColumns | string {
    const names = header.replace(/^\ufeff/, "").split(",");
    const shown = JSON.stringify(header.slice(0, 80));
    const at = new Map<Role, number>();
    for (const role of Object.keys(NAMES) as Role[]) {
      const name = NAMES[role].find((candidate) => names.includes(candidate));
      if (name !== undefined) at.set(role, names.indexOf(name));
    }
    const missing = NEEDED.find((role) => !at.has(role));
    if (missing !== undefined) {
      return `the header is ${shown}, a column ${NAMES[missing].map((name) => `"${name}"`).join(" or ")} is needed`;
    }
    const double = names.find((name, index) => name === "" || names.indexOf(name) !== index);
    if (double !== undefined) return `the header is ${shown}, a name of its own for each column is needed`;
    return new TradeColumns(names, at);
  }

  /** Returns what is wrong with a row that is no trade. The unit of time is told by the first row and must stay. */
  read(text: string): TradeRow | string {
    const fields = text.split(",");
    if (fields.length !== this.#names.length) {
      return `the line has ${fields.length} fields, the header has ${this.#names.length} (is the file cut off?)`;
    }
    const field = (role: Role): string => fields[this.#at.get(role)!]!;
    if (!/^\d+$/.test(field("id"))) return `the trade id is "${field("id")}", a whole number is needed`;
    const ts = this.#time(field("time"));
    if (typeof ts === "string") return `time is "${field("time")}": ${ts}`;
    const rx = this.hasReceived ? this.#time(field("received")) : ts;
    if (typeof rx === "string") return `time received is "${field("received")}": ${rx}`;
    const [price, qty] = [decimal(field("price")), decimal(field("qty"))];
    if (price === null) return `price is "${field("price")}", a decimal number of 0 or more is needed`;
    if (qty === null) return `quantity is "${field("qty")}", a decimal number of 0 or more is needed`;
    const type = this.#at.has("orderType") ? field("orderType") : "MARKET";
    const zero = Number(price) === 0 ? "price 0" : Number(qty) === 0 ? "quantity 0" : null;
    const lifted = [this.#at.get("price"), this.#at.get("qty")];
    const columns = this.#names.map((name, index): [string, string] => [name, fields[index]!]);
    return {
      id: BigInt(field("id")),
      tsMs: ts.timeMs,
      rxMs: rx.timeMs,
      restNs: rx.restNs,
      price,
      qty,
      reason: type === "MARKET" ? zero : `order type "${type}"`,
      native: Object.fromEntries(columns.filter((_, index) => !lifted.includes(index))),
      all: Object.fromEntries(columns),
    };
  }

  #time(digits: string): { timeMs: number; restNs: number } | string {
    const time = timeOfMagnitude(digits);
    if (typeof time === "string") return time;
    this.#unit ??= time.unit;
    if (time.unit !== this.#unit) return `it looks like ${time.unit}, the file began in ${this.#unit}`;
    return { timeMs: time.timeMs, restNs: Number(digits.slice(13).padEnd(6, "0")) };
  }

  /** Unit of the times read so far. */
  get unit(): TimeUnit {
    return this.#unit ?? "ms";
  }
}

/**
 * The one part of a file name that can be a symbol (no lower-case letter, five characters at least, three
 * Latin letters in a row): `"LTCUSDT-aggTrades-2025-06-21.csv"` is `"LTCUSDT"`. `null` when there is none or more than one.
 */
export function symbolOfTradesFile(path: string): string | null {
  const parts = basename(path)
    .split(/[-.\s_]+/)
    .filter((part) => part.length >= 5 && part === part.toUpperCase() && /[A-Z]{3}/.test(part));
  return parts.length === 1 ? parts[0]!.normalize("NFC") : null;
}

function decimal(text: string): string | null {
  const plain = plainDecimal(text);
  return plain === null || plain.startsWith("-") ? null : plain;
}
