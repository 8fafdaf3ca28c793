import { z } from "zod";
import { formatMoney, parseMoney } from "../engine/domain/money.ts";
import { reconcile } from "../venue/account.ts";
import { FAULT_KINDS, type Fault } from "./faults.ts";
import { toJson } from "./json.ts";
import { accountJson } from "./render/account-json.ts";
import type { HttpResponse } from "./rest/http.ts";
import type { ServeContext } from "./serve-context.ts";

const advanceSchema = z.union([
  z.strictObject({ ms: z.number().int().positive() }),
  z.strictObject({ toTsMs: z.number().int().positive() }),
]);
const faultSchema = z.strictObject({
  kind: z.enum(FAULT_KINDS),
  fromTsMs: z.number().int().optional(),
  untilTsMs: z.number().int().optional(),
  count: z.number().int().positive().optional(),
  path: z.string().max(100).optional(),
  delayMs: z.number().int().nonnegative().optional(),
  symbol: z.string().max(40).optional(),
  chance: z.number().min(0).max(1).optional(),
  arrives: z.number().min(0).max(1).optional(),
  status: z.enum(["closed", "reduce-only"]).optional(),
  tickSize: z
    .string()
    .regex(/^\d{1,10}(\.\d{1,12})?$/)
    .refine((text) => Number(text) > 0)
    .optional(),
});
/** Faults of one symbol that happen by themselves. */
const OF_ONE_SYMBOL: readonly string[] = ["symbol-halted", "symbol-delisted", "tick-size-changed"];
const symbolSchema = z.strictObject({ symbol: z.string(), status: z.enum(["TRADING", "REDUCE_ONLY", "CLOSED"]) });
const transferSchema = z.strictObject({ account: z.number().int().nonnegative(), amount: z.string() });

const FAR_MS = 8.64e15;

/**
 * The other side of the stage, for tests and people on the same machine: `/sim/v1/status`, `truth`, `findings`,
 * `advance`, `faults`, `symbol`, `transfer`. It is served to loopback addresses only and needs no key.
 */
export function answerAdmin(context: ServeContext, method: string, path: string, body: string): HttpResponse {
  const { session, faults } = context;
  const name = `${method} ${path}`;
  // Time is in every record already; what else is changed from outside must be in the recording of the session.
  if (method === "POST" && path !== "/sim/v1/advance")
    for (const listener of context.adminListeners) listener(path, body);
  try {
    switch (name) {
      case "GET /sim/v1/status":
        return ok({
          tsMs: session.nowTsMs,
          startTsMs: session.startTsMs,
          endTsMs: session.endTsMs,
          isOver: session.nowTsMs >= session.endTsMs,
          timeFactor: context.settings.timeFactor,
          recording: session.recording.id,
          recordingHash: session.recording.hash,
          marketRows: session.marketRows,
          findings: session.findings.length,
        });
      case "GET /sim/v1/truth":
        return ok({
          tsMs: session.nowTsMs,
          insuranceFund: formatMoney(session.venue.insuranceFundQuote),
          accounts: session.venue.accounts.map((account) => ({
            name: account.name,
            mismatch: reconcile(account),
            trades: account.trades.length,
            openOrders: account.openOrders.size,
            ...accountJson(context, account, 3),
          })),
        });
      case "GET /sim/v1/findings":
        return ok(session.findings);
      case "POST /sim/v1/advance": {
        const asked = advanceSchema.parse(parse(body));
        session.advanceTo("ms" in asked ? session.nowTsMs + asked.ms : asked.toTsMs);
        return ok({ tsMs: session.nowTsMs });
      }
      case "POST /sim/v1/faults": {
        const asked = faultSchema.parse(parse(body));
        const { kind, symbol, fromTsMs = session.nowTsMs, untilTsMs = FAR_MS } = asked;
        if (OF_ONE_SYMBOL.includes(kind) && session.venue.symbolIndex(symbol ?? "") === undefined)
          return failed(404, `Cannot inject ${kind} for "${symbol ?? ""}": a symbol of the recording is needed`);
        if (kind === "tick-size-changed" && asked.tickSize === undefined)
          return failed(400, "Cannot change a tick: tickSize is missing, decimal text is needed");
        faults.add({ ...given(asked), kind, fromTsMs, untilTsMs });
        context.runFaults();
        return ok({ active: faults.active.length });
      }
      case "POST /sim/v1/symbol": {
        const { symbol, status } = symbolSchema.parse(parse(body));
        const index = session.venue.symbolIndex(symbol);
        if (index === undefined)
          return failed(404, `Cannot set the status of "${symbol}": the recording has no such symbol`);
        session.venue.setStatus(index, status, session.nowTsMs);
        return ok({ symbol, status });
      }
      case "POST /sim/v1/transfer": {
        const { account: index, amount } = transferSchema.parse(parse(body));
        const account = session.venue.accounts[index];
        if (account === undefined)
          return failed(404, `Cannot transfer to account ${index}: there are ${session.venue.accounts.length}`);
        session.venue.transfer(account, parseMoney(amount), session.nowTsMs);
        return ok({ wallet: formatMoney(account.walletQuote) });
      }
      default:
        return failed(
          404,
          `Cannot answer ${name}: status, truth, findings, advance, faults, symbol and transfer exist under /sim/v1/`,
        );
    }
  } catch (error) {
    if (error instanceof z.ZodError) return failed(400, z.prettifyError(error));
    if (error instanceof SyntaxError || error instanceof RangeError) return failed(400, error.message);
    throw error;
  }
}

/** What was given of it, without the keys that were not. */
function given(asked: z.infer<typeof faultSchema>): Partial<Fault> {
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
}

function parse(body: string): unknown {
  return JSON.parse(body === "" ? "{}" : body);
}

function ok(value: unknown): HttpResponse {
  return { status: 200, headers: { "content-type": "application/json" }, body: toJson(value) };
}

function failed(status: number, msg: string): HttpResponse {
  return { status, headers: { "content-type": "application/json" }, body: toJson({ code: -1, msg }) };
}
