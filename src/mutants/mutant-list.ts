/** How a mutant shows: another journal than the original's, two runs that differ, or a rule that must never break. */
export type Catcher = "journal" | "second run" | "invariant";

/** One wrong change of the built program, planted on purpose. */
export interface Mutant {
  readonly name: string;
  /** What the change does wrong, in one sentence. */
  readonly what: string;
  /** Emitted file below dist/, and the text in it that is replaced; it must occur exactly once. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** Scenario file below scenarios/ that meets the changed rule. */
  readonly scenario: string;
  /** Who must catch it. */
  readonly catcher: Catcher;
  /** Decision or event type at which the journals must part first: where the change acts. */
  readonly stage: string;
}

const EDGES = "regression/edges.yaml";
const FLIP = "regime-flip.yaml";

/** Changes that tests of single functions easily miss; each is a line, and each moves what a run decides or books. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: "map-order",
    what: "open positions are evaluated in the reverse of the order in which they were opened",
    file: "engine/pipeline/harvest.js",
    find: "of [...state.positions.open.values()])",
    replace: "of [...state.positions.open.values()].reverse())",
    scenario: EDGES,
    catcher: "journal",
    stage: "plan.published",
  },
  {
    name: "date-now",
    what: "the age of a position is taken from the clock of the machine",
    file: "engine/pipeline/trackers.js",
    find: "(step.tsMs - position.openedTsMs) / 1000",
    replace: "((step.tsMs - position.openedTsMs) + (Date.now() % 100_000) + process.hrtime()[1] % 1000) / 1000",
    scenario: EDGES,
    catcher: "second run",
    stage: "plan.published",
  },
  {
    name: "math-random",
    what: "the delay of an order is drawn from unseeded dice",
    file: "sim/exchange/latency.js",
    find: "this.#stream.lognormal(this.#medianMs, this.#sigma)",
    replace: "this.#medianMs * (0.5 + Math.random())",
    scenario: EDGES,
    catcher: "second run",
    stage: "exchange.order-accepted",
  },
  {
    name: "float-reorder",
    what: "the terms of the kill score are added in another order",
    file: "engine/formulas/kill-score.js",
    find: "const logit = weights.regimeFlip * components.regimeFlip +\n        weights.sigmaSpike * components.sigmaSpike +\n        weights.tsDrop * components.tsDrop +\n        weights.agePenalty * components.agePenalty;",
    replace:
      "const logit = weights.agePenalty * components.agePenalty +\n        weights.tsDrop * components.tsDrop +\n        weights.sigmaSpike * components.sigmaSpike +\n        weights.regimeFlip * components.regimeFlip;",
    scenario: EDGES,
    catcher: "journal",
    stage: "plan.published",
  },
  {
    name: "lost-event",
    what: "every tenth answer of the exchange never reaches the engine",
    file: "sim/run/variant-world.js",
    find: "this.deliver(dueTsMs, item.event);",
    replace: "if ((this.lost = (this.lost ?? 0) + 1) % 10 !== 0) this.deliver(dueTsMs, item.event);",
    scenario: EDGES,
    catcher: "journal",
    stage: "exchange.order-filled became",
  },
  {
    name: "duplicated-event",
    what: "every fill reaches the engine twice",
    file: "sim/run/variant-world.js",
    find: "this.deliver(dueTsMs, item.event);",
    replace:
      'this.deliver(dueTsMs, item.event); if (item.event.type === "exchange.order-filled") this.deliver(dueTsMs, item.event);',
    scenario: EDGES,
    catcher: "journal",
    stage: "became exchange.order-filled",
  },
  {
    name: "off-by-one-threshold",
    what: "one position more than the limit may be opened",
    file: "engine/pipeline/govern.js",
    find: "input.openPositions >= limits.openPositionsMax",
    replace: "input.openPositions > limits.openPositionsMax",
    scenario: EDGES,
    catcher: "journal",
    stage: "plan.published",
  },
  {
    name: "dropped-permit-expiry",
    what: "a permit is granted without an end",
    file: "engine/pipeline/permit-stage.js",
    find: "expiresTsMs: step.tsMs + step.state.policy.permits.permitTtl",
    replace: "expiresTsMs: Number.MAX_SAFE_INTEGER",
    scenario: EDGES,
    catcher: "journal",
    stage: "permit.granted",
  },
  {
    name: "swapped-tie-order",
    what: "of two things due at one instant the one scheduled later comes first",
    file: "sim/time/scheduler.js",
    find: "return left.seq < right.seq;",
    replace: "return left.seq > right.seq;",
    scenario: EDGES,
    catcher: "journal",
    stage: "exchange.order-accepted",
  },
  {
    name: "swapped-rank-order",
    what: "the engine's timers come before what reaches it from outside at the same instant",
    file: "sim/time/scheduler.js",
    find: "return left.rank < right.rank;",
    replace: "return left.rank > right.rank;",
    scenario: "incidents/s09-permits-wait-behind-a-serial-snapshot-cycle.yaml",
    catcher: "journal",
    stage: "finding.noted",
  },
  {
    name: "stale-snapshot-accepted",
    what: "a permit is granted on a snapshot of any age",
    file: "engine/pipeline/permit.js",
    find: "if (snapshot.ageMs > rules.snapshotAgeMax)",
    replace: "if (snapshot.ageMs < 0)",
    scenario: EDGES,
    catcher: "journal",
    stage: "permit.denied",
  },
  {
    name: "fee-sign-exchange",
    what: "the exchange pays commissions instead of taking them",
    file: "venue/account.js",
    find: "account.walletQuote -= feeQuote;\n    account.feesQuote += feeQuote;",
    replace: "account.walletQuote += feeQuote;\n    account.feesQuote += feeQuote;",
    scenario: EDGES,
    catcher: "invariant",
    stage: "exchange's books",
  },
  {
    name: "fee-sign-engine",
    what: "the engine adds commissions to its wallet",
    file: "engine/pipeline/settle.js",
    find: "account.walletQuote += event.realizedPnlQuote - event.feeQuote;",
    replace: "account.walletQuote += event.realizedPnlQuote + event.feeQuote;",
    scenario: EDGES,
    catcher: "journal",
    stage: "account.sampled",
  },
  {
    name: "rounding-direction",
    what: "a taker's price is rounded in the taker's favour",
    file: "venue/liquidity.js",
    find: 'side === "BUY" ? Math.ceil(exactTicks) : Math.floor(exactTicks)',
    replace: 'side === "BUY" ? Math.floor(exactTicks) : Math.ceil(exactTicks)',
    scenario: EDGES,
    catcher: "journal",
    stage: "exchange.order-filled",
  },
  {
    name: "lots-rounded-up",
    what: "half a step of quantity is rounded up instead of to even",
    file: "engine/domain/instrument.js",
    find: "return roundHalfEven(quotient);",
    replace: "return Math.ceil(quotient);",
    scenario: EDGES,
    catcher: "journal",
    stage: "order.submitted",
  },
  {
    name: "funding-sign",
    what: "funding is booked the wrong way round",
    file: "engine/pipeline/settle.js",
    find: "step.state.account.walletQuote += event.amountQuote;",
    replace: "step.state.account.walletQuote -= event.amountQuote;",
    scenario: FLIP,
    catcher: "journal",
    stage: "account.sampled",
  },
  {
    name: "cutoff-turned",
    what: "an entry is blocked below the adaptive cutoff instead of above it",
    file: "engine/governors/z-score.js",
    find: "return killZ > cutoff",
    replace: "return killZ < cutoff",
    scenario: FLIP,
    catcher: "journal",
    stage: "plan.published",
  },
  {
    name: "ledger-unsigned",
    what: "a sale adds to the ledger",
    file: "engine/pipeline/ledger.js",
    find: ": before + pending.deltaQtyLots;",
    replace: ": before + Math.abs(pending.deltaQtyLots);",
    scenario: EDGES,
    catcher: "journal",
    stage: "ledger.committed",
  },
  {
    name: "engine-sees-ahead",
    what: "the engine learns a price before the exchange has it",
    file: "sim/run/market-feed.js",
    find: "const arrivalTsMs = Math.max(this.#engineTsMaxMs, rxMs) +",
    replace: "const arrivalTsMs = Math.max(this.#engineTsMaxMs, rxMs) - 60_000 +",
    scenario: EDGES,
    catcher: "journal",
    stage: "plan.published",
  },
  {
    name: "order-not-reduce-only",
    what: "an exit order may open the opposite position",
    file: "engine/pipeline/execute.js",
    find: "isReduceOnly: plan.isReduceOnly,\n        decisionMarkPrice: mark,",
    replace: "isReduceOnly: false,\n        decisionMarkPrice: mark,",
    scenario: EDGES,
    catcher: "journal",
    stage: "order.submitted",
  },
];
