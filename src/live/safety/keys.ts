import { createHash } from "node:crypto";
import { EXIT, UserError } from "../../diagnostics/user-error.ts";
import { readSecretFile } from "./secret-file.ts";

/** Where keys come from in the environment, and their names in a file. There is no flag for them on purpose. */
export const KEY_NAME = "REHEARSAL_API_KEY";
export const SECRET_NAME = "REHEARSAL_API_SECRET";

/** Names other tools use, maybe for real money: seen, said, and never read. */
const OTHER_NAMES = ["BINANCE_API_KEY", "BINANCE_API_SECRET", "BINANCE_SECRET", "BINANCE_SECRET_KEY"] as const;

/** What signs requests. Shown, logged, cloned or serialised it is its fingerprint; only the two fields hold the words. */
export interface ApiKeys {
  readonly apiKey: string;
  readonly secret: string;
}

/** Where keys were found, for people. */
export interface FoundKeys {
  readonly keys: ApiKeys;
  /** `environment`, or the path of the file. */
  readonly source: string;
  /** First 8 hex digits of the SHA-256 of the API key: tells two keys apart, and nobody gets the key from it. */
  readonly fingerprint: string;
}

export interface KeyPlaces {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Path of a file with the mode 0600; it goes before the environment. */
  readonly file: string | null;
}

/** Keys of Binance are letters and digits; what others may use must survive a query, JSON and HTML unchanged. */
const KEY_TEXT = /^[A-Za-z0-9+/=_.~-]{8,256}$/;

class HiddenKeys implements ApiKeys {
  readonly #apiKey: string;
  readonly #secret: string;

  constructor(apiKey: string, secret: string) {
    this.#apiKey = apiKey;
    this.#secret = secret;
    Object.freeze(this);
  }

  get apiKey(): string {
    return this.#apiKey;
  }

  get secret(): string {
    return this.#secret;
  }

  toString(): string {
    return `ApiKeys(${fingerprintOf(this)})`;
  }

  toJSON(): string {
    return this.toString();
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

/** Keys that do not show themselves by accident. */
export function createApiKeys(apiKey: string, secret: string): ApiKeys {
  return new HiddenKeys(apiKey, secret);
}

export function fingerprintOf({ apiKey }: ApiKeys): string {
  return createHash("sha256").update(apiKey).digest("hex").slice(0, 8);
}

/**
 * Reads the keys from a file that only its owner can read, or else from the environment (`REHEARSAL_API_KEY`,
 * `REHEARSAL_API_SECRET`). The file has one line `NAME=value` for each of the two; `#` begins a comment.
 *
 * @returns `null` when there is no file and the environment has neither name
 * @throws {UserError} exit 15 when keys are there and cannot be used; no message holds a part of them
 */
export function readApiKeys({ env, file }: KeyPlaces): FoundKeys | null {
  const source = file ?? "environment";
  const texts = file === null ? env : namedLines(readSecretFile(file), file);
  const apiKey = texts[KEY_NAME] ?? "";
  const secret = texts[SECRET_NAME] ?? "";
  if (file === null && apiKey === "" && secret === "") return null;
  const problems = [
    ...problemsOf(KEY_NAME, apiKey, secret, source),
    ...problemsOf(SECRET_NAME, secret, apiKey, source),
  ];
  if (problems.length > 0) throw new UserError(problems, EXIT.liveRefused);
  const keys = createApiKeys(apiKey, secret);
  return { keys, source, fingerprint: fingerprintOf(keys) };
}

/** What helps a person whose keys were not found. */
export function missingKeysHint(env: KeyPlaces["env"]): string {
  const others = OTHER_NAMES.filter((name) => (env[name] ?? "") !== "");
  const unread =
    others.length === 0 ? "" : `; ${others.join(" and ")} may be of an account with real money and stay unread`;
  return `set ${KEY_NAME} and ${SECRET_NAME}, or name a file with both by --keys FILE (chmod 600)${unread}`;
}

/** Takes the keys out of an environment, so that child processes and diagnostic reports do not carry them on. */
export function forgetKeys(env: Record<string, string | undefined>): void {
  delete env[KEY_NAME];
  delete env[SECRET_NAME];
}

function problemsOf(name: string, value: string, other: string, source: string): { text: string; hint?: string }[] {
  const what = `Cannot use the keys of ${source}`;
  if (value === "") {
    return [{ text: `${what}: ${name} is missing, ${KEY_NAME} and ${SECRET_NAME} are needed together` }];
  }
  if (value.startsWith("-----BEGIN")) {
    const hint = "make an API key of the kind HMAC (system generated)";
    return [{ text: `${what}: ${name} begins as a private key in PEM, the secret of an HMAC key is needed`, hint }];
  }
  if (!KEY_TEXT.test(value)) {
    return [
      {
        text: `${what}: ${name} has ${value.length} characters or one that keys do not have, 8 to 256 letters, digits or + / = _ . ~ - are needed`,
        hint: "copy it again, without quotes, spaces and line breaks",
      },
    ];
  }
  if (value === other && name === SECRET_NAME) {
    return [
      { text: `${what}: ${SECRET_NAME} is the same as ${KEY_NAME}, the secret that was shown with the key is needed` },
    ];
  }
  return [];
}

/** Reads `NAME=value` lines; what is wrong is told by its line number, because the line may be a key. */
function namedLines(text: string, file: string): Record<string, string> {
  const named: Record<string, string> = {};
  for (const [index, line] of text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .entries()) {
    const trimmed = line.trim();
    if (trimmed === "" || trimmed.startsWith("#")) continue;
    const [, name, value] = /^(?:export\s+)?([A-Z_]+)\s*=\s*(.*)$/.exec(trimmed) ?? [];
    const isKnown = name === KEY_NAME || name === SECRET_NAME;
    if (isKnown && named[name] === undefined) {
      named[name] = value!.replace(/^(["'])(.*)\1$/, "$2");
      continue;
    }
    const is = isKnown ? `names ${name} a second time` : "is no line NAME=value of a name this file may have";
    const text = `Cannot read keys: the line ${is}, ${KEY_NAME}=... and ${SECRET_NAME}=... are needed`;
    throw new UserError([{ file, line: index + 1, text }], EXIT.liveRefused);
  }
  return named;
}
