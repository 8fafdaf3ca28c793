import { z } from "zod";
import { durationSchema } from "../../engine/domain/duration.ts";
import { FAULT_KINDS, type Fault, type FaultKind } from "../exchange/faults/fault.ts";
import { momentSchema, momentTsMs } from "./moment.ts";

const share = z.number().min(0).max(1);

/** Keys that only some kinds know, and those that a kind cannot do without. */
const ONLY_OF = {
  arrives: ["server-error", "timeout-unknown"],
  delay: ["user-event-delayed", "user-event-reordered"],
  status: ["symbol-halted"],
  tickSize: ["tick-size-changed"],
} as const satisfies Readonly<Record<string, readonly FaultKind[]>>;
const NEEDS: Readonly<Partial<Record<FaultKind, readonly ("symbol" | "tickSize")[]>>> = {
  "symbol-halted": ["symbol"],
  "symbol-delisted": ["symbol"],
  "tick-size-changed": ["symbol", "tickSize"],
};
/** Every call and every connection of the account: they cannot be about one symbol. */
const WITHOUT_SYMBOL: readonly FaultKind[] = ["disconnect", "listen-key-expired", "maintenance", "testnet-reset"];

export const faultSchema = z
  .strictObject({
    kind: z.enum(FAULT_KINDS),
    at: momentSchema,
    for: durationSchema.optional().meta({ description: "how long; to the end when neither for nor until is there" }),
    until: momentSchema.optional(),
    count: z.number().int().min(1).optional().meta({ description: "calls or events it hits, then it is spent" }),
    chance: share
      .optional()
      .meta({ description: "share of the calls or events in its time that it hits; all when absent" }),
    symbol: z.string().min(1).optional().meta({ description: "what it is about; every symbol when absent" }),
    arrives: share.optional().meta({ description: "share of the orders with an unknown outcome that were accepted" }),
    delay: durationSchema.optional().meta({ description: "how long events are held back" }),
    status: z.enum(["closed", "reduce-only"]).optional().meta({ description: "of a halt; closed when absent" }),
    tickSize: z
      .string()
      .regex(/^\d+(\.\d+)?$/, 'decimal text such as "0.5" is needed')
      .refine((text) => Number(text) > 0, "a tick above 0 is needed")
      .optional(),
  })
  .superRefine((fault, context) => {
    const refuse = (key: string, message: string) => context.addIssue({ code: "custom", path: [key], message });
    if (fault.for !== undefined && fault.until !== undefined)
      refuse("until", "its end is given by for, one of both is needed");
    for (const key of ["arrives", "delay", "status", "tickSize"] as const) {
      const kinds: readonly FaultKind[] = ONLY_OF[key];
      if (fault[key] !== undefined && !kinds.includes(fault.kind)) {
        refuse(key, `it has no meaning for ${fault.kind}, one of ${kinds.join(", ")} is needed`);
      }
    }
    for (const key of NEEDS[fault.kind] ?? []) if (fault[key] === undefined) refuse(key, "");
    if (fault.symbol !== undefined && WITHOUT_SYMBOL.includes(fault.kind)) {
      refuse("symbol", `${fault.kind} hits every symbol, no key symbol is needed`);
    }
  });

/** Trouble that a scenario declares, as written; times are moments until the recording is known. */
export type DeclaredFault = z.infer<typeof faultSchema>;

/** The faults in virtual time of a recording that starts at `recordingStartTsMs`. */
export function faultsIn(declared: readonly DeclaredFault[], recordingStartTsMs: number): Fault[] {
  return declared.map(
    ({ kind, at, for: lastsMs, until, count, chance, symbol, arrives, delay, status, tickSize }): Fault => {
      const fromTsMs = momentTsMs(at, recordingStartTsMs);
      const endTsMs = until === undefined ? Number.POSITIVE_INFINITY : momentTsMs(until, recordingStartTsMs);
      return {
        kind,
        fromTsMs,
        untilTsMs: lastsMs === undefined ? endTsMs : fromTsMs + lastsMs,
        ...(count === undefined ? {} : { count }),
        ...(chance === undefined ? {} : { chance }),
        ...(symbol === undefined ? {} : { symbol }),
        ...(arrives === undefined ? {} : { arrives }),
        ...(delay === undefined ? {} : { delayMs: delay }),
        ...(status === undefined ? {} : { status }),
        ...(tickSize === undefined ? {} : { tickSize }),
      };
    },
  );
}
