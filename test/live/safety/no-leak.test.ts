import { inspect } from "node:util";
import { serialize } from "node:v8";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createApiKeys, fingerprintOf } from "../../../src/live/safety/keys.ts";
import { REDACTED, redactor } from "../../../src/live/safety/redactor.ts";
import { expectNoKey, keyFormsIn, TEST_KEYS } from "./expect-no-key.ts";

const { apiKey, secret } = TEST_KEYS;
const keys = createApiKeys(apiKey, secret);

/** Everything a careless line of code may write of a word. */
const WRITTEN: readonly (readonly [string, (word: string) => string])[] = [
  ["as it is", (word) => word],
  ["in a URL", (word) => `https://127.0.0.1/x?apiKey=${encodeURIComponent(word)}&a=1`],
  ["twice encoded", (word) => encodeURIComponent(encodeURIComponent(word))],
  ["in JSON", (word) => JSON.stringify({ headers: { "X-MBX-APIKEY": word } })],
  ["in JSON in JSON", (word) => JSON.stringify(JSON.stringify({ word }))],
  ["in base64", (word) => Buffer.from(word).toString("base64")],
  ["in base64url", (word) => Buffer.from(word).toString("base64url")],
  ["as basic authorization", (word) => `Basic ${Buffer.from(`user:${word}`).toString("base64")}`],
  ["inside of a longer base64", (word) => Buffer.from(`{"a":"${word}","b":1}`).toString("base64")],
  ["in hex", (word) => Buffer.from(word).toString("hex")],
  ["in upper-case hex", (word) => Buffer.from(word).toString("hex").toUpperCase()],
  ["in upper case", (word) => word.toUpperCase()],
  ["its beginning", (word) => `key ${word.slice(0, 8)}...`],
  ["its end", (word) => `key ...${word.slice(-8)}`],
  ["cut off in the middle", (word) => `${"x".repeat(20)}${word.slice(0, 41)}`],
];

describe("a search for keys", () => {
  test.each(WRITTEN)("finds a key and a secret written %s", (_, write) => {
    expect(keyFormsIn(write(apiKey), TEST_KEYS).join()).toMatch(/^key: /);
    expect(keyFormsIn(`before ${write(secret)} behind`, TEST_KEYS).join()).toMatch(/^secret: /);
    expect(() => expectNoKey(write(apiKey))).toThrow();
  });

  test("finds a key in bytes and across a line break, and says nothing of it when it fails", () => {
    expect(() => expectNoKey(Buffer.from([0, 255, ...Buffer.from(secret), 254]))).toThrow();
    expect(() => expectNoKey(`${apiKey.slice(0, 30)}\n${apiKey.slice(30)}`)).toThrow();
    try {
      expectNoKey(apiKey);
    } catch (error) {
      expect(keyFormsIn(String(error), TEST_KEYS)).toEqual([]);
    }
  });

  test("finds nothing where nothing is", () => {
    expectNoKey("listenKey expired; order rh-1 rejected: -2019 Margin is insufficient.");
    expectNoKey(fingerprintOf(keys));
  });
});

describe("keys", () => {
  const shown: readonly (readonly [string, () => string])[] = [
    ["JSON.stringify", () => JSON.stringify({ keys, list: [keys], all: { ...keys } })],
    ["util.inspect", () => inspect({ keys }, { depth: 9 })],
    ["util.inspect with hidden fields", () => inspect({ keys }, { depth: 9, showHidden: true, getters: true })],
    ["console.dir", () => inspect({ keys }, { customInspect: false, depth: 9 })],
    ["a template string", () => `${keys}`],
    ["a sum of strings", () => `keys: ${String(keys)}`],
    ["an error and its stack", () => inspect(new Error(`Cannot sign with ${keys}`, { cause: keys }))],
    ["enumeration", () => [...Object.keys(keys), ...Object.values(keys), ...Object.entries(keys).flat()].join()],
    ["a clone", () => inspect(structuredClone(keys), { showHidden: true })],
    ["serialize of v8", () => serialize(keys).toString("latin1")],
    ["an assignment", () => JSON.stringify(Object.assign({}, keys))],
  ];

  test.each(shown)("do not show themselves in %s", (_, show) => {
    expectNoKey(show());
  });

  test("still are what signs, and cannot be changed", () => {
    expect([keys.apiKey, keys.secret]).toEqual([apiKey, secret]);
    expect(() => Object.assign(keys, { apiKey: "another" })).toThrow(TypeError);
  });

  test("are told apart by a fingerprint of 8 hex digits", () => {
    expect(fingerprintOf(keys)).toMatch(/^[0-9a-f]{8}$/);
    expect(fingerprintOf(createApiKeys(secret, apiKey))).not.toBe(fingerprintOf(keys));
    expect(`${keys}`).toBe(`ApiKeys(${fingerprintOf(keys)})`);
  });
});

describe("the redactor", () => {
  const redact = redactor(keys);

  test.each(WRITTEN)("takes keys out of texts that have them %s", (_, write) => {
    for (const word of [apiKey, secret]) {
      const text = redact(`before ${write(word)} behind ${write(word)}`);
      expectNoKey(text);
      expect(text).toContain(REDACTED);
      expect(text).toMatch(/^before .* behind /);
    }
  });

  test("takes out signatures, listen keys and key headers of whatever key", () => {
    const hex = "9f86d081884c7d659a2feaa0c55ad015";
    for (const text of [
      `POST /fapi/v1/order?symbol=BTCUSDT&signature=${hex}`,
      `signature=${hex}&x=1`,
      `{"signature":"${hex}"}`,
      `{\\"signature\\":\\"${hex}\\"}`,
      `url=%2Ffapi%3Fsignature%3D${hex}`,
      `{ 'X-MBX-APIKEY': '${hex}' }`,
      `x-mbx-apikey: ${hex}`,
      `wss://fstream.binancefuture.com/private/ws?listenKey=${hex}`,
    ]) {
      expect(redact(text), text).not.toContain(hex.slice(0, 8));
      expect(redact(text), text).toContain(REDACTED);
    }
    expect(redact(`a=1&signature=${hex}&b=2`)).toBe(`a=1&signature=${REDACTED}&b=2`);
  });

  test("takes keys with characters that URLs and JSON write otherwise out of both", () => {
    const odd = createApiKeys("ab+/cd==ef~gh.ij-kl_", "zz/yy+xx=ww/vv+uu=tt");
    const redactOdd = redactor(odd);
    for (const word of [odd.apiKey, odd.secret]) {
      for (const form of [word, encodeURIComponent(word), word.replaceAll("/", "\\/"), JSON.stringify(word)]) {
        const text = redactOdd(`a ${form} b`);
        expect(text).toMatch(/^a "?\[redacted\]"? b$/);
      }
    }
  });

  test("leaves words alone that a short key is made of", () => {
    const text = "the sim-key and the sim-secret of sim-key-2 belong to sim serve";
    expect(redactor(createApiKeys("sim-key-1", "sim-secret-1"))(text)).toBe(text);
    expect(redactor(createApiKeys("sim-key-1", "sim-secret-1"))("GET sim-key-1")).toBe(`GET ${REDACTED}`);
  });

  test("leaves a text without keys as it is, and says nothing new about a redacted one", () => {
    const plain = fc.string({ unit: "grapheme", maxLength: 80 });
    fc.assert(
      fc.property(plain, plain, fc.constantFrom(...WRITTEN), (before, behind, [, write]) => {
        const text = redact(`${before} ${write(secret)} ${behind}`);
        expectNoKey(text);
        expect(redact(text)).toBe(text);
        if (!/signature|listenKey|apikey/i.test(before)) expect(redact(before)).toBe(before);
      }),
      { numRuns: 300 },
    );
  });
});
