import { type Command, Option } from "commander";
import type { Shell } from "../shell.ts";

/** `sim schema`: the JSON Schema of scenario files, comparisons or judged gates; hidden, because users get them as files. */
export function registerSchema(program: Command, shell: Shell): void {
  program
    .command("schema", { hidden: true })
    .description("print the JSON Schema of scenario files, comparisons or judged gates, or write it")
    .option("--out <file>", "file to write instead of stdout")
    .addOption(
      new Option("--of <document>", "what it describes")
        .choices(["scenario", "comparison", "gate", "sweep", "walk-forward", "doctor", "drift", "summary"])
        .default("scenario"),
    )
    .action(async ({ out, of }: { out?: string; of: keyof typeof TEXTS }) => {
      const text = await TEXTS[of]();
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

async function scenarioText(): Promise<string> {
  const { scenarioJsonSchemaText } = await import("../../sim/scenario/json-schema.ts");
  return scenarioJsonSchemaText();
}

async function comparisonText(): Promise<string> {
  const { labComparisonJsonSchemaText } = await import("../../reports/comparison/lab-comparison.ts");
  return labComparisonJsonSchemaText();
}

async function gateText(): Promise<string> {
  const { gateJsonSchemaText } = await import("../../reports/gate/schema.ts");
  return gateJsonSchemaText();
}

async function sweepText(): Promise<string> {
  const { sweepJsonSchemaText } = await import("../../reports/comparison/sweep-document.ts");
  return sweepJsonSchemaText();
}

async function walkForwardText(): Promise<string> {
  const { walkForwardJsonSchemaText } = await import("../../lab/walkforward/walk-forward.ts");
  return walkForwardJsonSchemaText();
}

async function doctorText(): Promise<string> {
  const { doctorJsonSchemaText } = await import("../../reports/doctor/doctor-document.ts");
  return doctorJsonSchemaText();
}

async function driftText(): Promise<string> {
  const { driftJsonSchemaText } = await import("../../reports/drift/drift-document.ts");
  return driftJsonSchemaText();
}

async function summaryText(): Promise<string> {
  const { summaryJsonSchemaText } = await import("../../reports/summary/schema.ts");
  return summaryJsonSchemaText();
}

const TEXTS = {
  scenario: scenarioText,
  comparison: comparisonText,
  gate: gateText,
  sweep: sweepText,
  "walk-forward": walkForwardText,
  doctor: doctorText,
  drift: driftText,
  summary: summaryText,
} as const;
