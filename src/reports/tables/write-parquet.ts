import { type ColumnSource, fileWriter, ParquetWriter } from "hyparquet-writer";
import type { Cell, Table, TableColumn } from "./table.ts";

type SchemaElement = ConstructorParameters<typeof ParquetWriter>[0]["schema"][number];

/** Rows a row group has: some tens of megabytes while it is made, whatever the length of the table. */
const GROUP_ROWS = 50_000;

const TYPES = {
  text: { type: "BYTE_ARRAY", converted_type: "UTF8" },
  int: { type: "INT64" },
  time: { type: "INT64" },
  float: { type: "DOUBLE" },
  flag: { type: "BOOLEAN" },
} as const satisfies Readonly<Record<TableColumn["type"], Partial<SchemaElement>>>;

/**
 * Writes a table as Parquet, one row group after the other. Columns that are never null are REQUIRED; ids are text, so no
 * reader rounds them; times are INT64 milliseconds.
 *
 * @returns rows written
 */
export function writeParquet({ name, columns, rows }: Table, file: string): number {
  const schema: SchemaElement[] = [
    { name, num_children: columns.length },
    ...columns.map(
      (column): SchemaElement => ({
        name: column.name,
        ...TYPES[column.type],
        repetition_type: column.isNullable ? "OPTIONAL" : "REQUIRED",
      }),
    ),
  ];
  const writer = new ParquetWriter({ writer: fileWriter(file), schema, createdBy: "rehearsal" });
  let count = 0;
  let group: Cell[][] = columns.map(() => []);
  const flush = (): void => {
    const length = group[0]!.length;
    if (length === 0) return;
    const columnData = columns.map(
      (column, place): ColumnSource => ({ name: column.name, data: values(column, group[place]!) }),
    );
    writer.write({ columnData, rowGroupSize: length });
    count += length;
    group = columns.map(() => []);
  };
  for (const row of rows()) {
    for (let place = 0; place < row.length; place++) group[place]!.push(row[place]!);
    if (group[0]!.length >= GROUP_ROWS) flush();
  }
  flush();
  writer.finish();
  return count;
}

function values({ type }: TableColumn, cells: readonly Cell[]): unknown[] {
  if (type !== "int" && type !== "time") return [...cells];
  return cells.map((cell) => (cell === null ? null : BigInt(cell as number)));
}
