import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { JournalHeader } from "../../src/engine/domain/journal.ts";
import { createJournalWriter } from "../../src/reports/journal-file.ts";
import { header, type JournalBuilder } from "./journal-builder.ts";

/** Text of a journal file. */
export function journalText(built: JournalBuilder, changes: Partial<JournalHeader> = {}): string {
  let text = "";
  const writer = createJournalWriter(header(changes), (chunk) => {
    text += chunk;
  });
  for (const entry of built.entries) writer.append(entry);
  writer.flush();
  return text;
}

/** A run's folder with nothing but journals, by name of variant (`""` alone); gives their places. */
export function writeRun(
  folder: string,
  journals: Readonly<Record<string, string>>,
): { readonly name: string; readonly journal: string }[] {
  return Object.entries(journals).map(([name, text]) => {
    mkdirSync(join(folder, name), { recursive: true });
    const journal = join(folder, name, "journal.ndjson");
    writeFileSync(journal, text);
    return { name, journal };
  });
}
