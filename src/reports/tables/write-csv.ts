import { closeSync, openSync, writeSync } from "node:fs";
import type { Cell, Table } from "./table.ts";

const CHUNK_LENGTH = 1 << 20;
/** A spreadsheet takes text that begins so for a formula; one that a stream sent could call out of it. */
const FORMULA = /^[=+\-@\t\r]/;
const NUMBER = /^-?\d+(\.\d+)?$/;

/**
 * Writes a table as CSV (RFC 4180, UTF-8, line feeds): `null` is an empty field, empty text is `""`, times are
 * milliseconds, floats have all their digits. Text that a spreadsheet would run as a formula gets a leading apostrophe.
 *
 * @returns rows written
 */
export function writeCsv(table: Table, file: string): number {
  const handle = openSync(file, "w");
  let count = 0;
  try {
    let buffer = `${table.columns.map(({ name }) => name).join(",")}\n`;
    const flush = (): void => {
      const bytes = Buffer.from(buffer, "utf8");
      for (let offset = 0; offset < bytes.length; ) offset += writeSync(handle, bytes, offset);
      buffer = "";
    };
    for (const row of table.rows()) {
      buffer += `${row.map(field).join(",")}\n`;
      count += 1;
      if (buffer.length >= CHUNK_LENGTH) flush();
    }
    flush();
  } finally {
    closeSync(handle);
  }
  return count;
}

function field(cell: Cell): string {
  if (cell === null) return "";
  if (typeof cell !== "string") return String(cell);
  const safe = FORMULA.test(cell) && !NUMBER.test(cell) ? `'${cell}` : cell;
  return safe === "" || /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
