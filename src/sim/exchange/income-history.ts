import type { Money } from "../../engine/domain/money.ts";

export type IncomeType = "REALIZED_PNL" | "COMMISSION" | "FUNDING_FEE";

/** One change of the wallet, named as `GET /fapi/v1/income` names it; money in is positive. */
export interface Income {
  readonly tsMs: number;
  readonly symbol: string;
  readonly type: IncomeType;
  readonly amountQuote: Money;
}

export interface IncomeSnapshot {
  /** Oldest first. */
  readonly rows: readonly Income[];
  readonly droppedCount: number;
}

/** The newest changes of the wallet, at most `capacity` of them; how many are gone is known. */
export class IncomeHistory {
  droppedCount = 0;
  readonly #capacity: number;
  readonly #rows: Income[] = [];
  #oldest = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  add(income: Income): void {
    if (this.#rows.length < this.#capacity) {
      this.#rows.push(income);
      return;
    }
    this.droppedCount += 1;
    if (this.#capacity === 0) return;
    this.#rows[this.#oldest] = income;
    this.#oldest = (this.#oldest + 1) % this.#capacity;
  }

  save(): IncomeSnapshot {
    return { rows: this.rows(), droppedCount: this.droppedCount };
  }

  /** Goes on where the saved history stopped. */
  load({ rows, droppedCount }: IncomeSnapshot): void {
    this.#rows.splice(0, this.#rows.length, ...rows);
    this.#oldest = 0;
    this.droppedCount = droppedCount;
  }

  /** Oldest first. */
  rows(): readonly Income[] {
    return [...this.#rows.slice(this.#oldest), ...this.#rows.slice(0, this.#oldest)];
  }
}
