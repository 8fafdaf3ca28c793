import type { Decision } from "../../engine/domain/decision.ts";
import type { JournalEntry } from "../../engine/domain/journal.ts";
import { encodeJournalLine } from "../../recording/journal-codec.ts";
import { LIVE_FINDING_PREFIX } from "../ports.ts";

/** The first place where a replay decides otherwise than the session did. */
export interface Divergence {
  readonly seq: number;
  readonly eventType: string;
  /** `decisions[2].qtyLots`, `stateHash`, or `event.status` when the inputs themselves differ. */
  readonly field: string;
  readonly live: string;
  readonly replay: string;
}

/** The first difference between an entry of the journal and the same one replayed; `null` when they are equal. */
export function divergenceOf(live: JournalEntry, replayed: JournalEntry): Divergence | null {
  const { envelope } = live;
  const ours = decisionsOf(live);
  const theirs = decisionsOf(replayed);
  const isEventEqual = lineOf(live, []) === lineOf(replayed, []);
  const isHashEqual = live.stateHash === undefined || live.stateHash === replayed.stateHash;
  if (isEventEqual && isHashEqual && lineOf(live, ours) === lineOf(replayed, theirs)) return null;
  const place = { seq: envelope.seq, eventType: envelope.event.type };
  if (!isEventEqual) {
    const found = firstDifference(plain(envelope), plain(replayed.envelope), "");
    return { ...place, ...(found ?? { field: "envelope", live: "", replay: "" }) };
  }
  const found = firstDifference(plain(ours), plain(theirs), "decisions");
  if (found !== null) return { ...place, ...found };
  return { ...place, field: "stateHash", live: live.stateHash ?? "", replay: replayed.stateHash ?? "" };
}

/** Decisions of the engine and its invariants; what the session noted of itself is no decision. */
export function decisionsOf({ decisions }: JournalEntry): readonly Decision[] {
  const isOwn = (each: Decision) => each.type === "finding.noted" && each.code.startsWith(LIVE_FINDING_PREFIX);
  return decisions.some(isOwn) ? decisions.filter((each) => !isOwn(each)) : decisions;
}

function lineOf({ envelope }: JournalEntry, decisions: readonly Decision[]): string {
  return encodeJournalLine({ envelope, decisions });
}

/** The value as its journal line shows it: money is text, what is undefined is absent. */
function plain(value: object): unknown {
  const line = encodeJournalLine({ value } as unknown as JournalEntry);
  return (JSON.parse(line) as { value: unknown }).value;
}

function firstDifference(live: unknown, replay: unknown, path: string): Omit<Divergence, "seq" | "eventType"> | null {
  if (Object.is(live, replay)) return null;
  const isComparable =
    typeof live === "object" &&
    typeof replay === "object" &&
    live !== null &&
    replay !== null &&
    Array.isArray(live) === Array.isArray(replay);
  if (!isComparable) return { field: path, live: shown(live), replay: shown(replay) };
  const [ours, theirs] = [live as Record<string, unknown>, replay as Record<string, unknown>];
  const keys = [...new Set([...Object.keys(ours), ...Object.keys(theirs)])];
  for (const key of keys) {
    const at = Array.isArray(live) ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`;
    const found = firstDifference(ours[key], theirs[key], at);
    if (found !== null) return found;
  }
  return null;
}

const SHOWN_MAX = 200;

function shown(value: unknown): string {
  const text = value === undefined ? "(absent)" : JSON.stringify(value);
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}...` : text;
}
