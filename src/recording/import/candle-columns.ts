import { plainDecimal } from "../decimal.ts";
import { timeProblem } from "./source-file.ts";
import { type TimeUnit, timeOfMagnitude } from "./time-unit.ts";

export const MINUTE_MS = 60_000;
const COLUMNS = ["open_time_ms", "open", "high", "low", "close", "volume"] as const;
/** Columns of the public archive's klines, whose older files have no header. */
const ARCHIVE_COLUMNS =
  "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore";
const UNITS_OF_MS: Readonly<Record<TimeUnit, bigint>> = { ms: 1n, us: 1_000n, ns: 1_000_000n };

/** What is wrong with a row, and in which of its fields. */
export interface RowProblem {
  readonly what: string;
  /** Index of the field; absent when it is the row as a whole. */
  readonly field?: number;
}

export interface CandleNumbers {
  readonly timeMs: number;
  /** Open, high, low, close, volume. */
  readonly numbers: readonly number[];
}

/** Checks rows of one candle file by the names in its header, or those of the archive when it has none. */
export class CandleColumns {
  readonly names: readonly string[];
  /** The archive tells the unit by magnitude only; a column named `_ms` promises it. */
  readonly #isUnitPromised: boolean;
  #unit: TimeUnit | null = null;

  private constructor(names: readonly string[]) {
    this.names = names;
    this.#isUnitPromised = names[0] === "open_time_ms";
  }

  /**
   * Reads the first line: a header, or a row of the archive.
   *
   * @returns what is wrong with a first line that is neither.
   */
  static ofFirstLine(text: string): { columns: CandleColumns; isHeader: boolean } | { what: string } {
    const line = text.replace(/^\ufeff/, "");
    const fields = line.split(",");
    const archive = ARCHIVE_COLUMNS.split(",");
    if (/^\d+$/.test(fields[0]!) && fields.length === archive.length) {
      return { columns: new CandleColumns(archive), isHeader: false };
    }
    const isKnown = COLUMNS.every(
      (name, index) => fields[index] === name || (index === 0 && fields[0] === "open_time"),
    );
    if (isKnown) return { columns: new CandleColumns(fields), isHeader: true };
    return { what: `the header begins ${JSON.stringify(line.slice(0, 80))}, "${COLUMNS.join(",")}" is needed` };
  }

  /** Unit of the open times; `null` before the first row. */
  get unit(): TimeUnit | null {
    return this.#unit;
  }

  /** Open time and numbers of a row, when it is a candle that may follow one that opened at `previousMs`. */
  read(fields: readonly string[], previousMs: number | null): CandleNumbers | RowProblem {
    if (fields.length < this.names.length) {
      const isArchive = this.names.length > COLUMNS.length;
      const needed = isArchive ? `${this.names.length} are needed` : `${COLUMNS.length} at least are needed`;
      return { what: `the line has ${fields.length} fields, ${needed} (is the file cut off?)` };
    }
    const timeMs = this.#time(fields);
    if (typeof timeMs !== "number") return timeMs;
    if (previousMs !== null && timeMs <= previousMs) {
      const what = timeMs === previousMs ? "is there twice" : `comes after ${previousMs}`;
      return { what: `open time ${timeMs} ${what}, times must increase`, field: 0 };
    }
    const closes = this.#closeProblem(fields, timeMs);
    if (closes !== null) return closes;
    const numbers = numbersOf(fields);
    return "what" in numbers ? numbers : { timeMs, numbers };
  }

  #time(fields: readonly string[]): number | RowProblem {
    const text = fields[0]!;
    const said = `open time is ${JSON.stringify(text.slice(0, 40))}`;
    if (this.#isUnitPromised) {
      const problem = timeProblem(/^\d+$/.test(text) ? Number(text) : Number.NaN);
      if (problem !== null) return { what: `${said}: ${problem}`, field: 0 };
    }
    const time = timeOfMagnitude(text);
    if (typeof time === "string") return { what: `${said}: ${time}`, field: 0 };
    this.#unit ??= time.unit;
    if (time.unit !== this.#unit) {
      return { what: `${said}: it looks like ${time.unit}, the file began in ${this.#unit}`, field: 0 };
    }
    const isWhole = time.timeMs % MINUTE_MS === 0 && /^0*$/.test(text.slice(13));
    if (!isWhole) return { what: `open time ${text} is off the minute, whole minutes are needed`, field: 0 };
    return time.timeMs;
  }

  #closeProblem(fields: readonly string[], timeMs: number): RowProblem | null {
    const at = this.names.indexOf("close_time");
    if (at < 0) return null;
    const perMs = UNITS_OF_MS[this.#unit!];
    const needed = String(BigInt(timeMs + MINUTE_MS) * perMs - 1n);
    if (fields[at] === needed) return null;
    return {
      what: `close time is ${JSON.stringify(fields[at]!.slice(0, 40))}, ${needed} is needed (one minute)`,
      field: at,
    };
  }
}

function numbersOf(fields: readonly string[]): number[] | RowProblem {
  const values: number[] = [];
  for (const [field, name] of COLUMNS.entries()) {
    if (field === 0) continue;
    const text = fields[field]!;
    const value = plainDecimal(text) === null ? Number.NaN : Number(text);
    if (!Number.isFinite(value))
      return { what: `${name} is ${JSON.stringify(text.slice(0, 40))}, a decimal number is needed`, field };
    if (name === "volume" ? value < 0 : value <= 0) {
      return { what: `${name} is ${text}, ${name === "volume" ? "0 or more" : "more than 0"} is needed`, field };
    }
    values.push(value);
  }
  const [open, high, low, close] = values as [number, number, number, number];
  const [, , highText, lowText] = fields;
  if (high < low)
    return { what: `high ${highText} is below low ${lowText}, the highest price of the minute is needed`, field: 2 };
  if (open > high || close > high)
    return { what: `high ${highText} is below open or close, the highest price is needed`, field: 2 };
  if (open < low || close < low)
    return { what: `low ${lowText} is above open or close, the lowest price is needed`, field: 3 };
  return values;
}

/** Column of a field in its line, 1-based: what editors count. */
export function columnOf(fields: readonly string[], field: number): number {
  return fields.slice(0, field).reduce((column, text) => column + text.length + 1, 1);
}
