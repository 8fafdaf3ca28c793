import type { Command } from "commander";
import type { Shell } from "../shell.ts";

interface ListOptions {
  readonly json?: boolean;
}

/** `sim governors` and `sim rankers`: what can be chosen by name, with its parameters and defaults. */
export function registerPlugIns(program: Command, shell: Shell): void {
  program
    .command("governors")
    .description("list the governors: what decides whether a plan may run")
    .option("--json", "one JSON document on stdout")
    .action(async ({ json }: ListOptions) => {
      const { governorCatalogue, catalogueText } = await import("../plug-in-catalogue.ts");
      const entries = governorCatalogue();
      shell.print(
        json === true
          ? JSON.stringify({ schema: "sim.governors/1", governors: entries }, null, 2)
          : catalogueText(entries),
      );
    });
  program
    .command("rankers")
    .description("list the candidate rankers: what decides which symbols get a snapshot")
    .option("--json", "one JSON document on stdout")
    .action(async ({ json }: ListOptions) => {
      const { rankerCatalogue, catalogueText } = await import("../plug-in-catalogue.ts");
      const entries = rankerCatalogue();
      shell.print(
        json === true ? JSON.stringify({ schema: "sim.rankers/1", rankers: entries }, null, 2) : catalogueText(entries),
      );
    });
}
