import { bridgePlanId } from "../../engine/formulas/plan-id.ts";
import { parseIntent } from "../../engine/pipeline/intent-codec.ts";
import { parseApplyResult } from "../../engine/portfolio/apply-result.ts";
import { type Entry, numberOf, readEntry, textFields, textOf } from "./entry-fields.ts";
import type { Inspection } from "./inspection.ts";
import { nearIds } from "./near-ids.ts";

type Joins = Inspection["joins"];
type Pair = Joins["pairs"][number];

/** Ids held of each kind; what comes after them is counted as left out. */
const IDS_KEPT = 1_000_000;
const NEAR_LISTED = 100;
const PLAN_STREAMS: ReadonlySet<string> = new Set(["apply.plan", "apply.plan.manual"]);
const ID_STREAMS: ReadonlySet<string> = new Set([
  "harvest.proposal",
  "harvest.calibrated",
  "portfolio.gate",
  "apply.heat.observed",
]);
const PERMIT_KEY = /^quantum:permit:(?:p33:|p26:)?([^:]+)$/;
const LEDGER_KEY = /^quantum:(?:position:)?ledger:/;
const LEDGER_STREAMS: ReadonlySet<string> = new Set(["ledger", "position.ledger"]);

/** Where an id was seen first. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

/**
 * Which records of the pipeline belong together, and which stand alone.
 *
 * - intent to plan: the plan has the id that the bridge makes of the intent (entry id, symbol, side, quantity), or both
 *   carry one trace id
 * - plan to permit and plan to result: by plan id; permits are a stream, or keys `quantum:permit:...` that were read
 * - result to ledger: by plan id or order id, for results that were executed
 */
export class JoinTally {
  readonly #intents = new Ids();
  readonly #intentTraces = new Map<string, string>();
  readonly #plans = new Ids();
  /** Plans of the bridge: only these come from an intent. */
  readonly #bridgePlans = new Ids();
  readonly #planTraces = new Set<string>();
  readonly #permits = new Ids();
  readonly #results = new Ids();
  readonly #executed = new Ids();
  readonly #orderIds = new Map<string, readonly string[]>();
  readonly #ledger = new Ids();
  readonly #mentions = new Ids();
  #unusableIntents = 0;

  add(stream: string, record: Readonly<Record<string, unknown>>, { fields, body }: Entry, place: Place): void {
    const key = textOf(record["key"] ?? fields["key"]);
    const planId = textOf(fields["plan_id"]);
    if (stream === "trade.intent") this.#intent(textOf(record["id"]), fields, place);
    else if (PLAN_STREAMS.has(stream)) {
      this.#plans.add(planId, place);
      const trace = textOf(fields["trace_id"]);
      if (trace !== "" && this.#planTraces.size < IDS_KEPT) this.#planTraces.add(trace);
      if (fields["source"] === "intent_bridge" || (fields["action"] === undefined && numberOf(fields["qty"]) > 0)) {
        this.#bridgePlans.add(planId, place);
      }
    } else if (stream === "apply.permit" || PERMIT_KEY.test(key)) {
      // A look that found no such key is a record too.
      if (record["event"] === "absent") return;
      this.#permits.add(planId === "" ? (PERMIT_KEY.exec(key)?.[1] ?? "") : planId, place);
    } else if (stream === "apply.result") this.#result(fields, place);
    else if (LEDGER_STREAMS.has(stream) || LEDGER_KEY.test(key)) {
      const value = parseValue(record["value"]);
      for (const name of ["plan_id", "last_result_plan_id", "last_order_id", "order_id"]) {
        const id = value?.[name] ?? body?.[name] ?? fields[name];
        this.#ledger.add(typeof id === "number" ? String(id) : textOf(id), place);
      }
    } else if (ID_STREAMS.has(stream)) this.#mentions.add(planId, place);
  }

  summary(): Joins {
    const planTraces = this.#planTraces;
    const fromIntent = (id: string) =>
      this.#plans.has(id) || planTraces.has(this.#intentTraces.get(id) ?? "\0no trace");
    const inLedger = (id: string) =>
      this.#ledger.has(id) || (this.#orderIds.get(id) ?? []).some((orderId) => this.#ledger.has(orderId));
    const pairs = [
      pairOf("intent -> plan", this.#intents, this.#plans, fromIntent),
      pairOf("plan -> permit", this.#plans, this.#permits, (id) => this.#permits.has(id)),
      pairOf("plan -> result", this.#plans, this.#results, (id) => this.#results.has(id)),
      pairOf("result -> ledger", this.#executed, this.#ledger, inLedger),
      pairOf("plan <- intent", this.#bridgePlans, this.#intents, (id) => this.#intents.has(id)),
      pairOf("plan <- permit", this.#permits, this.#plans, (id) => this.#plans.has(id)),
      pairOf("plan <- result", this.#results, this.#plans, (id) => this.#plans.has(id)),
    ].filter((pair) => pair !== null);
    const groups = [this.#plans, this.#permits, this.#results, this.#mentions];
    const all = new Set(groups.flatMap((ids) => [...ids.keys()]));
    // An id that several streams know is spelled as it should be; one that stands alone may be a misspelling.
    const strays = [...all].filter((id) => groups.filter((ids) => ids.has(id)).length === 1);
    const near = groups.filter(({ size }) => size > 0).length < 2 ? [] : nearIds(strays, all);
    const dropped = [this.#intents, this.#ledger, ...groups].reduce((sum, ids) => sum + ids.dropped, 0);
    return {
      pairs,
      orphans: pairs.reduce((sum, { records, joined }) => sum + records - joined, 0),
      unusableIntents: this.#unusableIntents,
      nearIds: near.slice(0, NEAR_LISTED).map((pair) => ({ ...pair, ...this.#placeOf(pair.id, groups) })),
      nearIdCount: near.length,
      idsLeftOut: dropped,
    };
  }

  #placeOf(id: string, groups: readonly Ids[]): Place {
    return groups.map((ids) => ids.placeOf(id)).find((place) => place !== undefined) ?? { file: "", line: 0 };
  }

  #intent(entryId: string, fields: Readonly<Record<string, unknown>>, place: Place): void {
    const parsed = parseIntent(entryId, textFields(fields));
    if (!parsed.ok) {
      this.#unusableIntents++;
      return;
    }
    const { symbol, side, qty } = parsed.intent;
    const id = bridgePlanId(entryId, symbol, side, qty);
    this.#intents.add(id, place);
    const trace = textOf(fields["trace_id"]);
    if (trace !== "" && this.#intentTraces.size < IDS_KEPT) this.#intentTraces.set(id, trace);
  }

  #result(fields: Readonly<Record<string, unknown>>, place: Place): void {
    const parsed = parseApplyResult(textFields(fields));
    const planId = parsed.ok ? parsed.result.planId : textOf(fields["plan_id"]);
    this.#results.add(planId, place);
    if (!parsed.ok || !parsed.result.isExecuted) return;
    this.#executed.add(planId, place);
    const orderIds = parsed.result.orders.flatMap(({ orderId }) => (orderId === null ? [] : [orderId]));
    if (this.#orderIds.size < IDS_KEPT) this.#orderIds.set(planId, orderIds);
  }
}

/** Value of a key that was read: JSON, where the pipeline wrote it as such. */
function parseValue(value: unknown): Readonly<Record<string, unknown>> | null {
  return readEntry({ payload: value }).body;
}

/** `null` when one of the two streams is not recorded: then nothing can be said about it. */
function pairOf(name: string, from: Ids, to: Ids, isJoined: (id: string) => boolean): Pair | null {
  if (from.size === 0 || to.size === 0) return null;
  let joined = 0;
  let firstOrphan: Pair["firstOrphan"] = null;
  for (const [id, place] of from.entries()) {
    if (isJoined(id)) joined++;
    else firstOrphan ??= { id, ...place };
  }
  return { name, records: from.size, joined, share: joined / from.size, firstOrphan };
}

/** Different ids with the place where each was seen first. */
class Ids {
  readonly #places = new Map<string, Place>();
  dropped = 0;

  add(id: string, place: Place): void {
    if (id === "" || this.#places.has(id)) return;
    if (this.#places.size >= IDS_KEPT) this.dropped++;
    else this.#places.set(id, place);
  }

  has(id: string): boolean {
    return this.#places.has(id);
  }

  placeOf(id: string): Place | undefined {
    return this.#places.get(id);
  }

  get size(): number {
    return this.#places.size;
  }

  keys(): IterableIterator<string> {
    return this.#places.keys();
  }

  entries(): IterableIterator<[string, Place]> {
    return this.#places.entries();
  }
}
