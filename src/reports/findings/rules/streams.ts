import { durationText, numberText } from "../../format.ts";
import { sorted } from "../facts/count.ts";
import { defineFinding, type Rule } from "../finding.ts";

const LAG_MIN = 1000;
const CONSUMERS_MAX = 16;

/** Readers that are behind, gone, or never came; streams that went quiet. Only a recording shows them. */
export const STREAM_RULES: readonly Rule[] = [
  defineFinding({
    code: "consumer_group_gap",
    severity: "error",
    title: "A consumer group lost its place",
    question: "Does every group know how far it has read, and is that near the end?",
    needs: "recording",
    incidents: ["I20", "I26"],
    advice: "state the start id of each group; on a trimmed place go on at the end and report the range skipped",
    detect({ streams }, ask) {
      return sorted(streams.groups).flatMap(([, { stream, group, exists, lag, pending }]) => {
        const where = `group ${group} on ${stream}`;
        const evidence = { stream, group, lag: lag ?? "unknown", pending };
        const command = ask.overview();
        if (!exists)
          return [{ text: `${where} does not exist: its consumer never came`, evidence, command, weight: 1 }];
        if (lag === null) {
          return [
            {
              text: `${where} has no lag Redis can tell: entries it had not read were trimmed or deleted`,
              evidence,
              command,
              weight: 1,
            },
          ];
        }
        if (lag < LAG_MIN && pending < LAG_MIN) return [];
        const text =
          lag >= LAG_MIN ? `is ${lag} entries behind` : `has ${pending} entries delivered and never acknowledged`;
        return [
          { text: `${where} ${text}`, evidence, command, weight: Math.max(lag, pending), severity: "warn" as const },
        ];
      });
    },
  }),
  defineFinding({
    code: "consumer_ghosts",
    severity: "warn",
    title: "More consumers than anybody runs",
    question: "Are consumers of a group alive?",
    needs: "recording",
    incidents: ["I26"],
    advice: "delete consumers that are idle when a service starts; name them by service, not by process",
    detect({ streams }, ask) {
      return sorted(streams.groups)
        .filter(([, { consumers }]) => consumers >= CONSUMERS_MAX)
        .map(([, { stream, group, consumers }]) => ({
          text: `group ${group} on ${stream} has ${consumers} consumers: most are ghosts of restarts`,
          evidence: { stream, group, consumers },
          command: ask.overview(),
          weight: consumers,
        }));
    },
  }),
  defineFinding({
    code: "entries_trimmed",
    severity: "error",
    title: "Entries were lost before they were recorded",
    question: "Is the recording whole?",
    needs: "recording",
    incidents: ["I20"],
    advice: "what follows from counts over the hole is a lower bound; record with a longer MAXLEN",
    detect({ streams }, ask) {
      return sorted(streams.interruptions)
        .filter(([kind]) => kind === "trimmed" || kind === "torn" || kind === "gap")
        .map(([kind, { count, missing, longestMs }]) => ({
          text: `${count} holes of kind ${kind}: ${missing === 0 ? "an unknown number of" : missing} entries are missing, the longest over ${durationText(longestMs)}`,
          evidence: { kind, holes: count, missing, longestMs },
          command: ask.overview(),
          weight: count,
          severity: kind === "gap" ? ("warn" as const) : ("error" as const),
        }));
    },
  }),
  defineFinding({
    code: "stream_silent",
    severity: "warn",
    title: "A stream missed its beat",
    question: "Does every stream speak as regularly as it always does?",
    needs: "recording",
    incidents: ["I20", "I21", "I22"],
    advice: "a heartbeat per producer, and an alarm after two missed beats",
    detect({ streams, lastTsMs }, ask) {
      return sorted(streams.beats).flatMap(([stream, beat]) => {
        const { periodMs, longest } = beat;
        if (stream === "trade.intent" || periodMs === null || longest === null) return [];
        const tailMs = (lastTsMs ?? 0) - (beat.lastTsMs ?? 0);
        const silenceMs = Math.max(longest.gapMs, tailMs);
        if (silenceMs < 3 * periodMs) return [];
        return [
          {
            text: `${stream} speaks every ${durationText(periodMs)}, but was silent for ${durationText(silenceMs)}`,
            evidence: { stream, periodMs, silenceMs, missed: Math.floor(silenceMs / periodMs) - 1 },
            command: ask.overview(),
            weight: Math.floor(silenceMs / periodMs),
          },
        ];
      });
    },
  }),
  defineFinding({
    code: "intents_at_another_price",
    severity: "error",
    title: "Intents carry the price of another venue",
    question: "Is the price of an intent the mark it will trade at?",
    needs: "recording",
    incidents: ["I23"],
    advice: "size and stop by the prices of the venue that fills; record the basis with the decision",
    detect({ streams: { intentBasisBps } }, ask) {
      const basis = medianAbsolute(intentBasisBps);
      if (intentBasisBps.length < 5 || basis < 50) return [];
      return [
        {
          text: `prices of ${intentBasisBps.length} intents are ${numberText(basis, 3)} bp off the recorded mark at the median`,
          evidence: { intents: intentBasisBps.length, basisBps: basis },
          command: ask.overview(),
          weight: intentBasisBps.length,
        },
      ];
    },
  }),
];

export function medianAbsolute(values: readonly number[]): number {
  const sizes = values.map(Math.abs).sort((left, right) => left - right);
  return sizes[Math.floor(sizes.length / 2)] ?? 0;
}
