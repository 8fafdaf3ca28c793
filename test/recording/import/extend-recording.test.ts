import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { UserError } from "../../../src/diagnostics/user-error.ts";
import { extendRecording } from "../../../src/recording/import/extend-recording.ts";
import { importRecording } from "../../../src/recording/import/import-recording.ts";
import { recordingHash } from "../../../src/recording/manifest.ts";
import { openRecording } from "../../../src/recording/reader.ts";
import { editLines, editManifest } from "../edit-recording.ts";

const START = 1746373020000;
const MARKET = "market.0001.ndjson.gz";

let base: string;
let candles: string;
let funding: string;
let from: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "extend-"));
  candles = join(base, "AUSDT-1m.csv");
  funding = join(base, "funding.csv");
  from = join(base, "from");
  const rows = [0, 1, 3].map((minute) => `${START + minute * 60_000},1,2,1,2,5`);
  writeFileSync(candles, `open_time_ms,open,high,low,close,volume\n${rows.join("\n")}\n`);
  writeFileSync(funding, `symbol,funding_time_ms,funding_rate\nAUSDT,${START + 60_000},0.0001\n`);
  importRecording({ candles: [candles], out: from });
});

afterEach(() => {
  rmSync(base, { recursive: true, force: true });
});

test("funding added later gives the recording that an import with funding gives", () => {
  const before = readFileSync(join(from, "manifest.json"));

  const extended = extendRecording({ from, out: join(base, "to"), funding });

  const atOnce = importRecording({ candles: [candles], funding, out: join(base, "once") });
  expect(extended.hash).toBe(atOnce.hash);
  expect(extended.manifest.inputs).toEqual(atOnce.manifest.inputs);
  expect(extended.counts).toEqual({ gap: 1, mark: 12, funding: 1 });
  expect(readFileSync(join(from, "manifest.json")).equals(before), "the source stays as it is").toBe(true);
  expect(openRecording(join(base, "to")).manifest.notes).toContain(
    `extends recording "from" ${openRecording(from).hash}`,
  );
});

test("exchangeInfo and brackets can be added and replaced", () => {
  const exchangeInfo = join(base, "info.json");
  const brackets = join(base, "brackets.json");
  const filters = [
    { filterType: "PRICE_FILTER", tickSize: "0.5" },
    { filterType: "LOT_SIZE", stepSize: "0.1", minQty: "0.1", maxQty: "10" },
  ];
  writeFileSync(exchangeInfo, JSON.stringify({ symbols: [{ symbol: "AUSDT", status: "TRADING", filters }] }));
  const tier = { bracket: 1, initialLeverage: 50, notionalCap: 5000, notionalFloor: 0, maintMarginRatio: 0.01, cum: 0 };
  writeFileSync(brackets, JSON.stringify([{ symbol: "AUSDT", brackets: [tier] }]));

  extendRecording({ from, out: join(base, "a"), exchangeInfo });
  extendRecording({ from: join(base, "a"), out: join(base, "b"), brackets });
  writeFileSync(exchangeInfo, readFileSync(exchangeInfo, "utf8").replace('"0.5"', '"0.25"'));
  const replaced = extendRecording({ from: join(base, "b"), out: join(base, "c"), exchangeInfo });

  expect(openRecording(join(base, "b")).instruments[0]).toMatchObject({ tickSize: "0.5", qtyLotsMax: 100 });
  const last = openRecording(join(base, "c"));
  expect(last.instruments[0]!.tickSize).toBe("0.25");
  expect(last.leverageBrackets.get("AUSDT")).toEqual([
    {
      ...{ tier: 1, leverageMax: 50, notionalFloorQuote: "0", notionalCapQuote: "5000" },
      ...{ maintMarginRatio: "0.01", cumQuote: "0" },
    },
  ]);
  expect(replaced.counts).toMatchObject({ exchangeInfo: 1, leverageBrackets: 1 });
});

test("fields of later versions survive the copy", () => {
  const content = gunzipSync(readFileSync(join(from, MARKET))).toString();
  const sha256 = createHash("sha256").update(content.replace("}", ',"nq":"7"}')).digest("hex");
  editLines(from, MARKET, (lines) =>
    lines.map((line, index) => (index === 0 ? line.replace("}", ',"nq":"7"}') : line)),
  );
  editManifest(from, (manifest) => {
    manifest["venue"] = "testnet";
    manifest.content.market = sha256;
    manifest.hash = recordingHash({ symbols: ["AUSDT"], fidelity: "candles", content: manifest.content });
  });

  const { dir, manifest } = extendRecording({ from, out: join(base, "to"), funding });

  const [first] = gunzipSync(readFileSync(join(dir, MARKET)))
    .toString()
    .split("\n");
  expect(first).toContain('"nq":"7"');
  expect(manifest["venue"]).toBe("testnet");
});

test("funding that is recorded already is refused, and nothing is written", () => {
  extendRecording({ from, out: join(base, "to"), funding });

  expect(() => extendRecording({ from: join(base, "to"), out: join(base, "again"), funding })).toThrow(
    `1 of 1 records are in it already (the first is AUSDT at ${START + 60_000})`,
  );
  expect(readdirSync(base)).not.toContain("again");
});

test("a damaged source is refused before anything is written", () => {
  editLines(from, MARKET, (lines) => lines.slice(1));

  expect(() => extendRecording({ from, out: join(base, "to"), funding })).toThrow(UserError);
  expect(readdirSync(base)).not.toContain("to");
});

test.each([
  ["AUSDT,1746373020,0.1", "it looks like seconds"],
  ["AUSDT,1746373020000,NaN", 'rate is "NaN", a decimal number is needed'],
  ["AUSDT,1746373020000", "symbol,funding_time_ms,funding_rate is needed"],
  [`AUSDT,${START},0\nAUSDT,${START},0`, "is there twice, times must increase per symbol"],
])("the funding record %j is refused with its line", (row, what) => {
  writeFileSync(funding, `symbol,funding_time_ms,funding_rate\n${row}\n`);

  expect(() => extendRecording({ from, out: join(base, "to"), funding })).toThrow(what);
  expect(() => extendRecording({ from, out: join(base, "to"), funding })).toThrow(
    /funding\.csv:[23]:\d+ Cannot import/,
  );
});
