import { createInterface } from "node:readline/promises";
import type { Shell } from "../shell.ts";

/** Asks a person at a terminal; anything but yes is no. */
export async function askToStart(shell: Shell): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: shell.stderr });
  try {
    return /^y(es)?$/i.test((await lines.question(" start? [y/N] ")).trim());
  } finally {
    lines.close();
  }
}
