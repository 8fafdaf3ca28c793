import { createHash } from "node:crypto";
import type { JournalEntry, JournalHeader } from "../../engine/domain/journal.ts";
import { type Money, moneyToNumber } from "../../engine/domain/money.ts";
import type { ExitOutcome } from "../comparison.ts";
import { createJournalWriter } from "../journal-file.ts";
import { EPISODE_GAP_MS } from "../summary/episodes.ts";
import type { IntentOutcome } from "../summary/funnel.ts";
import { instrumentsOf } from "../summary/instruments.ts";
import { createRunSummary } from "../summary/run-summary.ts";
import { evaluateThresholds, type Thresholds } from "../thresholds.ts";
import { createEquitySeries } from "./equity-series.ts";
import { createJudgedEpisodes } from "./judged-episodes.ts";
import { createRoundTrips } from "./round-trips.ts";
import { createRowColumns } from "./row-columns.ts";
import { VARIANT_RECORD_SCHEMA, type VariantRecord, type VariantSettings } from "./variant-record.ts";

export interface VariantRecorder {
  observe(entry: JournalEntry): void;
  /** Once, after the last entry. */
  finish(thresholds?: Thresholds): VariantRecord;
}

export interface VariantRecorderOptions {
  /** Width of an equity bucket; one minute unless told. */
  readonly bucketWidthMs?: number;
  /** Largest silence inside one episode; 5 minutes unless told. */
  readonly episodeGapMs?: number;
  /** Gets the journal as it is hashed, whole lines a chunk: who also keeps it in a file need not encode it again. */
  readonly onJournal?: (chunk: string) => void;
}

/**
 * Builds the record of one variant while it runs. Memory is what comparisons need later and what is open at a time,
 * kept as columns: some 50 bytes an intent and 150 a judged episode; the journal itself is hashed and let go.
 *
 * @throws {TypeError} naming the field, when an entry cannot be written to a journal.
 */
export function createVariantRecorder(
  header: JournalHeader,
  settings: VariantSettings,
  options: VariantRecorderOptions = {},
): VariantRecorder {
  const { bucketWidthMs, episodeGapMs = EPISODE_GAP_MS, onJournal } = options;
  const { startTsMs, warmupUntilTsMs } = header;
  const hash = createHash("sha256");
  const journal = createJournalWriter(header, (chunk) => {
    hash.update(chunk);
    onJournal?.(chunk);
  });
  const intents = createRowColumns<IntentOutcome>({
    entryId: "text",
    symbol: "word",
    evalType: "word",
    tsMs: "number",
    state: "word",
    reason: "word",
    planId: "text",
  });
  const exits = createRowColumns<ExitOutcome>({
    episodeKey: "word",
    evalType: "word",
    symbol: "word",
    firstTsMs: "number",
    lastTsMs: "number",
    state: "word",
    reason: "word",
    planId: "text",
  });
  const summary = createRunSummary(header, {
    episodeGapMs,
    onIntent: (outcome) => intents.add(outcome),
    onEpisode(episode) {
      if (!episode.isExit) return;
      const { evalType, symbol, firstTsMs, lastTsMs, state } = episode;
      const facts = { evalType, symbol, firstTsMs, lastTsMs, state };
      const reason = state === null ? "no_result" : episode.stateReason;
      exits.add({ episodeKey: episode.key, ...facts, reason, planId: episode.firstPlanId });
    },
  });
  const trips = createRoundTrips(instrumentsOf(header));
  const judged = createJudgedEpisodes(episodeGapMs);
  const equity = createEquitySeries(startTsMs, bucketWidthMs);
  const account = createWallet();
  let endTsMs = startTsMs;

  return {
    observe(entry) {
      journal.append(entry);
      summary.observe(entry);
      trips.observe(entry);
      const { tsMs } = entry.envelope;
      if (tsMs > endTsMs) endTsMs = tsMs;
      judged.expire(tsMs);
      const begun = account.book(entry);
      if (begun !== null) equity.observe(tsMs, moneyToNumber(begun));
      for (const decision of entry.decisions) {
        if (decision.type === "account.sampled") {
          equity.observe(tsMs, moneyToNumber(decision.equityQuote));
          account.sampled();
        } else if (decision.type === "plan.published" && tsMs >= warmupUntilTsMs) judged.judge(decision.plan, tsMs);
      }
    },
    finish(thresholds) {
      journal.flush();
      // What was booked after the last sample is in no sample.
      const wallet = account.unsampled();
      if (wallet !== null) equity.observe(endTsMs, moneyToNumber(wallet) + trips.unrealizedQuote());
      const observed = summary.finish();
      const { variant, scenario, scenarioHash, recording, recordingHash, engineVersion, seed } = header;
      return {
        schema: VARIANT_RECORD_SCHEMA,
        ...{ variant, scenario, scenarioHash, recording, recordingHash, engineVersion, seed },
        settings,
        journalSha256: hash.digest("hex"),
        summary:
          thresholds === undefined ? observed : { ...observed, thresholds: evaluateThresholds(thresholds, observed) },
        intents: intents.rows(),
        exits: exits.rows(),
        buckets: equity.finish(endTsMs),
        roundTrips: trips.finish(),
        judgements: judged.finish(endTsMs),
      };
    },
  };
}

interface Wallet {
  /** The wallet the entry starts the account with, `null` for every other entry. */
  book(entry: JournalEntry): Money | null;
  sampled(): void;
  /** The wallet, when something was booked since the last sample. */
  unsampled(): Money | null;
}

function createWallet(): Wallet {
  let wallet: Money | null = null;
  let isSampled = true;
  return {
    book({ envelope: { event } }) {
      switch (event.type) {
        case "run.started":
          wallet = event.walletQuote;
          return wallet;
        case "exchange.order-filled":
          if (wallet !== null) wallet += event.realizedPnlQuote - event.feeQuote;
          isSampled = false;
          return null;
        case "exchange.funding-settled":
          if (wallet !== null) wallet += event.amountQuote;
          isSampled = false;
          return null;
        case "exchange.snapshot-received":
          if (wallet !== null || event.status !== "ok") return null;
          wallet = event.walletQuote;
          return wallet;
        default:
          return null;
      }
    },
    sampled() {
      isSampled = true;
    },
    unsampled: () => (isSampled ? null : wallet),
  };
}
