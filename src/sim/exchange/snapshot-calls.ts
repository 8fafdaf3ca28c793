import type { SnapshotRequested } from "../../engine/domain/decision.ts";
import type { PositionReport, SnapshotReceived } from "../../engine/domain/event.ts";
import type { SymbolRules } from "../../venue/symbol-rules.ts";
import type { ExchangeAccount } from "./account.ts";
import type { Latency } from "./latency.ts";

/** One call of a snapshot request, at the exchange now. */
export interface SnapshotCall {
  readonly type: "snapshot.call";
  readonly request: SnapshotRequested;
  /** Place of the symbol this call asks for; always 0 when one call asks for all. */
  readonly place: number;
  /** When the client has the answer of this call. */
  readonly returnTsMs: number;
}

export interface SnapshotCallsOptions {
  readonly account: ExchangeAccount;
  readonly rules: readonly SymbolRules[];
  readonly latency: Latency;
  /** Rules of the symbol when the venue lists it. */
  listed(symbol: string): SymbolRules | undefined;
  /** Why a call about the symbol (`null` is all) has no answer; `null` when it has one. */
  failure(tsMs: number, symbol: string | null): string | null;
  /** Whether the report of a symbol is left out of an answer. */
  isLeftOut(tsMs: number, symbol: string): boolean;
  schedule(dueTsMs: number, call: SnapshotCall): void;
  emit(dueTsMs: number, event: SnapshotReceived): void;
}

/**
 * Answers snapshot requests at what they cost (pipeline.md 1.9): `per-symbol` is one call after the other, n times the
 * latency, each answered on its own and true for its own moment; `one-call-for-all` is one call whatever the number of
 * symbols. A call is at the exchange half its latency after it left. A symbol the venue does not list is in no report,
 * which reads as flat: the origin asks for all positions in every call and looks for its symbol in the answer.
 */
export class SnapshotCalls {
  count = 0;
  readonly #options: SnapshotCallsOptions;

  constructor(options: SnapshotCallsOptions) {
    this.#options = options;
  }

  request(request: SnapshotRequested, tsMs: number): void {
    if (request.method === "per-symbol" && request.symbols.length === 0) this.#failEmpty(request, tsMs);
    else this.#call(request, 0, tsMs);
  }

  /** The call has reached the exchange: what it says is true now. */
  arrive(call: SnapshotCall, tsMs: number): void {
    const { request, place, returnTsMs } = call;
    const { account, rules, failure, isLeftOut } = this.#options;
    const isForAll = request.method === "one-call-for-all";
    const error = failure(tsMs, isForAll ? null : request.symbols[place]!);
    if (error !== null) {
      this.#fail(request, place, returnTsMs, tsMs, error);
      if (!isFinal(request, place)) this.#call(request, place + 1, returnTsMs);
      return;
    }
    if (isForAll) {
      const reports = account.openIndices
        .filter((index) => !isLeftOut(tsMs, rules[index]!.symbol))
        .map((index) => this.#report(rules[index]!));
      this.#answer(request, place, returnTsMs, tsMs, request.symbols, reports);
      return;
    }
    const symbol = request.symbols[place]!;
    const listed = this.#options.listed(symbol);
    const reports = listed === undefined || isLeftOut(tsMs, symbol) ? [] : [this.#report(listed)];
    this.#answer(request, place, returnTsMs, tsMs, [symbol], reports);
    if (place + 1 < request.symbols.length) this.#call(request, place + 1, returnTsMs);
  }

  #call(request: SnapshotRequested, place: number, leavesTsMs: number): void {
    this.count += 1;
    const latencyMs = this.#options.latency.sampleMs();
    const returnTsMs = leavesTsMs + latencyMs;
    this.#options.schedule(leavesTsMs + Math.floor(latencyMs / 2), {
      type: "snapshot.call",
      request,
      place,
      returnTsMs,
    });
  }

  #answer(
    request: SnapshotRequested,
    place: number,
    dueTsMs: number,
    asOfTsMs: number,
    symbols: readonly string[],
    positions: readonly PositionReport[],
  ): void {
    this.#options.emit(dueTsMs, {
      type: "exchange.snapshot-received",
      requestId: request.requestId,
      status: "ok",
      asOfTsMs,
      symbols,
      positions,
      walletQuote: this.#options.account.walletQuote,
      isFinal: isFinal(request, place),
    });
  }

  /** An answer about no symbol would read as "every symbol is flat", so a request for none fails without a call. */
  #failEmpty(request: SnapshotRequested, tsMs: number): void {
    this.#options.emit(tsMs, this.#failed(request, tsMs, true, "no symbol was asked for"));
  }

  #fail(request: SnapshotRequested, place: number, dueTsMs: number, tsMs: number, error: string): void {
    this.#options.emit(dueTsMs, this.#failed(request, tsMs, isFinal(request, place), error));
  }

  #failed({ requestId }: SnapshotRequested, asOfTsMs: number, isLast: boolean, error: string): SnapshotReceived {
    return {
      type: "exchange.snapshot-received",
      requestId,
      status: "failed",
      asOfTsMs,
      symbols: [],
      positions: [],
      walletQuote: this.#options.account.walletQuote,
      isFinal: isLast,
      error,
    };
  }

  #report({ symbol, index, contract }: SymbolRules): PositionReport {
    const { qtyLots, entryCostQuote } = this.#options.account.position(index);
    const markPrice = this.#options.account.referencePrice(index);
    const entryPrice = contract.entryPrice(qtyLots, entryCostQuote);
    return { symbol, qtyLots, entryPrice, markPrice: Number.isNaN(markPrice) ? entryPrice : markPrice };
  }
}

function isFinal(request: SnapshotRequested, place: number): boolean {
  return request.method === "one-call-for-all" || place + 1 >= request.symbols.length;
}
