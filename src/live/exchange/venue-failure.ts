/**
 * What went wrong with a request, by what it means for an order that was in it:
 *
 * - `refused`: the exchange has not done it and says why
 * - `limited`: it was not looked at, too much was asked (429, 418, -1003, -1008, -1015)
 * - `unknown`: nobody can say whether it was done (no answer, 5xx, -1000, -1006, -1007)
 */
export interface VenueFailure {
  readonly kind: "refused" | "limited" | "unknown";
  /** Binance's code; 0 where there is none. */
  readonly code: number;
  /** Without keys and signatures. */
  readonly text: string;
}

export class VenueError extends Error {
  override readonly name = "VenueError";
  readonly failure: VenueFailure;

  constructor(failure: VenueFailure) {
    super(failure.text);
    this.failure = failure;
  }
}

/** Codes after which nobody knows what became of the request (docs of Binance, general error codes). */
const UNKNOWN_CODES: ReadonlySet<number> = new Set([-1000, -1001, -1006, -1007]);
const LIMITED_CODES: ReadonlySet<number> = new Set([-1003, -1008, -1015]);
/** Classes of ccxt that come without a code of the exchange. */
const LIMITED_CLASSES: ReadonlySet<string> = new Set(["RateLimitExceeded", "DDoSProtection"]);
const TEXT_MAX = 300;

/** What an error of ccxt means. Its message holds URL and body, and a URL holds a signature: only the code's text is kept. */
export function failureOf(error: unknown): VenueFailure {
  const name = error instanceof Error ? error.constructor.name : "";
  const message = error instanceof Error ? error.message : String(error);
  const code = Number(/"code"\s*:\s*"?(-?\d+)/.exec(message)?.[1] ?? 0);
  const words = /"msg"\s*:\s*"((?:[^"\\]|\\.)*)"/.exec(message)?.[1];
  const text = words === undefined ? withoutUrl(message, name) : words.slice(0, TEXT_MAX);
  if (LIMITED_CODES.has(code)) return { kind: "limited", code, text };
  if (code !== 0 && !UNKNOWN_CODES.has(code)) return { kind: "refused", code, text };
  if (code === 0 && LIMITED_CLASSES.has(name)) return { kind: "limited", code, text };
  return { kind: "unknown", code, text };
}

function withoutUrl(message: string, name: string): string {
  const plain = message.replace(/https?:\/\/\S+/g, "(url)").replace(/signature=\S*/g, "signature=(withheld)");
  return `${name}: ${plain}`.slice(0, TEXT_MAX);
}
