import { EXIT, UserError } from "../../diagnostics/user-error.ts";
import type { OrderSubmitted, SnapshotRequested } from "../../engine/domain/decision.ts";
import type { JournalEntry, JournalHeader } from "../../engine/domain/journal.ts";
import type { EngineParts } from "../../engine/pipeline/state.ts";
import type { ExchangePast, SafetyGate } from "../ports.ts";
import { applyMove } from "./applied-row.ts";
import { EngineLane } from "./engine-lane.ts";
import type { JournalEnds } from "./file-journal.ts";
import { divergenceOf } from "./parity.ts";
import { openSessionFolder } from "./session-folder.ts";
import { UnresolvedOrders } from "./unresolved-orders.ts";

/** A session as it was at its last entry on disk, ready to go on. */
export interface RecoveredSession {
  readonly header: JournalHeader;
  readonly lane: EngineLane;
  /** Where the journal goes on; give it to `openFileJournal`. */
  readonly ends: JournalEnds;
  readonly rows: number;
  /** Inputs delivered so far: envelopes and funding. */
  readonly inputs: number;
  /** Last stamp: time goes on from there. */
  readonly stampMs: number;
  /** Timers that were set and have not fired, in the order in which they were set. */
  readonly timers: ReadonlyMap<string, number>;
  /** Requests whose last answer is not there: they are made again, because reading harms nobody. */
  readonly snapshots: ReadonlyMap<string, SnapshotRequested>;
  /** Orders whose outcome has to be asked for. */
  readonly openOrders: readonly string[];
  /** Orders whose plan has its result although nobody knows their outcome, which no event has told since. */
  readonly givenUpOrders: readonly OrderSubmitted[];
  /** Of orders that an earlier process has asked for already: when they had left, if ever, by client order id. */
  readonly leftBeforeTsMs: ReadonlyMap<string, number>;
  /** What the exchange need not tell again. */
  readonly past: ExchangePast;
  /** Reads the entries behind that number again, for what has to be published once more. */
  entriesAfter(seq: number): Generator<JournalEntry, void, undefined>;
}

/**
 * Rebuilds a session from its write-ahead journal: the engine decides everything once more, over the market as it was,
 * and must decide the same.
 *
 * Entries behind the last whole one were never confirmed, so nothing of them had left. Of those that are there nobody
 * knows whether their effects left: `LiveSession` asks for every open order before it sends anything, publishes again
 * what is not known to be published, and acknowledges what is delivered again.
 *
 * @param parts new ones of the same configuration
 * @param gate is told of every entry, so that its counters are those of the session
 * @param onTime called whenever time goes on, before the market moves to that time
 * @throws {UserError} exit 14 when the session cannot be read or has ended; exit 11 with the first difference when the
 * engine decides otherwise: then it is another build or another configuration
 */
export function recoverSession(
  folder: string,
  parts: EngineParts,
  gate: SafetyGate | null = null,
  onTime: (tsMs: number) => void = () => undefined,
): RecoveredSession {
  const { header, items } = openSessionFolder(folder);
  const lane = new EngineLane(parts);
  const timers = new Map<string, number>();
  const snapshots = new Map<string, SnapshotRequested>();
  const fundingTold = new Map<string, number>();
  const unresolved = new UnresolvedOrders();
  let ends: JournalEnds | null = null;
  let rows = 0;
  let inputs = 0;
  let stampMs = 0;
  let isEnded = false;
  const goOn = (tsMs: number) => {
    if (tsMs <= stampMs) return;
    stampMs = tsMs;
    onTime(tsMs);
  };
  for (const item of items()) {
    if (item.kind === "move") {
      if (item.move.kind === "row") goOn(item.move.row.tsMs);
      applyMove(parts.market, item.move);
      if (item.move.kind === "row") rows += 1;
      else inputs += 1;
      continue;
    }
    const { entry } = item;
    const { event, tsMs } = entry.envelope;
    goOn(tsMs);
    const replayed = lane.handle(event, tsMs);
    const divergence = divergenceOf(entry, replayed);
    if (divergence !== null) {
      const { seq, field, live, replay } = divergence;
      const text = `Cannot resume the session: at seq ${seq} ${field} was ${live} and is ${replay} now, the build and the configuration of the session are needed`;
      throw new UserError(
        [{ file: folder, text, hint: "resume with what the session was started with" }],
        EXIT.divergence,
      );
    }
    gate?.observe(entry);
    unresolved.observe(entry);
    if (event.type === "timer.fired") timers.delete(event.timerId);
    if (event.type === "exchange.snapshot-received" && event.isFinal) snapshots.delete(event.requestId);
    if (event.type === "exchange.funding-settled") fundingTold.set(event.symbol, tsMs);
    if (event.type === "run.ended") isEnded = true;
    for (const decision of entry.decisions) {
      if (decision.type === "timer.set") {
        // Set again it goes behind those that were set meanwhile, as in the queue it came from.
        timers.delete(decision.timerId);
        timers.set(decision.timerId, decision.dueTsMs);
      } else if (decision.type === "snapshot.requested") snapshots.set(decision.requestId, decision);
    }
    inputs += 1;
    ends = item.ends;
  }
  if (ends === null || isEnded) {
    const text = isEnded
      ? "Cannot resume the session: it has ended, one that was cut short is needed"
      : "Cannot resume the session: it was cut short before its first entry, nothing had begun";
    throw new UserError([{ file: folder, text, hint: "begin a new session in a new folder" }], EXIT.recordingUnusable);
  }
  return {
    header,
    lane,
    ends,
    rows,
    inputs,
    stampMs,
    timers,
    snapshots,
    openOrders: [...lane.look().activeOrders.keys()],
    givenUpOrders: unresolved.givenUp,
    leftBeforeTsMs: unresolved.leftBeforeTsMs,
    past: { startTsMs: header.startTsMs, fundingTold },
    *entriesAfter(seq) {
      for (const item of openSessionFolder(folder).items()) {
        if (item.kind === "entry" && item.entry.envelope.seq > seq) yield item.entry;
      }
    },
  };
}
