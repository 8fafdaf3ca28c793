import type { Intent } from "../domain/intent.ts";

/** The quantity fields of an intent, as numbers; `null` where the payload has none, NaN where it has no number. */
export interface QuantityForms {
  readonly quantity: number | null;
  readonly qty: number | null;
  readonly size: number | null;
  readonly price: number | null;
  readonly positionSizeUsd: number | null;
  readonly entryPrice: number | null;
}

/** Base units, unrounded: the plan id hashes this very double. */
export interface BridgeQuantity {
  readonly qty: number;
  readonly source: Intent["qtySource"];
}

/**
 * Quantity of an intent in base units: `quantity`, else `qty`, else `size / price`, else
 * `position_size_usd / entry_price` (pipeline.md 1.3, step 2). The first form that is present decides, also when it is
 * unusable: an intent that says `quantity: 0` beside a size in USD contradicts itself, and is not repaired.
 *
 * 200 USD at an entry price of 316.59 are 0.6317318929846174 units.
 *
 * @returns `null` when no form is present, or the first one gives no positive finite number
 */
export function bridgeQuantity(forms: QuantityForms): BridgeQuantity | null {
  if (forms.quantity !== null) return usable(forms.quantity, "quantity");
  if (forms.qty !== null) return usable(forms.qty, "qty");
  if (forms.size !== null && forms.price !== null) return usable(quotient(forms.size, forms.price), "size/price");
  if (forms.positionSizeUsd === null || forms.entryPrice === null) return null;
  return usable(quotient(forms.positionSizeUsd, forms.entryPrice), "position_size_usd/entry_price");
}

/** Two negatives would make a positive quantity out of a negative price. */
function quotient(above: number, below: number): number {
  return below > 0 ? above / below : Number.NaN;
}

function usable(qty: number, source: BridgeQuantity["source"]): BridgeQuantity | null {
  return qty > 0 && Number.isFinite(qty) ? { qty, source } : null;
}
