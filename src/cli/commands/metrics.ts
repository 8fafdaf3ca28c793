import type { Command } from "commander";
import type { Shell } from "../shell.ts";

/** `sim metrics`: what a threshold may name. */
export function registerMetrics(program: Command, shell: Shell): void {
  program
    .command("metrics")
    .description("list the metrics that thresholds may name")
    .option("--json", "one JSON document on stdout")
    .action(async ({ json }: { json?: boolean }) => {
      const { METRICS } = await import("../../reports/metrics.ts");
      const metrics = METRICS.map(({ id, type, unit, description }) => ({ id, type, unit, description }));
      if (json === true) {
        shell.print(JSON.stringify({ schema: "sim.metrics/1", metrics }, null, 2));
        return;
      }
      const idWidth = Math.max(...metrics.map(({ id }) => id.length));
      const unitWidth = Math.max(...metrics.map(({ unit }) => unit.length));
      const lines = metrics.map(({ id, type, unit, description }) => {
        return `${id.padEnd(idWidth)}  ${type.padEnd(12)}  ${unit.padEnd(unitWidth)}  ${description}`;
      });
      shell.print(lines.join("\n"));
    });
}
