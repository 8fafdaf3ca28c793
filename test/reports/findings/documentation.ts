import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { NOTED_CODES, RULES } from "../../../src/reports/findings/index.ts";
import { seen } from "./helpers.ts";

/** Commands of `ask` in a test, as people type them. */
const COMMANDS: Readonly<Record<string, string>> = {
  explain: "`sim explain ID`",
  at: "`sim explain --symbol S --at T`",
  overview: "`sim doctor RUN`",
};

const list = (names: Iterable<string>) => [...names].map((name) => `\`${name}\``).join(", ");

/** Rows of docs/findings.md as the code has them; evidence and commands are those that the cases gave. */
export function ruleRows(): string[] {
  return RULES.map((rule) => {
    const { code, severity, title, question, needs, incidents, advice } = rule;
    const shown = [...(seen.commands.get(code) ?? [])]
      .map((name) => COMMANDS[name] ?? name)
      .sort()
      .join(", ");
    const from = needs === "any" ? "both" : needs;
    return `| \`${code}\` | ${severity} | ${title}. ${question} | ${from} | ${list([...(seen.evidence.get(code) ?? [])].sort())} | ${shown} | ${advice} | ${incidents.join(", ")} |`;
  });
}

export function notedRows(): string[] {
  return [...NOTED_CODES].map(([code, { meaning, advice, incidents }]) => {
    const teller = RULES.find(({ covers, code: own }) => covers.includes(code) && own !== code)?.code;
    return `| \`${code}\` | ${meaning} | ${teller === undefined ? "" : `\`${teller}\``} | ${advice} | ${incidents.join(", ")} |`;
  });
}

/** First cells of the rows of a table whose first cell is a code. */
export function codesIn(section: string): string[] {
  return [...section.matchAll(/^\| `([^`]+)` \|/gm)].map(([, code]) => code!);
}

const SOURCE = new URL("../../../src/", import.meta.url);

/** Codes in calls that write a finding into the journal: of the engine, the simulated world and live sessions. */
export function sourceCodes(): string[] {
  const codes = new Set<string>();
  for (const folder of ["engine", "sim", "live"]) {
    for (const entry of readdirSync(new URL(`${folder}/`, SOURCE), { recursive: true, withFileTypes: true })) {
      if (!entry.name.endsWith(".ts")) continue;
      const text = readFileSync(join(entry.parentPath, entry.name), "utf8");
      // A finding has a severity beside its code; problems of files and answers of the venue have none.
      for (const [, told] of text.matchAll(/code: ([^,;]+),\s+severity\b/g))
        for (const [, code] of told!.matchAll(/"([a-z_.]+)"/g)) codes.add(code!);
      for (const [, live] of text.matchAll(/\bnote\(\s*["`]([a-z_.]+)/g)) codes.add(`live.${live}`);
    }
  }
  return [...codes].sort();
}
