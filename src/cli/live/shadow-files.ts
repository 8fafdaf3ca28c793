import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { JournalEntry, JournalHeader } from "../../engine/domain/journal.ts";
import { isRoutine } from "../../engine/domain/journal.ts";
import { createJournalWriter } from "../../reports/journal-file.ts";

export interface ShadowFile {
  readonly name: string;
  readonly folder: string;
  append(entry: JournalEntry): void;
  close(): void;
}

/** The journal of one shadow, as a simulated run writes it. */
export function openShadowFile(sessionFolder: string, name: string, header: JournalHeader): ShadowFile {
  const folder = join(sessionFolder, "shadows", name);
  mkdirSync(folder, { recursive: true });
  const descriptor = openSync(join(folder, "journal.ndjson"), "w");
  const journal = createJournalWriter(header, (chunk) => void writeSync(descriptor, chunk));
  return {
    name,
    folder,
    append: (entry) => {
      if (!isRoutine(entry)) journal.append(entry);
    },
    close: () => {
      journal.flush();
      closeSync(descriptor);
    },
  };
}
