interface SecretKind {
  readonly kind: string;
  /** Group `head` is kept, group `value` is the secret; `quote` closes a name and `open` begins a value. */
  readonly pattern: RegExp;
}

/** What stands in the place of a secret is never taken for one again. */
const REPLACED = String.raw`(?!\[redacted:|<[A-Za-z -]+ withheld>)`;

/** Names whose value is a secret, whatever it looks like. */
const NAMES =
  "api[_-]?key|api[_-]?secret|secret(?:[_-]?key)?|passw(?:or)?d|access[_-]?token|auth[_-]?token|authorization|x-mbx-apikey";
/** Names whose value is one when it is long: the pipeline writes `signature: intent_bridge` in its plans. */
const SIGNED_NAMES = "signature|hmac|listen[_-]?key";
const VALUE_MIN = 6;
const SIGNED_VALUE_MIN = 32;

// A name and its value may be parted by quotes that were escaped when the payload was packed into a text.
const BETWEEN = String.raw`(?<quote>[\\"']*)\s*[:=]\s*(?<open>[\\"']*)(?:Bearer |(?!Bearer ))`;
const KINDS: readonly SecretKind[] = [
  {
    kind: "private key",
    pattern:
      /(?<head>)(?<value>-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[^"]*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|(?=")|$))/g,
  },
  {
    kind: "named credential",
    pattern: new RegExp(`(?<head>(?:${NAMES})${BETWEEN})(?<value>${REPLACED}[^\\s\\\\"',;&}]{${VALUE_MIN},})`, "gi"),
  },
  {
    kind: "signature",
    pattern: new RegExp(`(?<head>(?:${SIGNED_NAMES})${BETWEEN})(?<value>[A-Za-z0-9+/=_-]{${SIGNED_VALUE_MIN},})`, "gi"),
  },
  {
    kind: "password in a URL",
    pattern: new RegExp(
      String.raw`(?<head>[a-z][a-z0-9+.-]{0,20}:\/\/[^\s/:@"]{0,200}:)(?<value>${REPLACED}[^\s/@"]{1,500})(?=@)`,
      "gi",
    ),
  },
  {
    kind: "JSON web token",
    pattern: /(?<head>\b)(?<value>eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,})/g,
  },
  { kind: "cloud access key", pattern: /(?<head>\b)(?<value>(?:AKIA|ASIA)[0-9A-Z]{16})\b/g },
  // Binance keys and secrets are 64 letters and digits in mixed case; a SHA-256 in hex has one case.
  {
    kind: "venue API key",
    pattern:
      /(?<head>(?<![A-Za-z0-9]))(?=[A-Za-z0-9]*[G-Zg-z])(?=[A-Za-z0-9]*[a-z])(?=[A-Za-z0-9]*[A-Z])(?<value>[A-Za-z0-9]{64})(?![A-Za-z0-9])/g,
  },
];

const CREDENTIAL_NAME = new RegExp(`(?:${NAMES})$`, "i");
const SIGNED_NAME = new RegExp(`(?:${SIGNED_NAMES})$`, "i");
const REPLACED_WHOLE = new RegExp(`^(?!${REPLACED})`);
/** A price in the writer's own form: there is no room for a secret in it, and it is most of a recording. */
const PLAIN_PRICE =
  /^\{"seq":\d+,"rx":\d+(?:,"ts":\d+)?,"s":"[a-z]{1,5}","sym":"[^"\\]{1,24}"(?:,"[pbaq]":"[\d.]{1,40}")+\}$/;

/** Kinds of secrets in a text, each once; never their values. Bytes that a recorder kept in base64 are looked into. */
export function secretKinds(text: string): string[] {
  if (PLAIN_PRICE.test(text)) return [];
  const all = text.includes('Base64":') ? `${text}\n${decodedBase64(text)}` : text;
  return KINDS.filter(({ pattern }) => all.search(pattern) >= 0).map(({ kind }) => kind);
}

/** Recorders keep what is no UTF-8 as `valueBase64`, and whole entries as names and values in `fieldsBase64`. */
function decodedBase64(text: string): string {
  return [...text.matchAll(/"\w{0,40}Base64":(\[[^\]]*\]|"[^"]*")/g)]
    .map(([, value]) => {
      const texts = [...value!.matchAll(/"([A-Za-z0-9+/=]+)"/g)].map(([, packed]) =>
        Buffer.from(packed!, "base64").toString("utf8"),
      );
      return texts.map((each, at) => (at % 2 === 0 ? `"${each}":` : `"${each}",`)).join("");
    })
    .join("\n");
}

/** The text with every secret replaced by its kind, e.g. `<venue API key withheld>`. */
export function withholdSecrets(text: string): string {
  return replaceSecrets(text, (kind) => `<${kind} withheld>`);
}

/**
 * The text with every secret replaced; what surrounds it stays, so that JSON packed into the text stays JSON.
 *
 * @param replace gives a text without quotes and escapes for a kind and its value
 */
export function replaceSecrets(text: string, replace: (kind: string, value: string) => string): string {
  let result = text;
  for (const { kind, pattern } of KINDS) {
    if (result.search(pattern) < 0) continue;
    result = result.replace(pattern, (...found: unknown[]) => {
      const { head, value, quote, open } = found.at(-1) as Record<string, string | undefined>;
      const placed = replace(kind, value!);
      // A number behind a quoted name: without quotes the text would no longer be JSON.
      const isBare = quote !== undefined && quote !== "" && open === "";
      return `${head}${isBare ? quote : ""}${placed}${isBare ? quote : ""}`;
    });
  }
  return result;
}

/** Kind of secret that a value is because of its name; `null` when the name says nothing. */
export function secretByName(name: string, value: string): string | null {
  if (REPLACED_WHOLE.test(value)) return null;
  if (CREDENTIAL_NAME.test(name) && value.length >= VALUE_MIN) return "named credential";
  return SIGNED_NAME.test(name) && value.length >= SIGNED_VALUE_MIN ? "signature" : null;
}

/** A plain document with secrets withheld from every text in it. */
export function withholdDeep<Value>(value: Value): Value {
  if (typeof value === "string") return withholdSecrets(value) as Value;
  if (Array.isArray(value)) return value.map((entry) => withholdDeep(entry)) as Value;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, withholdDeep(entry)])) as Value;
}
