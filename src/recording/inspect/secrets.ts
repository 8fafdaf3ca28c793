interface SecretKind {
  readonly kind: string;
  readonly pattern: RegExp;
}

// A name and its value may be parted by quotes that were escaped when the payload was packed into a text.
const KINDS: readonly SecretKind[] = [
  { kind: "private key", pattern: /-----BEGIN [A-Z ]*PRIVATE KEY-----[^"]*/g },
  {
    kind: "named credential",
    pattern:
      /(?:api[_-]?key|api[_-]?secret|secret(?:[_-]?key)?|passw(?:or)?d|access[_-]?token|auth[_-]?token|authorization|x-mbx-apikey|signature)[\\"']*\s*[:=]\s*[\\"']*(?:Bearer )?[^\s\\"',;&}]{6,}/gi,
  },
  { kind: "password in a URL", pattern: /[a-z][a-z0-9+.-]{0,20}:\/\/[^\s/:@"]{0,200}:[^\s/@"]{1,500}@/gi },
  { kind: "cloud access key", pattern: /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/g },
  // Binance keys and secrets are 64 letters and digits in mixed case; a SHA-256 in hex has one case.
  {
    kind: "venue API key",
    pattern:
      /(?<![A-Za-z0-9])(?=[A-Za-z0-9]*[G-Zg-z])(?=[A-Za-z0-9]*[a-z])(?=[A-Za-z0-9]*[A-Z])[A-Za-z0-9]{64}(?![A-Za-z0-9])/g,
  },
];

/** Kinds of secrets in a text, each once; never their values. */
export function secretKinds(text: string): string[] {
  return KINDS.filter(({ pattern }) => text.search(pattern) >= 0).map(({ kind }) => kind);
}

/** The text with every secret replaced by its kind, e.g. `<venue API key withheld>`. */
export function withholdSecrets(text: string): string {
  return KINDS.reduce((result, { kind, pattern }) => result.replace(pattern, `<${kind} withheld>`), text);
}

/** A plain document with secrets withheld from every text in it. */
export function withholdDeep<Value>(value: Value): Value {
  if (typeof value === "string") return withholdSecrets(value) as Value;
  if (Array.isArray(value)) return value.map((entry) => withholdDeep(entry)) as Value;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, withholdDeep(entry)])) as Value;
}
