import { describe, expect, test } from "vitest";
import { bridgeQuantity } from "../../../src/engine/formulas/bridge-quantity.ts";
import { parseIntent } from "../../../src/engine/pipeline/intent-codec.ts";
import { casesOf } from "../../vectors/pipeline-vectors.ts";

const NONE = { quantity: null, qty: null, size: null, price: null, positionSizeUsd: null, entryPrice: null };
const ALL = { quantity: 1, qty: 2, size: 30, price: 10, positionSizeUsd: 400, entryPrice: 100 };

describe("bridge quantity", () => {
  test.each(casesOf("bridge_qty"))("is the recorded one: $label", (one) => {
    const found = bridgeQuantity({
      ...NONE,
      positionSizeUsd: one.number("position_size_usd"),
      entryPrice: one.number("entry_price"),
    });
    expect(one.isNear(found!.qty, "qty"), `${found?.qty}`).toBe(true);
  });

  test("takes the first of four forms that is present", () => {
    expect(bridgeQuantity(ALL)).toEqual({ qty: 1, source: "quantity" });
    expect(bridgeQuantity({ ...ALL, quantity: null })).toEqual({ qty: 2, source: "qty" });
    expect(bridgeQuantity({ ...ALL, quantity: null, qty: null })).toEqual({ qty: 3, source: "size/price" });
    expect(bridgeQuantity({ ...ALL, quantity: null, qty: null, size: null })).toEqual({
      qty: 4,
      source: "position_size_usd/entry_price",
    });
    expect(bridgeQuantity({ ...ALL, quantity: null, qty: null, price: null })?.source).toBe(
      "position_size_usd/entry_price",
    );
  });

  test("does not fall through to a later form when the first is unusable", () => {
    for (const quantity of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(bridgeQuantity({ ...ALL, quantity })).toBeNull();
    }
  });

  test("refuses a price that is zero or negative, and an intent without any form", () => {
    expect(bridgeQuantity({ ...NONE, size: 10, price: 0 })).toBeNull();
    expect(bridgeQuantity({ ...NONE, size: -10, price: -2 })).toBeNull();
    expect(bridgeQuantity({ ...NONE, positionSizeUsd: 200 })).toBeNull();
    expect(bridgeQuantity(NONE)).toBeNull();
  });

  test("is what the bridge itself reads out of a payload", () => {
    const payloads = [
      { quantity: 1, qty: 2 },
      { qty: "2", size: 30, price: 10 },
      { size: 30, price: 10, position_size_usd: 400, entry_price: 100 },
      { position_size_usd: 200, entry_price: 316.59 },
      { quantity: 0, qty: 2 },
      { size: 10, price: 0 },
      {},
    ] as const;
    for (const payload of payloads) {
      const read = (field: string): number | null =>
        Object.hasOwn(payload, field) ? Number((payload as Record<string, unknown>)[field]) : null;
      const expected = bridgeQuantity({
        quantity: read("quantity"),
        qty: read("qty"),
        size: read("size"),
        price: read("price"),
        positionSizeUsd: read("position_size_usd"),
        entryPrice: read("entry_price"),
      });
      const fields = { payload: JSON.stringify({ symbol: "ZECUSDT", side: "BUY", ...payload }) };
      const parsed = parseIntent("1769991684661-1", fields);
      expect(parsed.ok ? { qty: parsed.intent.qty, source: parsed.intent.qtySource } : null).toEqual(expected);
    }
  });
});
