import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { VARIANT_RECORD_SCHEMA, type VariantRecord } from "../../reports/variants/variant-record.ts";

/** Finished records by their content's name, each a file that is there whole or not at all. */
export interface RecordStore {
  /** `null` when there is none, or only a damaged one or one of something else. */
  read(key: string, expected: Pick<VariantRecord, "variant" | "seed" | "scenarioHash">): VariantRecord | null;
  write(key: string, record: VariantRecord): void;
}

/** @param folder is made when the first record comes */
export function openRecordStore(folder: string): RecordStore {
  const fileOf = (key: string): string => join(folder, `${key}.json`);
  return {
    read(key, { variant, seed, scenarioHash }) {
      const file = fileOf(key);
      if (!existsSync(file)) return null;
      try {
        const record = JSON.parse(readFileSync(file, "utf8")) as VariantRecord;
        const isWanted = record.variant === variant && record.seed === seed && record.scenarioHash === scenarioHash;
        return record.schema === VARIANT_RECORD_SCHEMA && isWanted ? record : null;
      } catch {
        // It is made again; what cannot be read is worth nothing.
        return null;
      }
    },
    write(key, record) {
      mkdirSync(folder, { recursive: true });
      const part = `${fileOf(key)}.${process.pid}.part`;
      writeFileSync(part, JSON.stringify(record));
      renameSync(part, fileOf(key));
    },
  };
}
