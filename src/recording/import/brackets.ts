import { type LeverageBracket, parseLeverageBrackets } from "../leverage-brackets.ts";
import type { InputFile } from "../manifest.ts";
import { badSource, readJsonSource } from "./source-file.ts";

/**
 * Reads leverage brackets saved as JSON (or JSON.gz) and checks the recurrence of every tier.
 *
 * @throws {UserError} with every symbol whose tiers do not fit together.
 */
export function readBracketsFile(path: string): {
  raw: unknown;
  brackets: ReadonlyMap<string, readonly LeverageBracket[]>;
  input: InputFile;
} {
  const { value, input } = readJsonSource(path, "brackets");
  const { brackets, problems } = parseLeverageBrackets(value);
  if (problems.length > 0) throw badSource(problems.map((problem) => ({ file: path, ...problem })));
  return { raw: value, brackets, input };
}
