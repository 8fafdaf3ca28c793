import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { inspectRecording } from "../../../src/recording/inspect/inspect-recording.ts";
import { secretKinds, withholdSecrets } from "../../../src/recording/inspect/secrets.ts";
import { openRecording } from "../../../src/recording/reader.ts";
import { redactRecording } from "../../../src/recording/repair/redact-recording.ts";
import { Redactor } from "../../../src/recording/repair/redactor.ts";
import { verifyRecording } from "../../../src/recording/verify.ts";
import { createRecordingWriter } from "../../../src/recording/writer.ts";

const KEY = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0dF".repeat(2);
const HEX = "0f".repeat(32);
const JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NSJ9.c2lnbmF0dXJlLW9mLWl0";
const PRIVATE = "-----BEGIN RSA PRIVATE KEY-----\nMIIBOgIBAAJB\n-----END RSA PRIVATE KEY-----";
const SECRETS = [KEY, HEX, JWT, "hunter2-redis", "MIIBOgIBAAJB", "12345678901234567890"];

let base: string;
let dir: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "redact-"));
  dir = join(base, "rec");
  const writer = createRecordingWriter({
    dir,
    id: "rec",
    fidelity: "mark",
    symbols: ["AUSDT"],
    createdBy: "test",
    notes: [`recorded from redis://default:hunter2-redis@10.0.0.1:6379/0`],
  });
  writer.exchangeInfo({ symbols: [], serverNote: `listenKey=${KEY}` });
  writer.market({ rxMs: 0, symbol: 0, price: "1.5", extra: { x: { apiKey: KEY, p: "1.5" } } });
  const payload = `{"symbol": "AUSDT", "side": "BUY", "apiKey": "${KEY}", "secret": 12345678901234567890, "big": 9007199254740993}`;
  writer.input({ rxMs: 1, stream: "trade.intent", payload: { id: "1-0", fields: { payload, trader: "alice" } } });
  const fields = {
    signature: HEX,
    plan_id: "p1",
    token: JWT,
    pem: PRIVATE,
    nested: { trader: "alice" },
    trader: ["bob"],
  };
  writer.input({ rxMs: 2, stream: "reconcile.close", payload: { id: "2-0", fields } });
  const plan = { signature: "intent_bridge", policy_hash: "ab".repeat(32), plan_id: "p1" };
  writer.input({ rxMs: 3, stream: "apply.plan", payload: { id: "3-0", fields: plan } });
  writer.seal();
});

afterEach(() => rmSync(base, { recursive: true, force: true }));

function everyByte(folder: string): string {
  const read = (name: string) => {
    const bytes = readFileSync(join(folder, name));
    return name.endsWith(".gz") ? gunzipSync(bytes).toString() : bytes.toString();
  };
  return readdirSync(folder).map(read).join("\n");
}

describe("redact", () => {
  test("takes every secret out, keeps everything else byte by byte, and the result verifies without one", () => {
    const found = inspectRecording(dir);
    expect(found.secrets.map(({ file, line, kind }) => [file.split("/").at(-1), line, kind])).toEqual([
      ["manifest.json", expect.any(Number), "password in a URL"],
      ["market.0001.ndjson.gz", 1, "named credential"],
      ["market.0001.ndjson.gz", 1, "venue API key"],
      ["inputs.0001.ndjson.gz", 1, "named credential"],
      ["inputs.0001.ndjson.gz", 1, "venue API key"],
      ["inputs.0001.ndjson.gz", 2, "private key"],
      ["inputs.0001.ndjson.gz", 2, "signature"],
      ["inputs.0001.ndjson.gz", 2, "JSON web token"],
      ["exchange.0001.ndjson.gz", 1, "signature"],
      ["exchange.0001.ndjson.gz", 1, "venue API key"],
    ]);
    const out = join(base, "out");
    const { redactions, sealed } = redactRecording(dir, out);
    const text = everyByte(out);
    for (const secret of SECRETS) expect(text, secret).not.toContain(secret);
    const recording = openRecording(out);
    verifyRecording(recording);
    const after = inspectRecording(out);
    expect([after.secretCount, after.damageCount, after.recording.redactions]).toEqual([0, 0, redactions.length]);
    expect(sealed.manifest.redactions).toEqual(redactions);
    expect(redactions).toEqual([
      { kind: "JSON web token", values: 1, count: 1 },
      { kind: "named credential", values: 2, count: 3 },
      { kind: "password in a URL", values: 1, count: 1 },
      { kind: "private key", values: 1, count: 1 },
      { kind: "signature", values: 2, count: 2 },
    ]);
    const [intent, , plan] = [...recording.inputs()].map(({ payload }) => payload["fields"] as Record<string, string>);
    // Equal values stay equal: the key was the first one met, in the prices.
    expect(intent?.["payload"]).toBe(
      '{"symbol": "AUSDT", "side": "BUY", "apiKey": "[redacted:1]", "secret": "[redacted:2]", "big": 9007199254740993}',
    );
    expect(text).toContain('"x":{"apiKey":"[redacted:1]","p":"1.5"}');
    expect(text).toContain("redis://default:[redacted:");
    expect(plan).toEqual({ signature: "intent_bridge", policy_hash: "ab".repeat(32), plan_id: "p1" });
  });

  test("takes the fields that are named, at any depth, and refuses those that every record needs", () => {
    const out = join(base, "out");
    const { redactions } = redactRecording(dir, out, ["trader"]);
    expect(redactions).toContainEqual({ kind: "field trader", values: 2, count: 3 });
    const text = everyByte(out);
    expect(text).not.toContain("alice");
    expect(text).not.toContain("bob");
    expect(() => redactRecording(dir, join(base, "other"), ["p", "symbol"])).toThrow(/fields "p"/);
  });

  test("a redacted recording redacted again is the same recording", () => {
    const first = redactRecording(dir, join(base, "a"));
    const second = redactRecording(join(base, "a"), join(base, "b"));
    expect(second.redactions).toEqual([]);
    expect(second.sealed.hash).toBe(first.sealed.hash);
  });
});

describe("secrets", () => {
  test("are told by form and by name, also escaped in packed JSON; hashes, ids and public words are none", () => {
    const packed = JSON.stringify(JSON.stringify({ api_secret: "s3cr3t-value" }));
    expect(secretKinds(packed)).toEqual(["named credential"]);
    expect(new Redactor([]).record(`{"payload":${packed}}`)).toBe(
      '{"payload":"{\\"api_secret\\":\\"[redacted:1]\\"}"}',
    );
    for (const text of [
      `"sha256":"${HEX}"`,
      '"signature":"intent_bridge"',
      '"plan_id":"aeac68006721d7a7"',
      "authorization: Bearer [redacted:3]",
      withholdSecrets(`apiKey=${KEY} redis://:pass@host ${JWT}`),
    ]) {
      expect(secretKinds(text), text).toEqual([]);
    }
    expect(secretKinds("authorization: Bearer abcdefgh")).toEqual(["named credential"]);
    expect(secretKinds("rediss://:pass-word@host:6380")).toEqual(["password in a URL"]);
  });

  test("kept in base64 beside a text, or only there, are found and go with what holds them", () => {
    const packed = ["api_key", "abcdefgh", "n", "\u00ff"].map((text) => Buffer.from(text).toString("base64"));
    const line = JSON.stringify({ s: "a", fields: { api_key: "abcdefgh" }, fieldsBase64: packed });
    const clean = new Redactor([]).record(line)!;
    expect(JSON.parse(clean)).toEqual({ s: "a", fields: { api_key: "[redacted:2]" }, fieldsBase64: "[redacted:1]" });
    const only = JSON.stringify({ s: "a", valueBase64: Buffer.from(`secret=${HEX}`).toString("base64") });
    expect(secretKinds(only)).toEqual(["named credential"]);
    expect(JSON.parse(new Redactor([]).record(only)!)).toEqual({ s: "a", valueBase64: "[redacted:1]" });
    const harmless = JSON.stringify({ s: "a", valueBase64: Buffer.from("just bytes").toString("base64") });
    expect(new Redactor([]).record(harmless)).toBe(harmless);
  });

  test("hidden by escapes or in the name of a field are found and taken out", () => {
    const line = `{"s":"a","${KEY}":1,"f":"\\u0061pi_key=abcdefgh"}`;
    const clean = new Redactor([]).record(line)!;
    expect(secretKinds(clean)).toEqual([]);
    expect(JSON.parse(clean)).toEqual({ s: "a", "[redacted:2]": 1, f: "api_key=[redacted:1]" });
  });
});
