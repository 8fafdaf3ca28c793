import type { DeliveredIntent } from "../ports.ts";
import { compareIds, FIRST_ID } from "../redis/entry-id.ts";
import type { AckLane } from "./ack-lane.ts";
import { boundedFields, type FieldBounds } from "./bounded-fields.ts";
import type { StreamTeller } from "./stream-teller.ts";

const OVERSIZED_TOLD = 20;

/** Hands entries over, each one once at a time, and takes their acknowledgements back. */
export class DeliveryDesk {
  readonly #acks: AckLane;
  readonly #teller: StreamTeller;
  readonly #bounds: FieldBounds;
  readonly #outstanding = new Set<string>();
  #oversizedEntries = 0;
  newestId = FIRST_ID;
  delivered = 0;
  redelivered = 0;
  oversized = 0;

  constructor(acks: AckLane, teller: StreamTeller, bounds: FieldBounds) {
    this.#acks = acks;
    this.#teller = teller;
    this.#bounds = bounds;
  }

  get outstanding(): number {
    return this.#outstanding.size;
  }

  /**
   * @param isRedelivery it is known to have been delivered before; older than what came last counts as that too
   * @returns whether it was handed over: one that still is on its way through the session, or whose acknowledgement is on
   * its way to the server, is not
   */
  deliver(id: string, raw: readonly Buffer[], isRedelivery: boolean): boolean {
    if (this.#isUnderWay(id)) return false;
    const { fields, leftOut } = boundedFields(raw, this.#bounds);
    if (leftOut > 0) {
      this.oversized += leftOut;
      this.#oversizedEntries += 1;
      const text = `Entry ${id} is too large: ${leftOut} of its values or fields were left out`;
      // A producer that sends many of them must not drown what else there is to say.
      if (this.#oversizedEntries <= OVERSIZED_TOLD) this.#teller.problem("oversized_entry", text);
    }
    const isOld = isRedelivery || compareIds(id, this.newestId) <= 0;
    if (compareIds(id, this.newestId) > 0) this.newestId = id;
    this.#outstanding.add(id);
    this.delivered += 1;
    if (isOld) this.redelivered += 1;
    const intent: DeliveredIntent = {
      event: { type: "intent.received", entryId: id, fields },
      isRedelivery: isOld,
      ack: () => {
        if (this.#outstanding.delete(id)) this.#acks.add(id);
      },
    };
    this.#teller.listener!.intent(intent);
    return true;
  }

  /** Pending, and gone from the stream: delivered to somebody once, and nobody can read them any more. */
  lost(ids: readonly string[]): void {
    const unknown = ids.filter((id) => !this.#isUnderWay(id));
    for (const id of unknown) this.#acks.add(id);
    if (unknown.length === 0) return;
    const shown = unknown.slice(0, 3).join(", ") + (unknown.length > 3 ? ", ..." : "");
    const cause = `trimmed or deleted while they were pending: ${shown}`;
    this.#teller.loss({ missing: unknown.length, cause });
  }

  #isUnderWay(id: string): boolean {
    return this.#outstanding.has(id) || this.#acks.has(id);
  }
}
