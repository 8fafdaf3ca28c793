import { readFileSync } from "node:fs";
import { type Problem, UserError } from "../../diagnostics/user-error.ts";
import { type StrategyChoice, strategySchema } from "../../sim/strategies/index.ts";

type Given = Extract<StrategyChoice, { name: "replay" }>;

/**
 * Intents of a file: one JSON object a line, with the keys of a scenario's `replay` strategy.
 *
 * @throws {UserError} with the place of every line that is no intent
 */
export function readIntentFile(file: string): Given {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "an error";
    throw new UserError([
      {
        file,
        text: `Cannot read the intents: the system answers ${code}, a readable file is needed`,
        hint: "or --intents strategy",
      },
    ]);
  }
  const problems: Problem[] = [];
  const intents: unknown[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    try {
      intents.push(JSON.parse(line));
    } catch {
      problems.push({ file, line: index + 1, text: "Cannot read the intent: the line is no JSON", hint: EXAMPLE });
    }
  }
  const parsed = strategySchema.safeParse({ name: "replay", intents });
  if (!parsed.success && problems.length === 0) {
    for (const { path, message } of parsed.error.issues) {
      const place = typeof path[1] === "number" ? lineOf(text, path[1]) : undefined;
      const key = path.slice(2).join(".");
      problems.push({
        file,
        ...(place === undefined ? {} : { line: place }),
        ...(key === "" ? {} : { path: key }),
        text: `Cannot use the intent: ${message}`,
        hint: EXAMPLE,
      });
    }
  }
  if (problems.length > 0 || !parsed.success) throw new UserError(problems);
  return parsed.data as Given;
}

const EXAMPLE = 'such as {"at":"3s","symbol":"BTCUSDT","side":"BUY","confidence":0.7,"sizeUsd":100}';

/** Line of the n-th intent: empty lines are none. */
function lineOf(text: string, place: number): number {
  const lines = text.split("\n").flatMap((line, index) => (line.trim() === "" ? [] : [index + 1]));
  return lines[place] ?? 1;
}
