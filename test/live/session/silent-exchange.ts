import type { OrderQueryRequested, OrderSubmitted } from "../../../src/engine/domain/decision.ts";
import type { ExchangeListener } from "../../../src/live/ports.ts";
import { WatchedExchange } from "./session-world.ts";

/** While it is away requests reach it and nothing comes back. */
export class SilentExchange extends WatchedExchange {
  isAway = false;
  override async connect(listener: ExchangeListener): Promise<void> {
    this.listener = listener;
    if (!this.isAway) await this.inner.connect(listener);
  }
  override query(request: OrderQueryRequested, tsMs: number, order: OrderSubmitted): void {
    if (!this.isAway) super.query(request, tsMs, order);
    else this.queried.push(request.clientOrderId);
  }
  override async cancelOwnOrders(): Promise<readonly string[]> {
    if (this.isAway) throw new Error("the exchange does not answer");
    return super.cancelOwnOrders();
  }
  async leave(): Promise<void> {
    this.isAway = true;
    await this.inner.close();
  }
  async comeBack(): Promise<void> {
    this.isAway = false;
    await this.inner.connect(this.listener!);
  }
}
