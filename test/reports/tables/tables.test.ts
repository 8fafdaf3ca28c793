import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { toDataFrame } from "../../../src/reports/frames/data-frame.ts";
import { loadRun } from "../../../src/reports/tables/load-run.ts";
import { runTables } from "../../../src/reports/tables/run-tables.ts";
import { type Cell, TABLE_NAMES, type Table } from "../../../src/reports/tables/table.ts";
import { writeCsv } from "../../../src/reports/tables/write-csv.ts";
import { writeParquet } from "../../../src/reports/tables/write-parquet.ts";
import { ensureBuilt, runSim } from "../../built-cli.ts";
import { repositoryPath } from "../../sim/run/run-helpers.ts";

let folder = "";
let run = "";
let tables: readonly Table[] = [];

beforeAll(async () => {
  await ensureBuilt();
  folder = mkdtempSync(join(tmpdir(), "rehearsal-tables-"));
  const scenario = repositoryPath("scenarios/regime-flip.yaml");
  await runSim(["run", scenario, "--to", "30h", "--variant", "z-score,formula", "--no-report"], { cwd: folder });
  run = join(folder, "sim-out", readdirSync(join(folder, "sim-out"))[0]!);
  tables = runTables([loadRun(run)]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const tableOf = (name: string): Table => tables.find((table) => table.name === name)!;

/** RFC 4180, read by another hand than the writer's. */
function readCsv(text: string): (string | null)[][] {
  const rows: (string | null)[][] = [];
  let row: (string | null)[] = [];
  let place = 0;
  while (place < text.length) {
    if (text[place] === '"') {
      let cell = "";
      place += 1;
      for (;;) {
        const end = text.indexOf('"', place);
        cell += text.slice(place, end);
        place = end + 1;
        if (text[place] !== '"') break;
        cell += '"';
        place += 1;
      }
      row.push(cell);
    } else {
      const found = /[,\n]/.exec(text.slice(place))!.index + place;
      row.push(found === place ? null : text.slice(place, found));
      place = found;
    }
    if (text[place] === "\n") {
      rows.push(row);
      row = [];
    }
    place += 1;
  }
  return rows;
}

describe("the tables of a run", () => {
  test("are six, each with rows, each cell of the type its column promises", () => {
    expect(tables.map(({ name }) => name)).toEqual([...TABLE_NAMES]);
    const kinds = { text: "string", int: "number", time: "number", float: "number", flag: "boolean" } as const;
    for (const { name, columns, rows } of tables) {
      let count = 0;
      for (const row of rows()) {
        count += 1;
        expect(row.length).toBe(columns.length);
        row.forEach((cell, place) => {
          const { name: columnName, type, isNullable } = columns[place]!;
          const where = `${name}.${columnName} row ${count}`;
          if (cell === null) expect(isNullable, where).toBe(true);
          else expect(typeof cell, where).toBe(kinds[type]);
          if (type === "int" || type === "time") expect(cell === null || Number.isSafeInteger(cell), where).toBe(true);
        });
      }
      expect(count, name).toBeGreaterThan(1);
    }
  });

  test.each([...TABLE_NAMES])(
    "%s as Parquet reads back cell by cell, ids as text, times as whole milliseconds",
    async (name) => {
      const table = tableOf(name);
      const file = join(folder, `${name}.parquet`);
      const rows = [...table.rows()];
      expect(writeParquet(table, file)).toBe(rows.length);
      const buffer = await asyncBufferFromFile(file);
      const { schema } = await parquetMetadataAsync(buffer);
      for (const [place, column] of table.columns.entries()) {
        expect(schema[place + 1]).toMatchObject({
          name: column.name,
          repetition_type: column.isNullable ? "OPTIONAL" : "REQUIRED",
        });
      }
      const read = await parquetReadObjects({ file: buffer });
      expect(read.length).toBe(rows.length);
      read.forEach((object, index) => {
        const cells = table.columns.map(({ name: key }) => {
          const cell = object[key];
          return typeof cell === "bigint" ? Number(cell) : (cell ?? null);
        });
        expect(cells).toEqual(rows[index]);
      });
    },
  );

  test.each([...TABLE_NAMES])("%s as CSV reads back cell by cell, an absent value unlike an empty one", (name) => {
    const table = tableOf(name);
    const file = join(folder, `${name}.csv`);
    writeCsv(table, file);
    const [head, ...read] = readCsv(readFileSync(file, "utf8"));
    expect(head).toEqual(table.columns.map((column) => column.name));
    const rows = [...table.rows()];
    expect(read.length).toBe(rows.length);
    read.forEach((cells, index) => {
      const typed = cells.map((cell, place): Cell => {
        const { type } = table.columns[place]!;
        if (cell === null || type === "text") return cell;
        return type === "flag" ? cell === "true" : Number(cell);
      });
      expect(typed).toEqual(rows[index]);
    });
  });

  test("let no text of a stream become a formula, a further cell or a further row", () => {
    const hostile = ["=cmd|' /C calc'!A0", "+1+1", "@SUM(A1)", "-2+3", "a,b", 'say "x"', "two\nlines", "-12.5", ""];
    const table: Table = {
      name: "decisions",
      columns: [{ name: "text", type: "text", isNullable: false, meaning: "" }],
      rows: () => hostile.map((text) => [text]),
    };
    const file = join(folder, "hostile.csv");
    writeCsv(table, file);
    const read = readCsv(readFileSync(file, "utf8")).slice(1);
    expect(read.map(([cell]) => cell)).toEqual([
      "'=cmd|' /C calc'!A0",
      "'+1+1",
      "'@SUM(A1)",
      "'-2+3",
      "a,b",
      'say "x"',
      "two\nlines",
      "-12.5",
      "",
    ]);
  });
});

describe("a DataFrame of a table", () => {
  test.each(["episodes", "round_trips", "variants", "decisions"])(
    "%s has every cell as our own float64 has it",
    async (name) => {
      const table = tableOf(name);
      const frame = await toDataFrame(table);
      const rows = [...table.rows()];
      expect(frame.shape).toEqual([rows.length, table.columns.length]);
      expect(frame.columns).toEqual(table.columns.map((column) => column.name));
      expect(frame.values.map((cells) => [...cells])).toEqual(rows);
    },
  );
});

describe("sim report --tables", () => {
  test("writes a file for each table and says how many rows", async () => {
    const { code, stdout } = await runSim(["report", run, "--tables", "out", "--format", "csv", "--json"], {
      cwd: folder,
    });
    expect(code).toBe(0);
    const { tables: written } = JSON.parse(stdout) as { tables: { table: string; rows: number; file: string }[] };
    expect(written.map(({ table }) => table)).toEqual([...TABLE_NAMES]);
    expect(readdirSync(join(folder, "out")).sort()).toEqual(TABLE_NAMES.map((name) => `${name}.csv`).sort());
    for (const { table, rows } of written) expect(rows).toBe([...tableOf(table).rows()].length);
  });

  test("names the folder it cannot write to, and leaves nothing half-written", async () => {
    const { code, stderr } = await runSim(["report", run, "--tables", join(run, "z-score", "summary.json")], {
      cwd: folder,
    });
    expect(code).toBe(2);
    expect(stderr).toMatch(/Cannot write table .*decisions\.parquet: the disk says E(NOTDIR|EXIST)/);
  });
});

test("the example script counts what the table says", () => {
  const printed = execFileSync(process.execPath, [repositoryPath("examples/analysis.mjs"), run], { encoding: "utf8" });
  const episodes = tableOf("episodes");
  const at = (name: string) => episodes.columns.findIndex((column) => column.name === name);
  const refused = [...episodes.rows()].filter((row) => row[at("decision")] === "BLOCKED");
  const counts = [...printed.matchAll(/^ {2}\S.* {2}(\d+)$/gm)].map(([, count]) => Number(count));
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(refused.length);
  const decisions = [...tableOf("decisions").rows()].length;
  expect(printed).toContain(`decisions ${decisions} x ${tableOf("decisions").columns.length}`);
});

test("docs/tables.md names every column of every table with its type and meaning", () => {
  const text = readFileSync(repositoryPath("docs/tables.md"), "utf8");
  for (const { name, columns } of tables) {
    const section = text.split(`## ${name}\n`)[1]?.split("\n## ")[0] ?? "";
    for (const column of columns.filter((each) => !each.name.startsWith("m_"))) {
      const type = `${column.type}${column.isNullable ? ", or null" : ""}`;
      expect(section, name).toContain(`| \`${column.name}\` | ${type} | ${column.meaning} |`);
    }
  }
});
