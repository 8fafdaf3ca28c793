import { stringify } from "yaml";
import { child } from "./json-schema.ts";
import { mergeInput } from "./resolve.ts";
import { parseYaml } from "./yaml-document.ts";

/**
 * A scenario with the measured exchange in the place of its own delays and slippage; everything else stays as written.
 *
 * @param text of a scenario that `parseScenario` accepts
 */
export function calibratedScenarioText(
  text: string,
  measured: {
    readonly recording: string;
    readonly orderTableMs: readonly number[];
    readonly answerTableMs: readonly number[];
    readonly slippageBps: number;
  },
): string {
  const { value } = parseYaml(text, "scenario");
  const durations = (tableMs: readonly number[]) => ({ table: tableMs.map((ms) => `${ms}ms`) });
  const latency = { order: durations(measured.orderTableMs), answer: durations(measured.answerTableMs) };
  const written = child(value, "exchange") ?? {};
  const before = child(written, "latency");
  const kept = typeof before === "object" && before !== null ? before : {};
  const fill = mergeInput(child(written, "fill") ?? {}, { slippageBps: measured.slippageBps });
  return stringify({
    ...(value as object),
    recording: measured.recording,
    exchange: { ...(written as object), latency: { ...kept, ...latency }, fill },
  });
}
