import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { readVariantRecords } from "../variants/read-record.ts";
import type { TabledRun } from "./run-tables.ts";

/**
 * Reads a finished run for its tables: the records of its variants; decisions stay in their journals.
 *
 * @param folder of the run, as `sim run` left it
 * @throws {UserError} exit 2 when it is no run, exit 14 when a journal cannot be read
 */
export function loadRun(folder: string): TabledRun {
  const alone = join(folder, "journal.ndjson");
  return {
    id: basename(resolve(folder)),
    variants: readVariantRecords(folder).map((record) => ({
      record,
      journal: existsSync(alone) ? alone : join(folder, record.variant, "journal.ndjson"),
    })),
  };
}
