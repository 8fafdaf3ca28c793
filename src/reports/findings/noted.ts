/** A code that the engine, the simulated world or a live session writes into the journal itself. */
export interface NotedCode {
  readonly meaning: string;
  readonly advice: string;
  readonly incidents: readonly string[];
}

const noted = (meaning: string, advice: string, ...incidents: string[]): NotedCode => ({ meaning, advice, incidents });

/** The engine's promises in its own words; a test compares them. */
const PROMISES = {
  "intent-conservation": "every trade.intent entry ends in exactly one plan or one named rejection",
  "plan-conservation": "every published plan ends in exactly one result",
  "permit-before-order": "no order without an unexpired permit for the same plan",
  "reduce-only-never-increases": "a reduce-only order never increases the absolute position",
  "position-explained": "the exchange's position equals what own fills explain",
  "monotone-stop": "a protective stop never loosens",
  "kill-range": "the kill score is at least 0.5 and at most what its weights can reach",
  softmax: "the regime probabilities sum to 1",
  "single-executor": "one order per plan id",
  "fresh-inputs": "a decision on synthetic or default input is tainted",
} as const;

const INVARIANT_ADVICE =
  "a promise of the pipeline is broken: read the entry it names before any number of this run; sim verify finds the first one";

/** Every code a journal can carry, whoever notes it; `live.gap.` stands for one code a kind of interruption. */
export const NOTED_CODES: ReadonlyMap<string, NotedCode> = new Map([
  // Of the policy, before the first event.
  [
    "always_blocks",
    noted(
      "a formula leaves no room: nothing it judges ever passes",
      "move the cutoff into the range of its value",
      "I14",
    ),
  ],
  [
    "unreachable_threshold",
    noted("a threshold lies where no score comes, or behind one that acts first", "lower it, or take it out", "I14"),
  ],
  [
    "close_requested_and_refused",
    noted("one score both asks for a close and refuses it", "gate only what increases risk", "I14"),
  ],
  [
    "flip_alone_blocks_entries",
    noted("a regime flip alone scores above the cutoff", "put the cutoff above what one component gives alone", "I14"),
  ],
  // Of intents.
  [
    "stale_intent_executed",
    noted("intents older than the limit are executed", "give the reader an age limit and a start id on restart", "I18"),
  ],
  [
    "frozen_ticker",
    noted("the price of a symbol stands still while intents are made from it", "quarantine the symbol", "I33"),
  ],
  [
    "silent_sell_drop",
    noted("SELL intents vanish without a plan and without a rejection", "write a rejection with a reason", "I9", "I22"),
  ],
  // Of plans.
  [
    "synthetic_position",
    noted("exits are computed from a built-in position", "publish no proposal without a position", "I34"),
  ],
  [
    "causal_cycle",
    noted("a plan's action comes back as its own input", "let the gate read harvest_action, never its output", "I13"),
  ],
  [
    "dead_gate",
    noted("a gate changed nothing in the whole run", "compare the words it waits for with those said", "I13"),
  ],
  [
    "governor_bypassed",
    noted("entries execute although the governor refuses them", "let the executor read the governor's permit", "I16"),
  ],
  [
    "formula_not_a_number",
    noted("a governor's formula gave no finite number, its fallback decided", "guard the term it names in evidence"),
  ],
  [
    "position_without_mark",
    noted(
      "an open position has no mark price: neither stop nor exit can be judged",
      "record marks of every open symbol",
    ),
  ],
  // Of permits and the ranking.
  [
    "permit_missed_by_serial_snapshots",
    noted(
      "a permit came too late because snapshots are taken one by one",
      "ask for all positions in one call",
      "I1",
      "I2",
    ),
  ],
  [
    "add_on_uncapped",
    noted(
      "adding to a position is granted the whole position as safe quantity",
      "cap the position, not the order",
      "I17",
    ),
  ],
  ["dead_tier", noted("a tier of the ranking contributed nothing", "check which field the tier reads", "I4")],
  [
    "needed_never_ranked",
    noted("symbols with intents or positions never got a snapshot", "give them tiers of their own", "I4"),
  ],
  ["snapshot_failed", noted("the exchange did not answer a snapshot request", "look for 429 and for timeouts", "I2")],
  // Of orders.
  [
    "orders_per_plan_above_one",
    noted("two executors consume one plan and both order", "one consumer group, the plan id as client order id", "I15"),
  ],
  [
    "order_capped_by_venue",
    noted("the venue takes at most a part of the quantity in one order", "split it, or size below the venue's limit"),
  ],
  ["order_refused_by_venue", noted("the venue refused an order", "the code says why: docs/exchange.md lists them")],
  [
    "order_outcome_unknown",
    noted("the exchange did not say what became of an order; it is asked", "nothing: the next query settles it", "I31"),
  ],
  [
    "order_outcome_unresolved",
    noted("no query could settle an order", "look at the exchange by hand before anything is sent again", "I31"),
  ],
  [
    "executed_without_fill",
    noted("a result says executed with nothing filled", "wait for a final order state before the result", "I31"),
  ],
  [
    "duplicate_fill",
    noted("a trade was told twice and is booked once", "nothing here; a reader that books both is wrong", "I25"),
  ],
  [
    "fill_without_order",
    noted("a fill arrived for an order that is not in flight", "find who else trades with these ids", "I11", "I12"),
  ],
  ["fill_told_late", noted("the user stream told a fill late", "wait longer, or ask for the order")],
  ["fill_learnt_by_query", noted("the user stream never told a fill; asking did", "renew the listen key; keep asking")],
  // Of the ledger and the position.
  [
    "ledger_never_updates",
    noted("fills never reach the ledger", "let its reader accept what the executor writes", "I10"),
  ],
  ["ledger_differs", noted("ledger and exchange disagree at the end", "judge quantities by the exchange", "I10")],
  [
    "position_adopted",
    noted("a position was open before the run", "nothing: it is told so that nobody takes it for a fill"),
  ],
  [
    "unexplained_delta",
    noted("the position moved without an own fill", "find the other writer on the account", "I11", "I12"),
  ],
  // Of the simulated world.
  ["fault_injected", noted("a fault of the scenario begins to act", "nothing: the scenario asked for it")],
  [
    "depth_break",
    noted("the recorded book of a symbol cannot be followed from here", "treat fills after it as less certain"),
  ],
  // Promises checked on every entry.
  ...Object.entries(PROMISES).map(([name, promise]): [string, NotedCode] => [
    `invariant.${name}`,
    noted(`broken: ${promise}`, INVARIANT_ADVICE),
  ]),
  // Of a live session.
  [
    "live.foreign_symbol",
    noted("the exchange tells of a symbol that is not in the session", "see who else trades here"),
  ],
  ["live.events_waiting", noted("events wait to be judged", "the machine is too slow, or something blocks it", "I26")],
  [
    "live.intents_waiting",
    noted(
      "intents wait to be judged: the source is held back",
      "see how old they are when their turn comes",
      "I18",
      "I26",
    ),
  ],
  ["live.bad_row", noted("a price was left out because it is none", "look at the feed")],
  ["live.journal_behind", noted("entries wait for the disk, nothing is judged until then", "a faster disk", "I30")],
  [
    "live.plans_behind",
    noted("decided entries wait to be published, no intent is judged until then", "look at the Redis server", "I26"),
  ],
  ["live.market_conflated", noted("prices were skipped while the disk was behind", "a faster disk")],
  ["live.gap.", noted("a source was away", "decisions in it rest on what was known before", "I20", "I21")],
]);

/** What is known of a code in a journal; `null` for one that this version does not know. */
export function notedCode(code: string): NotedCode | null {
  return NOTED_CODES.get(code) ?? (code.startsWith("live.gap.") ? NOTED_CODES.get("live.gap.")! : null);
}
