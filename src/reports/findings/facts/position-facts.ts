import { Count, need } from "./count.ts";

interface LedgerFacts {
  fills: number;
  commits: number;
  lagMaxMs: number;
  /** Permits that read no ledger although a fill had come before. */
  readsOfNothing: number;
  reads: number;
  firstFillId: string;
  firstPlanId: string;
}

interface Delta {
  readonly tsMs: number;
  readonly qty: number;
  readonly exchangeQty: number;
}

const DELTAS_KEPT = 50;

/** Ledger against exchange, permits, snapshots and equity. */
export class PositionFacts {
  readonly ledger = new Map<string, LedgerFacts>();
  readonly deltas = new Map<string, { count: number; readonly shown: Delta[] }>();
  /** Ledger and exchange agree in size and differ in sign. */
  readonly flippedSigns = new Count();
  readonly lastByWord = new Map<string, { readonly exchangeQty: number; readonly ledgerQty: number | null }>();
  readonly granted = { count: 0, ageMaxMs: 0 };
  readonly denied = new Count();
  readonly deniedSymbols = new Map<string, Count>();
  readonly deniedAge = { maxMs: 0, planId: "" };
  /** Denials of one symbol by reconciliation in a row, without a fill between. */
  readonly holds = new Map<string, { run: number; longest: number; reason: string; planId: string }>();
  readonly addOns = new Map<string, { count: number; safeQty: number; planQty: number; planId: string }>();
  readonly coverage = {
    cycles: 0,
    neededFresh: 0,
    neededStale: 0,
    neverRanked: new Count(),
    costMaxMs: 0,
    ranker: "",
    firstTsMs: null as number | null,
    /** Rankings while something was held. */
    whileHeld: 0,
    tiers: new Map<string, number>(),
  };
  readonly equity = { openPositions: 0, sampledTsMs: null as number | null, gapMaxMs: 0, atTsMs: 0 };

  filled(symbol: string, orderId: string, planId: string): void {
    const ledger = need(this.ledger, symbol, startLedger);
    ledger.fills += 1;
    if (ledger.fills === 1) Object.assign(ledger, { firstFillId: orderId, firstPlanId: planId });
    const hold = this.holds.get(symbol);
    if (hold !== undefined) hold.run = 0;
  }

  committed(symbol: string, lagMs: number): void {
    const ledger = need(this.ledger, symbol, startLedger);
    ledger.commits += 1;
    ledger.lagMaxMs = Math.max(ledger.lagMaxMs, lagMs);
  }

  ledgerRead(symbol: string, isFound: boolean): void {
    const ledger = need(this.ledger, symbol, startLedger);
    ledger.reads += 1;
    if (!isFound && ledger.fills > 0) ledger.readsOfNothing += 1;
  }

  deny(fact: { planId: string; symbol: string; reason: string; snapshotAgeMs: number | null }): void {
    const { planId, symbol, reason, snapshotAgeMs } = fact;
    this.denied.add(reason, planId);
    need(this.deniedSymbols, reason, () => new Count()).add(symbol, planId);
    if (snapshotAgeMs !== null && snapshotAgeMs > this.deniedAge.maxMs) {
      Object.assign(this.deniedAge, { maxMs: snapshotAgeMs, planId });
    }
    if (!reason.startsWith("reconcile_")) return;
    const hold = need(this.holds, symbol, () => ({ run: 0, longest: 0, reason, planId }));
    hold.run += 1;
    hold.longest = Math.max(hold.longest, hold.run);
  }

  reconciled(symbol: string, delta: Delta, ledgerQty: number | null, isAdoption: boolean): void {
    this.lastByWord.set(symbol, { exchangeQty: delta.exchangeQty, ledgerQty });
    if (ledgerQty !== null && ledgerQty !== 0 && ledgerQty === -delta.exchangeQty) this.flippedSigns.add(symbol);
    if (delta.qty === 0 || isAdoption) return;
    const known = need(this.deltas, symbol, () => ({ count: 0, shown: [] }));
    known.count += 1;
    if (known.shown.length < DELTAS_KEPT) known.shown.push(delta);
  }

  /** A decision that a limit on equity had a say in. */
  judgedEquity(tsMs: number): void {
    const { sampledTsMs, openPositions } = this.equity;
    if (sampledTsMs === null || openPositions === 0) return;
    const gapMs = tsMs - sampledTsMs;
    if (gapMs > this.equity.gapMaxMs) Object.assign(this.equity, { gapMaxMs: gapMs, atTsMs: tsMs });
  }
}

function startLedger(): LedgerFacts {
  return { fills: 0, commits: 0, lagMaxMs: 0, readsOfNothing: 0, reads: 0, firstFillId: "", firstPlanId: "" };
}
