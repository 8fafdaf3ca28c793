import type { Command } from "commander";
import type { Shell } from "../shell.ts";

/** `sim schema`: the JSON Schema of scenario files, for editors; hidden, because users get it as a file. */
export function registerSchema(program: Command, shell: Shell): void {
  program
    .command("schema", { hidden: true })
    .description("print the JSON Schema of scenario files, or write it")
    .option("--out <file>", "file to write instead of stdout")
    .action(async ({ out }: { out?: string }) => {
      const { scenarioJsonSchemaText } = await import("../../sim/scenario/json-schema.ts");
      const text = scenarioJsonSchemaText();
      if (out === undefined) {
        shell.print(text);
        return;
      }
      const { mkdirSync, writeFileSync } = await import("node:fs");
      const { dirname } = await import("node:path");
      mkdirSync(dirname(out), { recursive: true });
      writeFileSync(out, text);
    });
}
