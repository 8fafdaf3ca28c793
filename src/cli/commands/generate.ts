import { basename, resolve } from "node:path";
import { type Command, Option } from "commander";
import { type Problem, UserError } from "../../diagnostics/user-error.ts";
import type { Shell } from "../shell.ts";

/** What commander hands over: every option has a default except `out`. */
interface GenerateOptions {
  readonly out: string;
  readonly seed: string;
  readonly symbols: string;
  readonly days: string;
  readonly start: string;
  readonly id?: string;
}

/** Room for the symbol index of a market column, with one left for the frozen symbol. */
const SYMBOLS_MAX = 2_000;
const DAYS_MAX = 366;
const MINUTES_PER_DAY = 1_440;

/** `sim generate market`: a seeded market as a recording (docs/generated-market.md). */
export function registerGenerate(program: Command, shell: Shell): void {
  const generate = program.command("generate").description("make recordings from a seed");
  generate
    .command("market")
    .description(
      "a regime-switching market that looks like real one-minute futures data; the same seed, the same bytes",
    )
    .requiredOption("--out <dir>", "new or empty folder of the recording")
    .option("--seed <text>", "every price follows from it", "1")
    .option("--symbols <count>", "tradable symbols; one frozen symbol that is not on the venue is added", "12")
    .option("--days <days>", "length, fractions of a day allowed", "4")
    .option("--start <time>", "UTC time of the first minute", "2026-02-02T00:00:00Z")
    .option("--id <id>", "id in the manifest, the folder's name when absent")
    .action(async (options: GenerateOptions) => {
      const market = readOptions(options);
      const { generateRecording } = await import("../../sim/generate/generate-recording.ts");
      const id = options.id ?? basename(resolve(options.out));
      const { hash, counts } = generateRecording({ dir: options.out, id, ...market });
      const records = Object.entries(counts).map(([stream, count]) => `${count} ${stream}`);
      shell.print(`${options.out}: ${records.join(", ")}; hash ${hash}`);
    });
  registerIncident(generate, shell);
}

const INCIDENTS = ["why-no-execute", "lost-place", "kept-place"] as const;

/** `sim generate incident`: captures behind scenarios/incidents, from the recovered facts. */
function registerIncident(generate: Command, shell: Shell): void {
  generate
    .command("incident")
    .description('the capture of an incident, rebuilt from its recovered facts: "why no EXECUTE?" unless told')
    .requiredOption("--out <dir>", "new or empty folder of the recording")
    .addOption(
      new Option("--which <incident>", "why-no-execute, or a consumer group that lost or kept its place")
        .choices([...INCIDENTS])
        .default("why-no-execute"),
    )
    .action(async (options: { readonly out: string; readonly which: (typeof INCIDENTS)[number] }) => {
      const { writeWhyNoExecute } = await import("../../sim/incidents/why-no-execute.ts");
      const { writeLostPlace } = await import("../../sim/incidents/lost-place.ts");
      const { hash, counts } =
        options.which === "why-no-execute"
          ? writeWhyNoExecute(options.out)
          : writeLostPlace(options.out, options.which === "kept-place");
      const records = Object.entries(counts).map(([stream, count]) => `${count} ${stream}`);
      shell.print(`${options.out}: ${records.join(", ")}; hash ${hash}`);
    });
}

/** All mistakes at once. */
function readOptions(options: GenerateOptions): {
  seed: string;
  symbolCount: number;
  minutes: number;
  startTsMs: number;
} {
  const problems: Problem[] = [];
  const refuse = (option: string, is: string, needed: string): void => {
    problems.push({ text: `Cannot generate a market with ${option}: it is "${is}", ${needed} is needed` });
  };
  const symbolCount = number(options.symbols);
  if (!(Number.isInteger(symbolCount) && symbolCount >= 1 && symbolCount <= SYMBOLS_MAX)) {
    refuse("--symbols", options.symbols, `a whole number from 1 to ${SYMBOLS_MAX}`);
  }
  const minutes = Math.round(number(options.days) * MINUTES_PER_DAY);
  if (!(minutes >= 1 && minutes <= DAYS_MAX * MINUTES_PER_DAY)) {
    refuse("--days", options.days, `a number of days from one minute to ${DAYS_MAX} days`);
  }
  const startTsMs = wholeMinute(options.start);
  if (startTsMs === null) refuse("--start", options.start, 'a whole UTC minute such as "2026-02-02T00:00:00Z"');
  if (options.seed === "") refuse("--seed", options.seed, "a text that is not empty");
  if (problems.length > 0 || startTsMs === null) throw new UserError(problems);
  return { seed: options.seed, symbolCount, minutes, startTsMs };
}

function number(text: string): number {
  return /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
}

function wholeMinute(text: string): number | null {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:00(?:\.000)?Z$/.test(text)) return null;
  const tsMs = Date.parse(text);
  // Date.parse carries 31 February into March; the way back shows it.
  return Number.isFinite(tsMs) && new Date(tsMs).toISOString().startsWith(text.slice(0, 16)) ? tsMs : null;
}
