/** `time` is milliseconds since 1970 in UTC; `int` and `time` are 64-bit whole numbers in Parquet. */
export type ColumnType = "text" | "int" | "float" | "flag" | "time";

export interface TableColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly isNullable: boolean;
  /** Meaning and unit, for docs/tables.md. */
  readonly meaning: string;
}

export type Cell = string | number | boolean | null;

/** Rows in the order of `columns`. A table is read once. */
export interface Table {
  readonly name: TableName;
  readonly columns: readonly TableColumn[];
  rows(): Iterable<readonly Cell[]>;
}

export const TABLE_NAMES = ["decisions", "episodes", "intents", "exits", "round_trips", "variants"] as const;
export type TableName = (typeof TABLE_NAMES)[number];

/** A column whose cell is read from a row of the source. */
export interface ColumnOf<Row> extends TableColumn {
  readonly read: (row: Row) => Cell;
}

type Reader<Row> = (row: Row) => Cell;

const define =
  (type: ColumnType, isNullable: boolean) =>
  <Row>(name: string, read: Reader<Row>, meaning: string): ColumnOf<Row> => ({ name, type, isNullable, meaning, read });

export const column = {
  text: define("text", false),
  textOrNull: define("text", true),
  int: define("int", false),
  intOrNull: define("int", true),
  float: define("float", false),
  floatOrNull: define("float", true),
  flag: define("flag", false),
  time: define("time", false),
  timeOrNull: define("time", true),
};
