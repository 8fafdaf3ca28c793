import type { ApiKeys } from "./keys.ts";

export const REDACTED = "[redacted]";

/** Parts of shorter keys are ordinary words ("sim-key-"): only whole ones are looked for. */
const LONG_KEY = 32;
/** As many characters in a row give a long key away. */
const PART = 8;

/** What signs or names a stream of the account, in queries, forms, headers and JSON, also with `=` encoded. */
const SIGNED =
  /(signature|listenKey|x-mbx-apikey)((?:\\?["'])?(?:\s*[:=]\s*|%3D)(?:\\?["'])?)(?!\[redacted\])([^&\s"'\\<>,;)}\]%]+)/gi;

/**
 * Gives texts without the keys: the words themselves, URL-encoded, in base64 (also inside of a longer text that was
 * encoded as a whole), in hex, any 8 characters in a row of a long key, and whatever stands behind `signature=`,
 * `listenKey=` and `X-MBX-APIKEY:`.
 */
export function redactor(keys: ApiKeys): (text: string) => string {
  const words = [keys.apiKey, keys.secret].filter((word) => word !== "");
  const forms = [...new Set(words.flatMap(formsOf))].sort(
    (left, right) => right.length - left.length || (left < right ? -1 : 1),
  );
  const whole = forms.length === 0 ? null : new RegExp(forms.map(escaped).join("|"), "gi");
  const parts = new Set<string>();
  for (const word of words) {
    if (word.length < LONG_KEY) continue;
    for (let at = 0; at + PART <= word.length; at++) parts.add(word.slice(at, at + PART));
  }
  return (text) => {
    const unsigned = text.replace(SIGNED, `$1$2${REDACTED}`);
    const without = whole === null ? unsigned : unsigned.replace(whole, REDACTED);
    return parts.size === 0 ? without : withoutParts(without, parts);
  };
}

/** How a word may be written; the search does not look at upper and lower case, so hex is there once. */
export function formsOf(word: string): string[] {
  const bytes = Buffer.from(word);
  return [
    word,
    encodeURIComponent(word),
    encodeURIComponent(encodeURIComponent(word)),
    word.replaceAll("/", "\\/"),
    bytes.toString("hex"),
    ...base64Cores(bytes).flatMap((core) => [
      core,
      core.replaceAll("+", "-").replaceAll("/", "_"),
      encodeURIComponent(core),
    ]),
  ];
}

/**
 * The characters that stand in base64 whatever surrounds the word: one text for each place it may begin at within three
 * bytes, without the characters it shares with its neighbours.
 */
export function base64Cores(bytes: Buffer): string[] {
  return [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    const first = Math.ceil((shift * 8) / 6);
    const last = Math.floor(((shift + bytes.length) * 8) / 6);
    return text.slice(first, last);
  });
}

function withoutParts(text: string, parts: ReadonlySet<string>): string {
  let shown = "";
  let from = 0;
  let at = 0;
  while (at + PART <= text.length) {
    if (!parts.has(text.slice(at, at + PART))) {
      at += 1;
      continue;
    }
    let end = at + PART;
    while (end < text.length && parts.has(text.slice(end - PART + 1, end + 1))) end += 1;
    shown += text.slice(from, at) + REDACTED;
    from = end;
    at = end;
  }
  return shown + text.slice(from);
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}
