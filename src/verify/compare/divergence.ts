import type { ChainStep } from "../../reports/explain/explanation.ts";
import { explainIntent, explainPlan } from "../../reports/explain/explanation.ts";
import { moneyText } from "../../reports/format.ts";
import { type DecisionRow, type Golden, type GoldenCounts, isState } from "../golden/golden.ts";
import type { SetupChange } from "../golden/setup.ts";
import type { FreshVariant, ToldEvent } from "../replay.ts";
import type { Comparison, Difference } from "./compare.ts";
import { type FieldPair, fieldPairs } from "./fields.ts";

/** Why decisions differ, as far as golden and run can tell. */
export type DivergenceClass = "inputs differ" | "rule differs" | "state differs" | "numeric only" | "extra" | "missing";

/** Everything a person needs about the first difference. */
export interface Divergence {
  readonly class: DivergenceClass;
  readonly recording: string;
  /** 1-based among the decisions of the golden. */
  readonly decision: number;
  readonly ofDecisions: number;
  /** 1-based line of the golden file. */
  readonly goldenLine: number;
  /** `seq` of the golden, of the run for an extra decision. */
  readonly seq: number;
  readonly tsMs: number;
  readonly stage: string;
  readonly type: string;
  readonly event: string | null;
  readonly entry: string | null;
  readonly id: string | null;
  readonly symbol: string | null;
  readonly evalType: string | null;
  /** What differs, and beside it the fields everybody asks for. */
  readonly fields: readonly FieldPair[];
  readonly stateBefore: "equal" | "differs" | "not compared";
  readonly cause: string;
  /** Keys of the scenario that are not what they were, with their lines. */
  readonly changes: readonly SetupChange[];
  /** Last events of the run before it. */
  readonly before: readonly ToldEvent[];
  /** Causes of the decision, from the run; from the golden when the run does not have it. */
  readonly chain: readonly ChainLink[];
  readonly chainOf: "now" | "golden";
  /** Last decision that is the same, `null` when the first one differs. */
  readonly sameUntil: {
    readonly decision: number;
    readonly seq: number;
    readonly tsMs: number;
    readonly text: string;
  } | null;
  /** Differences after this one, by kind. */
  readonly later: Readonly<Record<string, number>>;
  /** All later differences, one line each; only when asked for. */
  readonly laterLines: readonly string[];
  readonly effect: readonly string[];
}

export type ChainLink = Pick<ChainStep, "seq" | "tsMs" | "what" | "text" | "detail">;

export interface DivergenceParts {
  readonly golden: Golden;
  readonly fresh: FreshVariant;
  readonly comparison: Comparison;
  readonly changes: readonly SetupChange[];
  /** The later differences are listed, not only counted. */
  readonly isAll: boolean;
}

const EVENTS_BEFORE = 5;
const CHAIN_MAX = 12;

/** Field names that are shown although they are equal: the reader's first questions. */
const ALWAYS = ["outcome", "reason", "cutoff", "kill_score", "inputs hash"];

/** Explains the first difference; the first of the decisions proper, when measures moved before it. */
export function divergenceOf(parts: DivergenceParts): Divergence {
  const { golden, fresh, comparison, changes, isAll } = parts;
  const { differences } = comparison;
  const first = firstOf(differences, changes.length > 0);
  const row = first.golden ?? first.now;
  const seq = row?.seq ?? first.state!.golden.seq;
  const tsMs = row?.ts ?? first.state!.golden.ts;
  const isNumericBefore = differences[0]!.kind === "numeric" && first.kind !== "numeric";
  const stateBefore = stateBeforeOf(comparison, seq);
  const kind = classOf(parts, first, stateBefore);
  const later = differences.filter((each) => each !== first);
  const nowSeq = first.now?.seq ?? first.state?.now.seq ?? seq;
  const cause = causeOf(parts, first, kind, stateBefore);
  return {
    class: kind,
    recording: fresh.header.recording,
    decision: first.goldenPlace,
    ofDecisions: comparison.goldenDecisions,
    goldenLine: lineOf(golden, first),
    seq,
    tsMs,
    stage: row === null ? "state" : stageOf(row.type),
    type: row?.type ?? "state",
    event: row?.on ?? null,
    entry: row?.entry ?? null,
    id: row?.id ?? null,
    symbol: row?.symbol ?? null,
    evalType: row?.evalType ?? null,
    fields: fieldsOf(first),
    stateBefore,
    cause: isNumericBefore
      ? `${cause}; measures moved before, first at decision ${differences[0]!.goldenPlace}`
      : cause,
    changes,
    before: fresh.events.filter((event) => event.seq < nowSeq).slice(-EVENTS_BEFORE),
    ...chainOf(parts, row),
    sameUntil: sameUntilOf(golden, comparison, first),
    later: countKinds(later),
    laterLines: isAll ? later.map(differenceText) : [],
    effect: effectOf(golden.header.counts, fresh.counts),
  };
}

/** What a changed scenario lets the engine remark at the start is no decision, if there is one that differs. */
function firstOf(differences: readonly Difference[], isSetupChanged: boolean): Difference {
  const told = differences.filter(({ kind }) => kind !== "numeric");
  const isRemark = ({ golden, now }: Difference) => (golden ?? now)?.on === "run.started";
  const decision = isSetupChanged ? told.find((each) => !isRemark(each)) : undefined;
  return decision ?? told[0] ?? differences[0]!;
}

function classOf(
  { golden, fresh, changes }: DivergenceParts,
  first: Difference,
  state: Divergence["stateBefore"],
): DivergenceClass {
  if (first.kind === "numeric") return "numeric only";
  if (first.kind === "missing" || first.kind === "extra") return first.kind;
  if (golden.header.recordingHash !== fresh.header.recordingHash) return "inputs differ";
  if (first.kind === "state" || first.kind === "moved") return "state differs";
  const isSameInputs = first.golden!.inputs === first.now!.inputs;
  if (changes.length > 0) return isSameInputs ? "rule differs" : "inputs differ";
  if (state === "differs") return "state differs";
  return isSameInputs ? "rule differs" : "inputs differ";
}

function causeOf(
  { golden, fresh, changes, comparison }: DivergenceParts,
  first: Difference,
  kind: DivergenceClass,
  stateBefore: Divergence["stateBefore"],
): string {
  const { header } = golden;
  const what = openingOf(first, kind, stateBefore);
  if (header.recordingHash !== fresh.header.recordingHash) {
    const now = `${fresh.header.recording} @${fresh.header.recordingHash.slice(0, 8)}`;
    return `${what} -> another recording: ${header.recording} @${header.recordingHash.slice(0, 8)} is now ${now}`;
  }
  if (changes.length > 0) return `${what} -> ${changesText(changes)}, not the engine`;
  if (first.kind === "missing" && first.golden!.entry !== undefined && !fresh.index.intents.has(first.golden!.entry)) {
    return `${what} -> stream entry ${first.golden!.entry} never reached the engine`;
  }
  if (kind === "state differs" && comparison.firstState !== null && first.kind !== "moved") {
    const { golden: state } = comparison.firstState;
    return `${what} -> state hash differs at seq ${state.seq} (golden line ${lineOfState(golden, state.seq)}): the engine`;
  }
  const version =
    header.engineVersion === fresh.header.engineVersion
      ? ""
      : ` (version ${header.engineVersion} is now ${fresh.header.engineVersion})`;
  return `${what} -> the engine${version}; scenario and recording are the same`;
}

function openingOf(first: Difference, kind: DivergenceClass, stateBefore: Divergence["stateBefore"]): string {
  if (first.kind === "moved") return "same decision, another order";
  switch (kind) {
    case "rule differs":
      return "same inputs, other rule";
    case "inputs differ":
      return "other inputs";
    case "state differs":
      return "other state before";
    case "numeric only":
      return "same outcomes, measures moved";
    case "missing":
      return stateBefore === "differs" ? "a decision is missing, other state before" : "a decision is missing";
    case "extra":
      return stateBefore === "differs" ? "a decision too many, other state before" : "a decision too many";
  }
}

const CHANGES_SHOWN = 3;

/** `governor config "params.entryBase" 1.5 is now 2 (scenario line 41)`. */
export function changesText(changes: readonly SetupChange[]): string {
  const isGovernor = changes.every(({ key }) => key.startsWith("pipeline.governor."));
  const prefix = isGovernor
    ? "pipeline.governor."
    : changes.every(({ key }) => key.startsWith("pipeline."))
      ? "pipeline."
      : "";
  const told = changes.slice(0, CHANGES_SHOWN).map(({ key, before, now, line }) => {
    const place = line === null ? "" : ` (scenario line ${line})`;
    return `"${key.slice(prefix.length)}" ${before} is now ${now}${place}`;
  });
  const more = changes.length > CHANGES_SHOWN ? ` and ${changes.length - CHANGES_SHOWN} more` : "";
  return `${isGovernor ? "governor config" : prefix === "" ? "scenario" : "pipeline config"} ${told.join(", ")}${more}`;
}

function stateBeforeOf(
  { firstState, lastEqualState, statesCompared }: Comparison,
  seq: number,
): Divergence["stateBefore"] {
  if (statesCompared === 0) return "not compared";
  if (firstState !== null && firstState.golden.seq < seq) return "differs";
  return lastEqualState !== null && lastEqualState.seq < seq ? "equal" : "not compared";
}

function fieldsOf({ golden, now, state, kind, goldenPlace, nowPlace }: Difference): FieldPair[] {
  if (state !== null) {
    return [{ field: "state", golden: state.golden.state, now: state.now.state, isEqual: false, isMeasure: false }];
  }
  const order: FieldPair = {
    field: "place",
    golden: String(goldenPlace),
    now: String(nowPlace),
    isEqual: false,
    isMeasure: false,
  };
  if (kind === "moved") return [order];
  const empty: DecisionRow = { seq: 0, ts: (golden ?? now)!.ts, on: "", type: (golden ?? now)!.type };
  const pairs = fieldPairs(golden ?? empty, now ?? empty);
  const terms = new Set(Object.keys({ ...golden?.terms, ...now?.terms }));
  if (golden === null || now === null) {
    const isTold = ({ field }: FieldPair) =>
      ALWAYS.includes(field) || field === "time" || field === "entry" || terms.has(field);
    const isMissing = now === null;
    return pairs
      .filter(isTold)
      .map((pair) => ({ ...pair, ...(isMissing ? { now: "-" } : { golden: "-" }), isEqual: false }));
  }
  return pairs.filter(({ field, isEqual }) => !isEqual || ALWAYS.includes(field) || terms.has(field));
}

function chainOf({ golden, fresh }: DivergenceParts, row: DecisionRow | null): Pick<Divergence, "chain" | "chainOf"> {
  if (row === null) return { chain: [], chainOf: "now" };
  const { header, index } = fresh;
  const { id, entry } = row;
  if (id !== undefined && index.plans.has(id)) {
    return { chain: explainPlan(header, index, id).chain.slice(0, CHAIN_MAX), chainOf: "now" };
  }
  if (id === undefined && entry !== undefined && index.intents.has(entry)) {
    return { chain: explainIntent(header, index, entry).chain.slice(0, CHAIN_MAX), chainOf: "now" };
  }
  const told = golden.rows.flatMap((each): ChainLink[] => {
    if (isState(each) || id === undefined || each.id !== id) return [];
    const detail = [each.symbol, each.evalType, each.reason].filter((part) => part !== undefined).join(" ");
    return [{ seq: each.seq, tsMs: each.ts, what: stageOf(each.type), text: each.outcome ?? each.type, detail }];
  });
  return { chain: told.slice(0, CHAIN_MAX), chainOf: "golden" };
}

function sameUntilOf(golden: Golden, { differences }: Comparison, first: Difference): Divergence["sameUntil"] {
  const decisions = golden.rows.flatMap((row) => (isState(row) ? [] : [row]));
  const other = new Set(differences.map(({ golden: row }) => row));
  const isBetween = first.kind === "extra" || first.kind === "state";
  let place = isBetween ? first.goldenPlace : first.goldenPlace - 1;
  while (place > 0 && other.has(decisions[place - 1]!)) place -= 1;
  const row = decisions[place - 1];
  if (row === undefined) return null;
  const text = [row.type, row.symbol, row.evalType, row.outcome].filter((part) => part !== undefined).join(" ");
  return { decision: place, seq: row.seq, tsMs: row.ts, text };
}

function lineOf(golden: Golden, { golden: row, state, goldenPlace }: Difference): number {
  if (row !== null) return golden.rows.indexOf(row) + 2;
  if (state !== null) return lineOfState(golden, state.golden.seq);
  // An extra decision has no line: that of the decision before it.
  let decisions = 0;
  const place = golden.rows.findIndex((each) => {
    if (!isState(each)) decisions += 1;
    return decisions === Math.max(1, goldenPlace);
  });
  return place + 2;
}

function lineOfState(golden: Golden, seq: number): number {
  return golden.rows.findIndex((row) => isState(row) && row.seq === seq) + 2;
}

function countKinds(differences: readonly Difference[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const { kind } of differences) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([left], [right]) => (left < right ? -1 : 1)));
}

/** One difference on one line. */
export function differenceText({ kind, goldenPlace, golden, now, fields, state }: Difference): string {
  if (state !== null) return `${kind}  seq ${state.golden.seq}  ${state.golden.state} -> ${state.now.state}`;
  const row = (golden ?? now)!;
  const about = [row.type, row.id, row.symbol, row.evalType].filter((part) => part !== undefined).join(" ");
  const told =
    golden === null || now === null
      ? (row.outcome ?? row.reason ?? "")
      : fieldPairs(golden, now)
          .filter(({ field }) => fields.includes(field))
          .map((pair) => `${pair.field} ${pair.golden} -> ${pair.now}`)
          .join(", ");
  return `${kind}  decision ${goldenPlace}  seq ${row.seq}  ${new Date(row.ts).toISOString()}  ${about}  ${told}`.trimEnd();
}

/** `executed 5 -> 31`, `blocked exits 25 -> 0`, `net pnl 3.10 -> -12.40`. */
function effectOf(golden: GoldenCounts, now: GoldenCounts): string[] {
  const executed = ({ results }: GoldenCounts) => (results["FILLED"] ?? 0) + (results["PARTIAL"] ?? 0);
  const lines = [`executed ${executed(golden)} -> ${executed(now)}`];
  for (const [evalType, name] of [
    ["ENTRY", "entries"],
    ["EXIT", "exits"],
    ["UNKNOWN", "of unknown type"],
  ] as const) {
    const key = `${evalType} BLOCKED`;
    const [before, after] = [golden.plans[key] ?? 0, now.plans[key] ?? 0];
    if (before !== after) lines.push(`blocked ${name} ${before} -> ${after}`);
  }
  return [...lines, `net pnl ${signed(golden.netPnlQuote)} -> ${signed(now.netPnlQuote)}`];
}

function signed(amount: string): string {
  const text = moneyText(amount);
  return text.startsWith("-") || text === "0.00" ? text : `+${text}`;
}

const STAGES: Readonly<Record<string, string>> = {
  "intent.rejected": "bridge",
  "plan.published": "governor",
  "permit.granted": "permit",
  "permit.denied": "permit",
  "order.submitted": "order",
  "order.query-requested": "order",
  "result.recorded": "result",
  "ledger.committed": "ledger",
  "position.reconciled": "ledger",
  "snapshot.requested": "snapshot",
  "candidates.ranked": "ranker",
  "stop.moved": "harvest",
  "statistics.published": "statistics",
  "account.sampled": "account",
  "finding.noted": "findings",
};

/** Stage of the pipeline that takes decisions of this type. */
export function stageOf(type: string): string {
  return STAGES[type] ?? type;
}
