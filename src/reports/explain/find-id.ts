import { editDistance } from "../../diagnostics/near-miss.ts";
import { EXIT, UserError } from "../../diagnostics/user-error.ts";
import { visibleText } from "../visible-text.ts";
import type { ExplainIndex } from "./explain-index.ts";

export interface FoundId {
  readonly kind: "plan" | "intent";
  readonly id: string;
  /** How the typed text led there, `null` when it was the id itself. */
  readonly note: string | null;
}

/**
 * The plan or intent a person means: an id, an order id, a prefix, or a prefix with one character too many or too few
 * (the origin's logs print `277f33dbd` for `27f33dbd`).
 *
 * @throws {UserError} (exit 2) with the three nearest ids when nothing fits, or the matches when several do.
 */
export function findId(index: ExplainIndex, typed: string): FoundId {
  const text = typed.trim();
  if (index.plans.has(text)) return { kind: "plan", id: text, note: null };
  if (index.intents.has(text)) return { kind: "intent", id: text, note: null };
  const byOrder = index.planByOrder.get(text);
  if (byOrder !== undefined) return { kind: "plan", id: byOrder, note: "by order id" };
  if (text === "") throw unknown(index, text);

  const planIds = [...index.plans.keys()];
  const prefixed = [
    ...planIds.filter((id) => id.startsWith(text)).map((id) => ({ kind: "plan" as const, id })),
    ...[...index.intents.keys()].filter((id) => id.startsWith(text)).map((id) => ({ kind: "intent" as const, id })),
  ];
  if (prefixed.length === 1) return { ...prefixed[0]!, note: "prefix; 1 match" };
  if (prefixed.length > 1) {
    throw ambiguous(
      text,
      prefixed.map(({ id }) => id),
    );
  }

  // Below five characters, one character more or less fits too much to be a hint of anything.
  const near = text.length < 5 ? [] : planIds.filter((id) => isOneCharacterOff(text, id));
  if (near.length === 1) {
    return { kind: "plan", id: near[0]!, note: `"${visibleText(text)}" has one character more or less; 1 match` };
  }
  if (near.length > 1) throw ambiguous(text, near);
  throw unknown(index, text);
}

/** `true` when deleting one character of `typed`, or one of as much of `id`, makes the typed text its prefix. */
export function isOneCharacterOff(typed: string, id: string): boolean {
  for (let at = 0; at < typed.length; at++) {
    if (id.startsWith(typed.slice(0, at) + typed.slice(at + 1))) return true;
  }
  const head = id.slice(0, typed.length + 1);
  if (head.length !== typed.length + 1) return false;
  for (let at = 0; at < head.length; at++) {
    if (head.slice(0, at) + head.slice(at + 1) === typed) return true;
  }
  return false;
}

const NEAREST_SHOWN = 3;
const MATCHES_SHOWN = 5;

function unknown(index: ExplainIndex, text: string): UserError {
  const nearest = [...index.plans.keys(), ...index.intents.keys()]
    .map((id) => ({ id, distance: editDistance(text, id.slice(0, Math.max(1, text.length))) }))
    .sort((left, right) => left.distance - right.distance || (left.id < right.id ? -1 : 1))
    .slice(0, NEAREST_SHOWN)
    .map(({ id }) => visibleText(id));
  const is = `no plan, intent or order of this run begins with it`;
  return new UserError(
    [
      {
        text: `Cannot explain "${visibleText(text)}": ${is}, an id or a unique prefix is needed`,
        hint: nearest.length === 0 ? "this run has no plans and no intents" : `nearest: ${nearest.join(", ")}`,
      },
    ],
    EXIT.usage,
  );
}

function ambiguous(text: string, ids: readonly string[]): UserError {
  const shown = [...ids].sort((left, right) => (left < right ? -1 : 1)).slice(0, MATCHES_SHOWN);
  const more = ids.length > shown.length ? ` and ${ids.length - shown.length} more` : "";
  return new UserError(
    [
      {
        text: `Cannot explain "${visibleText(text)}": ${ids.length} ids fit, a longer prefix is needed`,
        hint: `matches: ${shown.map(visibleText).join(", ")}${more}`,
      },
    ],
    EXIT.usage,
  );
}
