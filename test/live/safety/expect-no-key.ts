import { expect } from "vitest";

/** What may not be in any output; plain words, as tests make them up. */
export interface SecretWords {
  readonly apiKey: string;
  readonly secret: string;
}

/** Keys a test can search for: 64 characters as real ones, and no word of any output. */
export const TEST_KEYS: SecretWords = {
  apiKey: "pQ7vKx2LmZ9cTf4RbW8nHs3JdY6gEa1UoXi5VkCtMq0NrBzPyFwDhGlSjAeI7u2K",
  secret: "Zt8RwYb3NcXq6MfKj1HgLd9SvPa5UoEi2TrQn7BxWm4VkGzCy0JhFsDlApOe6Iu3",
};

/** First and last characters that are enough to tell a key by. */
const PART = 8;

/**
 * Names of the forms in which a text holds a key: plain, URL-encoded, base64 at any offset, hex, reversed, split by
 * line breaks, and its first or last 8 characters. It shares no code with the redactor.
 */
export function keyFormsIn(text: string, keys: SecretWords): string[] {
  const found: string[] = [];
  const joined = text.replace(/\\[nrt]|\s/g, "");
  const lower = joined.toLowerCase();
  for (const [name, word] of [
    ["key", keys.apiKey],
    ["secret", keys.secret],
  ] as const) {
    const bytes = [...Buffer.from(word)];
    const forms: Record<string, string> = {
      plain: word,
      "URL-encoded": encodeURIComponent(word),
      "twice URL-encoded": encodeURIComponent(encodeURIComponent(word)),
      "percent-encoded": bytes.map((byte) => `%${byte.toString(16)}`).join(""),
      hex: bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(""),
      reversed: [...word].reverse().join(""),
      first: word.slice(0, PART),
      last: word.slice(-PART),
    };
    for (const [form, needle] of Object.entries(forms)) {
      if (lower.includes(needle.toLowerCase())) found.push(`${name}: ${form}`);
    }
    for (const shift of [0, 1, 2]) {
      // Inside of a longer encoded text the outermost characters depend on the neighbours: four of each end are left out.
      const encoded = Buffer.from("-".repeat(shift) + word)
        .toString("base64")
        .replaceAll("=", "");
      const core = encoded.slice(shift === 0 ? 0 : 4, -4);
      const urlSafe = core.replaceAll("+", "-").replaceAll("/", "_");
      if (joined.includes(core) || joined.includes(urlSafe)) found.push(`${name}: base64 at ${shift}`);
    }
  }
  return found;
}

/** Fails when a text holds a key in any form; the message names the forms and never the key. */
export function expectNoKey(text: string | Uint8Array, keys: SecretWords = TEST_KEYS, where = "the text"): void {
  const readable = typeof text === "string" ? text : Buffer.from(text).toString("latin1");
  expect(keyFormsIn(readable, keys), `forms of the keys in ${where}`).toEqual([]);
}
