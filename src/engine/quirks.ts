/**
 * The origin's observed defects as named switches, off by default. `profile: origin` turns on those that were live on
 * 2026-02-02; each names the incident it reproduces (pipeline.md sections 0, 1 and 5).
 */
export const QUIRKS = {
  "phantom-position":
    "Harvest never sees a real position and evaluates a built-in LONG (BTC 100, else 50; +5 %, age 3600 s) instead (section 0.1)",
  "unknown-action-loop":
    "A plan without an action becomes action UNKNOWN and circulates apply.plan -> heat gate -> proposal -> apply.plan for 300 s a lap (0.3, I13)",
  "close-self-veto": "The kill score that demands a close may also refuse it (I14)",
  "ledger-never":
    "The ledger is never updated: its reader wants another spelling of `executed` and another field (0.5, I10)",
  "ledger-unsigned": "The ledger stores absolute amounts, so every SHORT mismatches its side (I11)",
  "reconcile-deadlock":
    "Trades of somebody else never reach the ledger, because their evidence has no writer: every close is refused until a close is done (1.10, I12)",
  "intent-tier-dead":
    "The ranker's intent tier reads a top-level `symbol` that is inside the payload, so it never matches (1.9, I4)",
  "add-on-uncapped":
    "A BUY on an open position takes the close path, whose safe quantity is the whole position (0.6, I17)",
  "silent-sell":
    "The bridge drops SELL intents without a trace, because nobody writes the ledger key it asks (1.3, I9)",
  "serial-stall": "Permits wait for the snapshot cycle: one process, one call per symbol (1.9, I2)",
  "permit-race": "Exits also wait 1200 ms for a third permit that nobody writes (I1)",
  "governor-bypass":
    "Entries execute whatever governor and limits say: the executor never reads the governor's permit (I16)",
  "dual-executor": "Two executors consume the same plan and both order (I15)",
  "silent-permit-drop": "P3.3 acknowledges plans outside its allowlist without a permit (1.9, step 2)",
  "snapshot-exception":
    "A missing snapshot raises before the deny permit is written, so the executor waits 8 s for nothing (1.9, step 4)",
  "stale-backlog": "Intents of any age are executed after a restart (I18)",
  "position-level-r": "R_net divides position-level profit by per-unit risk, so it grows with quantity (1.5)",
  "fixed-lot-step": "Safe quantities are rounded half-even to 0.001 for every symbol (1.9, step 7)",
  "fill-not-awaited": "A result says executed after 1.5 s whether the order filled or not (1.12, I31)",
  "inert-kill-switch": "The kill switch compares text with bytes and never fires (1.7, I36)",
  "ungated-frozen-input": "Symbols with a frozen ticker are traded like any other (0.10, I33)",
  "dead-heat-gate":
    "The portfolio heat gate knows FULL_CLOSE but the kernel says FULL_CLOSE_PROPOSED, so nothing is ever downgraded (1.6, S04)",
} as const;

export type Quirk = keyof typeof QUIRKS;

// allow(unordered): a literal whose keys are words, in the order written
export const QUIRK_NAMES = Object.keys(QUIRKS) as Quirk[];

/** What was live at the incident's date; `dual-executor` and `ledger-unsigned` came with later releases. */
export const ORIGIN_QUIRKS: readonly Quirk[] = [
  "phantom-position",
  "unknown-action-loop",
  "close-self-veto",
  "ledger-never",
  "intent-tier-dead",
  "add-on-uncapped",
  "silent-sell",
  "serial-stall",
  "permit-race",
  "governor-bypass",
  "silent-permit-drop",
  "snapshot-exception",
  "stale-backlog",
  "position-level-r",
  "fixed-lot-step",
  "fill-not-awaited",
  "inert-kill-switch",
  "ungated-frozen-input",
  "dead-heat-gate",
];
