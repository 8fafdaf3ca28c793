import { numberOf, readEntry, textOf } from "../../../recording/inspect/entry-fields.ts";
import { readLeniently } from "../../../recording/inspect/read-leniently.ts";
import { orderOf } from "../../../recording/inspect/record-check.ts";
import type { PartGroup } from "../../../recording/manifest.ts";
import { partsOf, readManifest } from "../../../recording/reader.ts";
import { MARKET_STREAMS } from "../../../recording/stream-rank.ts";
import { Facts, type StudyFacts } from "./facts.ts";
import { readIntent } from "./intent-entry.ts";
import { readPlan } from "./plan-entry.ts";
import { addResult } from "./result-entry.ts";

type RawRecord = Readonly<Record<string, unknown>>;

const BACKLOG_MS = 120_000;
const MARKET: ReadonlySet<string> = new Set<string>(MARKET_STREAMS);
const INTERRUPTED: ReadonlySet<string> = new Set(
  "gap disconnect reconnect restart clock-step trimmed silence torn".split(" "),
);

export interface RecordingFacts {
  readonly facts: Facts;
  /** One record, in the order received. */
  observe(record: RawRecord): void;
}

/** Collects facts of stream records, one by one; what is unreadable in a record counts as not said. */
export function collectRecords(name: string, study: StudyFacts | null = null): RecordingFacts {
  const facts = new Facts({ kind: "recording", name, quirks: [], recording: name, engineVersion: null }, study);

  function onInput(stream: string, record: RawRecord, tsMs: number): void {
    switch (stream) {
      case "trade.intent": {
        const { fields } = readEntry(record);
        const intent = readIntent(textOf(record["id"]), fields, tsMs, "untold");
        facts.intents.add(intent, BACKLOG_MS, facts.execution.held.get(intent.symbol ?? "") ?? 0);
        if (intent.symbol !== null && intent.price !== null) facts.streams.intentPrice(intent.symbol, intent.price);
        return;
      }
      case "apply.plan": {
        const plan = readPlan(readEntry(record).fields, tsMs);
        if (plan === null) return;
        facts.plans.add(plan);
        const { planId, symbol, decision, evalType } = plan;
        facts.execution.plan({ planId, symbol, decision, isEntry: evalType === "ENTRY", refusedBy: null, tsMs });
        return;
      }
      case "apply.result":
        addResult(facts, readEntry(record).fields, tsMs);
        return;
      case "reconcile.events": {
        const symbol = textOf(readEntry(record).fields["symbol"]) || "no symbol";
        facts.streams.reconciliations.set(symbol, (facts.streams.reconciliations.get(symbol) ?? 0) + 1);
        return;
      }
      case "redis.group":
        onGroup(record, tsMs);
        return;
      case "redis.key":
        facts.streams.key(textOf(record["key"]), textOf(record["event"]), textOf(record["code"]));
        return;
      default:
        return;
    }
  }

  function onGroup(record: RawRecord, tsMs: number): void {
    const stream = textOf(record["redisStream"]);
    const group = textOf(record["group"]);
    const lag = numberOf(record["lag"]);
    facts.streams.groups.set(`${stream} ${group}`, {
      stream,
      group,
      exists: record["exists"] !== false,
      lag: Number.isFinite(lag) ? lag : null,
      pending: countOf(record["pending"]),
      consumers: countOf(record["consumers"]),
      tsMs,
    });
  }

  return {
    facts,
    observe(record) {
      const stream = textOf(record["s"]);
      const order = orderOf(record);
      if (stream === "" || order === undefined) return;
      const tsMs = order.rxMs;
      facts.seen(tsMs);
      if (MARKET.has(stream)) {
        const price = numberOf(record["p"]);
        if (Number.isFinite(price)) facts.streams.price(textOf(record["sym"]), price, tsMs);
        return;
      }
      if (INTERRUPTED.has(stream)) {
        const lengthMs = numberOf(record["endTsMs"]) - numberOf(record["startTsMs"]);
        const missing = countOf(record["missing"]);
        facts.streams.interrupted(stream, tsMs, missing, Number.isFinite(lengthMs) ? lengthMs : 0);
        return;
      }
      facts.streams.spoke(stream, tsMs);
      onInput(stream, record, tsMs);
    },
  };
}

function countOf(value: unknown): number {
  return Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : 0;
}

/**
 * Facts of a recording on disk, damaged or not: prices and inputs in the order they were received.
 *
 * @throws {UserError} when the manifest is unusable; damage of parts leaves its records out.
 */
export function readRecordingFacts(dir: string, study: StudyFacts | null = null): Facts {
  const collected = collectRecords(readManifest(dir).id, study);
  const streams = [recordsOf(dir, "market"), recordsOf(dir, "inputs")];
  const heads = streams.map((stream) => stream.next());
  for (;;) {
    let earliest = -1;
    heads.forEach((head, index) => {
      if (head.done === true) return;
      if (earliest < 0 || placeOf(head.value) < placeOf(heads[earliest]!.value as RawRecord)) earliest = index;
    });
    if (earliest < 0) break;
    collected.observe(heads[earliest]!.value as RawRecord);
    heads[earliest] = streams[earliest]!.next();
  }
  collected.facts.isEnded = true;
  return collected.facts;
}

/** Records without a place go first: they are looked at and left out. */
function placeOf(record: RawRecord): number {
  return orderOf(record)?.seq ?? -1;
}

function* recordsOf(dir: string, group: PartGroup): Generator<RawRecord, void, undefined> {
  for (const part of partsOf(readManifest(dir), group)) {
    const ignored = () => {};
    for (const { record } of readLeniently(dir, part, ignored, ignored)) yield record;
  }
}
