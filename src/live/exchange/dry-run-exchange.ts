import type { OrderQueryRequested, OrderSubmitted, SnapshotRequested } from "../../engine/domain/decision.ts";
import type { AccountReport, AppliedRow, ExchangeListener, ExchangePast, FeedFunding, LiveExchange } from "../ports.ts";

/** Code of the rejection that every order of a dry run gets. */
export const DRY_RUN_CODE = -90_002;

/** Reads like the exchange behind it and sends nothing: every order is refused before it leaves. */
export class DryRunExchange implements LiveExchange {
  readonly #inner: LiveExchange;
  #listener: ExchangeListener | null = null;

  constructor(inner: LiveExchange) {
    this.#inner = inner;
  }

  async connect(listener: ExchangeListener, past?: ExchangePast): Promise<void> {
    this.#listener = listener;
    await this.#inner.connect(listener, past);
  }

  submit({ clientOrderId }: OrderSubmitted): void {
    const event = {
      type: "exchange.order-rejected",
      clientOrderId,
      code: DRY_RUN_CODE,
      text: "dry run: nothing is sent",
    } as const;
    // A port answers later, never from inside of the call.
    queueMicrotask(() => this.#listener?.event(event));
  }

  query({ clientOrderId }: OrderQueryRequested): void {
    const none = { status: "NOT_FOUND", orderId: null, executedQtyLots: 0 } as const;
    queueMicrotask(() => this.#listener?.event({ type: "exchange.order-queried", clientOrderId, ...none }));
  }

  requestSnapshot(request: SnapshotRequested, tsMs: number): void {
    this.#inner.requestSnapshot(request, tsMs);
  }

  reconcile(): Promise<AccountReport> {
    return this.#inner.reconcile();
  }

  async cancelOwnOrders(): Promise<readonly string[]> {
    return [];
  }

  async close(): Promise<void> {
    this.#listener = null;
    await this.#inner.close();
  }

  onRow(row: AppliedRow): void {
    this.#inner.onRow?.(row);
  }

  onFunding(funding: FeedFunding): void {
    this.#inner.onFunding?.(funding);
  }
}
