import { mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../diagnostics/user-error.ts";
import { grouped } from "../reports/format.ts";
import { toDataFrame } from "../reports/frames/data-frame.ts";
import { loadRun } from "../reports/tables/load-run.ts";
import { runTables } from "../reports/tables/run-tables.ts";
import type { Table } from "../reports/tables/table.ts";
import { writeCsv } from "../reports/tables/write-csv.ts";
import { writeParquet } from "../reports/tables/write-parquet.ts";
import type { ReportCommandOptions, TableFormat } from "./commands/report.ts";
import type { FinishedRun } from "./finished-runs.ts";
import type { Shell } from "./shell.ts";

interface WrittenTable {
  readonly table: string;
  readonly rows: number;
  readonly file: string;
}

/** `sim report --tables` and `--frames`. */
export async function tablesCommand(
  runs: readonly FinishedRun[],
  options: ReportCommandOptions,
  shell: Shell,
): Promise<void> {
  const tables = runTables(runs.map(({ folder }) => loadRun(folder)));
  if (options.tables !== undefined) {
    const { tables: dir, format } = options;
    const written = tables.map((table) => writeTable(table, dir, format));
    shell.print(
      options.json === true
        ? JSON.stringify({ schema: "sim.tables/1", format, tables: written }, null, 2)
        : written.map(({ file, rows }) => `${file}  ${grouped(rows)} rows`).join("\n"),
    );
    return;
  }
  const frames = [];
  for (const table of tables) frames.push({ name: table.name, frame: await toDataFrame(table) });
  shell.print(
    options.json === true
      ? JSON.stringify({
          schema: "sim.frames/1",
          frames: frames.map(({ name, frame }) => ({ name, rows: frame.shape[0], columns: frame.columns })),
        })
      : frames
          .map(({ name, frame }) => `${name}  ${grouped(frame.shape[0])} x ${frame.shape[1]}\n${frame.toString()}`)
          .join("\n\n"),
  );
}

/** Under its name all at once or not at all; a table of an earlier time is replaced. */
function writeTable(table: Table, dir: string, format: TableFormat): WrittenTable {
  const file = join(dir, `${table.name}.${format}`);
  const part = `${file}.${process.pid}.part`;
  try {
    mkdirSync(dir, { recursive: true });
    const rows = format === "csv" ? writeCsv(table, part) : writeParquet(table, part);
    renameSync(part, file);
    return { table: table.name, rows, file };
  } catch (cause) {
    removeIfThere(part);
    if (!isDiskError(cause)) throw cause;
    const text = `Cannot write table ${file}: the disk says ${cause.code}, a writable folder with room is needed`;
    throw new UserError([{ text, hint: "--tables DIR chooses another folder" }], undefined, { cause });
  }
}

/** Below a file there is nothing to remove, which `rm` takes for an error of its own. */
function removeIfThere(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // What cannot be there need not go; the error that brought us here is the one to tell.
  }
}

function isDiskError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).code === "string" && "syscall" in error;
}
