import type { JournalEntry } from "../../../src/engine/domain/journal.ts";
import { createFindings, findingsOf } from "../../../src/reports/findings/create-findings.ts";
import type { StudyFacts } from "../../../src/reports/findings/facts/facts.ts";
import { collectRecords } from "../../../src/reports/findings/facts/recording-facts.ts";
import type { Finding } from "../../../src/reports/findings/finding.ts";
import { header, type JournalBuilder, START_TS_MS } from "../journal-builder.ts";

const ask = { explain: (id: string) => `explain ${id}`, at: () => "at", overview: () => "overview" };

export function findingsIn(entries: readonly JournalEntry[], study?: StudyFacts): Finding[] {
  const engine = createFindings({ header: header(), ask, ...(study === undefined ? {} : { study }) });
  for (const entry of entries) engine.observe(entry);
  return engine.report();
}

/** Which codes were seen to fire, and which to stay silent although there was something to judge. */
export const seen = {
  firing: new Set<string>(),
  silent: new Set<string>(),
  /** Names of evidence and first words of commands, by code. */
  evidence: new Map<string, Set<string>>(),
  commands: new Map<string, Set<string>>(),
};

function only(code: string, findings: readonly Finding[], isEmptySource: boolean): Finding[] {
  const ofCode = findings.filter((finding) => finding.code === code);
  for (const { evidence, command } of ofCode) {
    const [names, commands] = [
      seen.evidence.get(code) ?? new Set<string>(),
      seen.commands.get(code) ?? new Set<string>(),
    ];
    for (const name of Object.keys(evidence)) names.add(name);
    seen.evidence.set(code, names);
    seen.commands.set(code, commands.add(command.split(" ")[0]!));
  }
  if (ofCode.length > 0) seen.firing.add(code);
  else if (!isEmptySource) seen.silent.add(code);
  return ofCode;
}

/** Findings of one code in a journal. */
export function found(code: string, built: JournalBuilder, study?: StudyFacts): Finding[] {
  return only(code, findingsIn(built.entries, study), built.entries.length === 0);
}

export type StreamRecord = Readonly<Record<string, unknown>>;

/** A stream record `offsetMs` after the start; `seq` is given by the list. */
export function record(offsetMs: number, stream: string, of: Readonly<Record<string, unknown>>): StreamRecord {
  return { rx: START_TS_MS + offsetMs, s: stream, ...of };
}

export function foundInRecords(code: string, records: readonly StreamRecord[]): Finding[] {
  const collected = collectRecords("rec-test");
  records.forEach((each, index) => {
    collected.observe({ seq: index + 1, ...each });
  });
  collected.facts.isEnded = true;
  return only(code, findingsOf(collected.facts, ask), records.length === 0);
}

export function intentRecord(
  offsetMs: number,
  symbol: string,
  changes: Readonly<Record<string, unknown>> = {},
): StreamRecord {
  const payload = JSON.stringify({ symbol, side: "BUY", entry_price: 316.1, model: "ensemble", ...changes });
  const id = `${START_TS_MS + offsetMs}-0`;
  return record(offsetMs, "trade.intent", { id, fields: { payload, source: "trading-bot" } });
}

export function planRecord(
  offsetMs: number,
  planId: string,
  changes: Readonly<Record<string, string>> = {},
): StreamRecord {
  const fields = { plan_id: planId, symbol: "ZECUSDT", decision: "EXECUTE", side: "BUY", qty: "0.632", ...changes };
  return record(offsetMs, "apply.plan", { id: `${START_TS_MS + offsetMs}-0`, fields });
}

/** The executor's shape, as printed in the incident document. */
export function resultRecord(offsetMs: number, planId: string, details: object, fields: object = {}): StreamRecord {
  const whole = {
    plan_id: planId,
    symbol: "ZECUSDT",
    executed: "true",
    source: "intent_executor",
    timestamp: "1769991686",
  };
  const entry = { ...whole, details: JSON.stringify(details), ...fields };
  return record(offsetMs, "apply.result", { id: `${START_TS_MS + offsetMs}-0`, fields: entry });
}
