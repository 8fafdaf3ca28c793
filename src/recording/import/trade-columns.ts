import { basename } from "node:path";
import { plainDecimal } from "../decimal.ts";
import type { RowProblem } from "./candle-columns.ts";
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

/** Files of the public archive without a header, told by the number of their columns and where true or false stands. */
const HEADERLESS: readonly { readonly flags: readonly number[]; readonly names: string }[] = [
  { flags: [5], names: "id,price,qty,quote_qty,time,is_buyer_maker" },
  { flags: [5, 6], names: "id,price,qty,quote_qty,time,is_buyer_maker,is_best_match" },
  { flags: [6], names: "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker" },
  {
    flags: [6, 7],
    names: "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker,is_best_match",
  },
];

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

  /** What the first line says: a header, or a row of the public archive. Returns what is wrong with any other. */
  static ofFirstLine(line: string): { columns: TradeColumns; isHeader: boolean } | string {
    const fields = line.replace(/^\ufeff/, "").split(",");
    const flags = fields.flatMap((field, index) => (/^(?:true|false)$/i.test(field) ? [index] : []));
    const form = HEADERLESS.find(
      ({ flags: at, names }) => String(at) === String(flags) && names.split(",").length === fields.length,
    );
    const columns = TradeColumns.ofHeader(form !== undefined && /^\d+$/.test(fields[0]!) ? form.names : line);
    if (typeof columns === "string") return columns;
    return { columns, isHeader: form === undefined };
  }

  /** Source of the mapper table: files of the archive by their columns, others as recorders write them. */
  get source(): string {
    if (this.#names.includes("transact_time")) return "archive.aggTrades";
    return this.#names.includes("quote_qty") ? "archive.trades" : "csv.trades";
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
  read(text: string): TradeRow | RowProblem {
    const fields = text.split(",");
    if (fields.length !== this.#names.length) {
      return {
        what: `the line has ${fields.length} fields, the header has ${this.#names.length} (is the file cut off?)`,
      };
    }
    const field = (role: Role): string => fields[this.#at.get(role)!]!;
    const wrong = (role: Role, what: string): RowProblem => ({ what, field: this.#at.get(role)! });
    const said = (role: Role): string => JSON.stringify(field(role).slice(0, 40));
    if (!/^\d{1,40}$/.test(field("id"))) return wrong("id", `the trade id is ${said("id")}, a whole number is needed`);
    const ts = this.#time(field("time"));
    if (typeof ts === "string") return wrong("time", `time is ${said("time")}: ${ts}`);
    const rx = this.hasReceived ? this.#time(field("received")) : ts;
    if (typeof rx === "string") return wrong("received", `time received is ${said("received")}: ${rx}`);
    const [price, qty] = [decimal(field("price")), decimal(field("qty"))];
    if (price === null) return wrong("price", `price is ${said("price")}, a decimal number of 0 or more is needed`);
    if (qty === null) return wrong("qty", `quantity is ${said("qty")}, a decimal number of 0 or more is needed`);
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
  // A number that a double cannot hold is no price.
  return plain === null || plain.startsWith("-") || !Number.isFinite(Number(plain)) ? null : plain;
}
