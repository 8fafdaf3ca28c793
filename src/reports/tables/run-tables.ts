import { decisionRows } from "../decisions-file.ts";
import { openJournal } from "../journal-file.ts";
import type { VariantRecord } from "../variants/variant-record.ts";
import {
  DECISION_COLUMNS,
  EPISODE_COLUMNS,
  EXIT_COLUMNS,
  INTENT_COLUMNS,
  type Owned,
  ROUND_TRIP_COLUMNS,
  VARIANT_COLUMNS,
} from "./columns.ts";
import type { Cell, ColumnOf, Table, TableName } from "./table.ts";

/** A finished run, as far as its tables need it. */
export interface TabledRun {
  readonly id: string;
  readonly variants: readonly { readonly journal: string; readonly record: VariantRecord }[];
}

/**
 * The tables of runs. Decisions are streamed from the journals, so a million of them cost no memory; the others are made
 * of the records, which are in memory already.
 */
export function runTables(runs: readonly TabledRun[]): readonly Table[] {
  const ofRecords = <Row>(
    name: TableName,
    columns: readonly ColumnOf<Owned<Row>>[],
    rowsOf: (record: VariantRecord) => Iterable<Row>,
  ): Table => ({
    name,
    columns,
    *rows() {
      for (const { id, variants } of runs)
        for (const { record } of variants)
          for (const row of rowsOf(record)) yield cellsOf(columns, { run: id, variant: record.variant, row });
    },
  });
  return [
    { name: "decisions", columns: DECISION_COLUMNS, rows: () => decisionCells(runs) },
    ofRecords("episodes", EPISODE_COLUMNS, ({ judgements }) => judgements),
    ofRecords("intents", INTENT_COLUMNS, ({ intents }) => intents),
    ofRecords("exits", EXIT_COLUMNS, ({ exits }) => exits),
    ofRecords("round_trips", ROUND_TRIP_COLUMNS, ({ roundTrips }) => roundTrips),
    ofRecords("variants", VARIANT_COLUMNS, (record) => [record]),
  ];
}

function* decisionCells(runs: readonly TabledRun[]): Generator<readonly Cell[]> {
  for (const { id, variants } of runs) {
    for (const { journal, record } of variants) {
      for (const entry of openJournal(journal).entries())
        for (const row of decisionRows(entry))
          yield cellsOf(DECISION_COLUMNS, { run: id, variant: record.variant, row });
    }
  }
}

function cellsOf<Row>(columns: readonly ColumnOf<Row>[], row: Row): Cell[] {
  return columns.map(({ read }) => read(row));
}
