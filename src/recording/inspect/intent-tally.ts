import { nearMisses } from "../../diagnostics/near-miss.ts";
import type { Inspection } from "./inspection.ts";

type Intents = Inspection["intents"];

const NAMES_KEPT = 1_000;

/** Counts intents by what they say, and what is missing in their payloads. */
export class IntentTally {
  readonly #symbols = new Map<string, number>();
  readonly #sides = new Map<string, number>();
  readonly #confidences = new Map<string, number>();
  readonly #problems = new Map<string, Intents["problems"][number]>();
  #records = 0;

  add(record: Readonly<Record<string, unknown>>, file: string, line: number): void {
    this.#records++;
    const problem = (name: string) => {
      const known = this.#problems.get(name);
      if (known === undefined) this.#problems.set(name, { name, records: 1, firstLine: line, file });
      else known.records++;
    };
    if (typeof record["id"] !== "string" || !/^\d{1,16}-\d+$/.test(record["id"])) problem("entry id is no ms-seq");
    const body = readBody(record["fields"]);
    if (body === null) {
      problem("payload is no JSON object");
      return;
    }
    const symbol = text(body["symbol"]).toUpperCase();
    if (symbol === "") problem("symbol missing");
    else bump(this.#symbols, symbol);
    const side = text(body["action"] ?? body["side"]).toUpperCase();
    if (side !== "BUY" && side !== "SELL") problem(side === "" ? "side missing" : "side is neither BUY nor SELL");
    bump(this.#sides, side === "BUY" || side === "SELL" ? side : "other");
    // A quantity in base units needs no price; one in quote does.
    const isPriced = number(body["quantity"] ?? body["qty"] ?? body["size"]) > 0;
    for (const key of isPriced ? ["confidence"] : ["confidence", "entry_price"]) {
      if (body[key] === undefined || body[key] === null) problem(`${key} missing`);
      else if (!Number.isFinite(number(body[key]))) problem(`${key} is no number`);
    }
    if (!["quantity", "qty", "size", "position_size_usd"].some((key) => number(body[key]) > 0)) {
      problem("quantity missing");
    }
    const confidence = number(body["confidence"]);
    bump(this.#confidences, confidence >= 0 && confidence <= 1 ? confidence.toFixed(2) : "none");
  }

  symbols(): string[] {
    return [...this.#symbols.keys()].sort();
  }

  summary(table: readonly string[]): Intents {
    const known = new Set(table);
    return {
      records: this.#records,
      bySymbol: entries(this.#symbols),
      bySide: entries(this.#sides),
      byConfidence: entries(this.#confidences),
      problems: [...this.#problems.values()].sort((left, right) => (left.name < right.name ? -1 : 1)),
      unknownSymbols: this.symbols()
        .filter((symbol) => !known.has(symbol))
        .map((symbol) => ({ symbol, near: nearMisses(symbol.slice(0, 40), table) })),
    };
  }
}

function readBody(fields: unknown): Readonly<Record<string, unknown>> | null {
  if (typeof fields !== "object" || fields === null || Array.isArray(fields)) return null;
  const flat = fields as Readonly<Record<string, unknown>>;
  const payload = flat["payload"] ?? flat["data"];
  if (payload === undefined) return flat;
  if (typeof payload !== "string") return null;
  try {
    const body: unknown = JSON.parse(payload);
    return typeof body === "object" && body !== null && !Array.isArray(body) ? (body as typeof flat) : null;
  } catch {
    // Untrusted text: counted as a problem by the caller.
    return null;
  }
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function number(value: unknown): number {
  if (typeof value === "number") return value;
  return typeof value === "string" && value.trim() !== "" ? Number(value) : Number.NaN;
}

function bump(counts: Map<string, number>, name: string): void {
  const key = counts.has(name) || counts.size < NAMES_KEPT ? name : "(further)";
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function entries(counts: ReadonlyMap<string, number>): { name: string; records: number }[] {
  return [...counts]
    .map(([name, records]) => ({ name, records }))
    .sort((left, right) => right.records - left.records || (left.name < right.name ? -1 : 1));
}
