import type { DataFrame } from "../frames/data-frame.ts";
import { runTables, type TabledRun } from "./run-tables.ts";
import type { Table, TableName } from "./table.ts";

export { loadRun } from "./load-run.ts";
export { runTables, type TabledRun } from "./run-tables.ts";
export type { Cell, Table, TableColumn, TableName } from "./table.ts";

/** One table of runs as a danfo.js DataFrame. See `toDataFrame`. */
async function frameOf(name: TableName, runs: readonly TabledRun[]): Promise<DataFrame> {
  const { toDataFrame } = await import("../frames/data-frame.ts");
  return toDataFrame(tableOf(name, runs));
}

/** @throws {RangeError} when there is no table of that name */
export function tableOf(name: TableName, runs: readonly TabledRun[]): Table {
  const found = runTables(runs).find((table) => table.name === name);
  if (found === undefined) throw new RangeError(`Cannot make table "${name}": there is none of that name`);
  return found;
}

/** A row for each decision of the journals, in their order. */
export const decisionsFrame = (...runs: readonly TabledRun[]): Promise<DataFrame> => frameOf("decisions", runs);
/** A row for each judged episode. */
export const episodesFrame = (...runs: readonly TabledRun[]): Promise<DataFrame> => frameOf("episodes", runs);
/** A row for each intent, with how it ended. */
export const intentsFrame = (...runs: readonly TabledRun[]): Promise<DataFrame> => frameOf("intents", runs);
/** A row for each position from flat to flat. */
export const roundTripsFrame = (...runs: readonly TabledRun[]): Promise<DataFrame> => frameOf("round_trips", runs);
/** A row for each variant: its counts, its money, its metrics. */
export const variantsFrame = (...runs: readonly TabledRun[]): Promise<DataFrame> => frameOf("variants", runs);
