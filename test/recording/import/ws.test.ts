import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { EXIT, UserError } from "../../../src/diagnostics/user-error.ts";
import { MARKET_KIND } from "../../../src/recording/batch.ts";
import { extendRecording } from "../../../src/recording/import/extend-recording.ts";
import { importWs } from "../../../src/recording/import/import-ws.ts";
import { middle } from "../../../src/recording/import/ws-frame.ts";
import { readObjects } from "../../../src/recording/part-reader.ts";
import { openRecording, partsOf } from "../../../src/recording/reader.ts";
import { hasShared, sharedPath } from "../../shared-data.ts";

let base: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "import-ws-"));
});

afterEach(() => {
  rmSync(base, { recursive: true, force: true });
});

const T = 1680652700423;

function line(rxMs: number, frame: unknown, ns = "000000"): string {
  return JSON.stringify({ local_ns: `${rxMs}${ns}`, frame });
}

function put(lines: readonly string[], name = "capture.ndjson"): string {
  const path = join(base, name);
  const text = `${lines.join("\n")}\n`;
  writeFileSync(path, name.endsWith(".gz") ? gzipSync(text) : text);
  return path;
}

function imported(files: string[]) {
  const { dir, manifest, counts } = importWs({ files, out: join(base, "out"), id: "w" });
  const recording = openRecording(dir);
  const rows = partsOf(manifest, "market").flatMap((part) => [...readObjects(dir, part)].map(({ record }) => record));
  return { manifest, counts, recording, rows, inputs: [...recording.inputs()] };
}

function refused(files: string[]): UserError {
  try {
    imported(files);
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error("the import was not refused");
}

const book = (u: number, more: object = {}) => ({
  stream: "btcusdt@bookTicker",
  data: {
    e: "bookTicker",
    u,
    s: "BTCUSDT",
    b: "28145.10",
    B: "3.868",
    a: "28145.20",
    A: "6.887",
    T: T + 7,
    E: T + 12,
    ...more,
  },
});
const trade = (t: number | string, more: object = {}) => ({
  e: "trade",
  E: T + 3,
  T,
  s: "BTCUSDT",
  t,
  p: "28145.10",
  q: "0.020",
  X: "MARKET",
  m: true,
  ...more,
});
const depth = (U: number, u: number, pu: number | undefined, more: object = {}) => ({
  stream: "btcusdt@depth@0ms",
  data: {
    e: "depthUpdate",
    E: T,
    T,
    s: "BTCUSDT",
    U,
    u,
    ...(pu === undefined ? {} : { pu }),
    b: [["1.0", "2"]],
    a: [],
    ...more,
  },
});

test("book tickers, trades and mark prices become prices, with everything else of the frame beside them", () => {
  const mark = {
    e: "markPriceUpdate",
    E: T,
    s: "BTCUSDT",
    p: "28147.27373413",
    P: "1",
    i: "2",
    r: "0.00002754",
    T: T + 99,
    ap: "new",
  };
  const { rows, recording, manifest } = imported([
    put([
      line(T, book(5), "123456"),
      line(T + 1, trade(7)),
      line(T + 2, { stream: "btcusdt@markPrice@1s", data: mark }),
    ]),
  ]);
  expect(rows).toEqual([
    {
      seq: 1,
      rx: T,
      ts: T + 12,
      s: "book",
      sym: "BTCUSDT",
      p: "28145.15",
      b: "28145.10",
      a: "28145.20",
      local_ns: `${T}123456`,
      x: { e: "bookTicker", u: "5", B: "3.868", A: "6.887", T: T + 7, E: T + 12 },
    },
    {
      seq: 2,
      rx: T + 1,
      ts: T + 3,
      s: "trade",
      sym: "BTCUSDT",
      p: "28145.10",
      q: "0.020",
      local_ns: `${T + 1}000000`,
      x: { e: "trade", E: T + 3, T, t: "7", X: "MARKET", m: true },
    },
    {
      seq: 3,
      rx: T + 2,
      ts: T,
      s: "mark",
      sym: "BTCUSDT",
      p: "28147.27373413",
      local_ns: `${T + 2}000000`,
      x: { e: "markPriceUpdate", E: T, P: "1", i: "2", r: "0.00002754", T: T + 99, ap: "new" },
    },
  ]);
  expect(recording.fidelity).toBe("book");
  const [batch] = [...recording.batches()];
  expect([...batch!.kind.subarray(0, 3)]).toEqual([MARKET_KIND.book, MARKET_KIND.trade, MARKET_KIND.mark]);
  expect(batch!.bid[0]).toBe(28145.1);
  expect(manifest.notes).toContain(
    "received minus exchange time in ms: min -12, p1 -12, median -2, p99 2, max 2; received earlier than exchange " +
      "time: 2 of 3 (clocks differ, nothing was corrected)",
  );
});

test("the middle is exact, with one decimal more only when it needs one", () => {
  expect(middle("28145.10", "28145.20")).toBe("28145.15");
  expect(middle("3424.98", "3424.99")).toBe("3424.985");
  expect(middle("0.1", "0.12")).toBe("0.11");
  expect(middle("1", "2")).toBe("1.5");
});

test("frames that are no price are carried as they came, in streams of their own", () => {
  // One side only: nobody can tell whose book it is.
  const snapshot = { lastUpdateId: 9, E: T, bids: [["1", "2"]], asks: [] };
  const order = { stream: "!forceOrder@arr", data: { e: "forceOrder", E: T, o: { s: "BTCUSDT", q: "1" } } };
  const answer = { result: null, id: 1 };
  const { inputs, rows } = imported([put([line(T, snapshot), line(T, order), line(T, answer), line(T, book(1))])]);
  expect(rows).toHaveLength(1);
  expect(inputs.map(({ stream, payload }) => [stream, payload["frame"]])).toEqual([
    ["ws.depthSnapshot", snapshot],
    ["ws.forceOrder", order],
    ["ws.unknown", answer],
  ]);
});

test("in one millisecond a gap goes first, then prices and depth as they came, then what is neither", () => {
  const { rows, inputs } = imported([
    put([line(T, trade(1)), line(T + 1, {}), line(T + 1, depth(1, 2, 0)), line(T + 1, book(1)), line(T + 1, trade(5))]),
  ]);
  expect([...rows, ...inputs.map(({ seq, rxMs, stream }) => ({ seq, rx: rxMs, s: stream }))].sort(bySeq)).toMatchObject(
    [
      { rx: T, s: "trade" },
      { rx: T + 1, s: "gap" },
      { rx: T + 1, s: "depth" },
      { rx: T + 1, s: "book" },
      { rx: T + 1, s: "trade" },
      { rx: T + 1, s: "ws.unknown" },
    ],
  );
});

function bySeq(left: Record<string, unknown>, right: Record<string, unknown>): number {
  return Number(left["seq"]) - Number(right["seq"]);
}

test("a hole in the trade ids is a gap record with its count, a repeated id is carried but no price", () => {
  const { rows, inputs, manifest } = imported([
    put([line(T, trade(7)), line(T + 5, trade(10, { E: T + 4 })), line(T + 6, trade(10)), line(T + 7, trade(11))]),
  ]);
  expect(rows.map(({ x }) => (x as { t: string }).t)).toEqual(["7", "10", "11"]);
  expect(inputs.map(({ stream, payload }) => [stream, payload["missing"], payload["cause"]])).toEqual([
    ["gap", 2, "trade ids 8 to 9 are missing"],
    ["ws.trade", undefined, undefined],
  ]);
  expect(inputs[0]!.payload).toMatchObject({ sym: "BTCUSDT", startTsMs: T + 3, endTsMs: T + 4 });
  expect(manifest.gaps).toMatchObject([{ symbol: "BTCUSDT", gaps: 1, missing: 2 }]);
  expect(manifest.notes).toContain("holes in trade ids: 1, trades missing in them: 2");
  expect(manifest.notes).toContain("trades with an id not above the last, carried but no price: 1");
});

test("trade ids beyond a double stay exact", () => {
  const long = line(T, trade("@")).replace('"@"', "9007199254740993");
  const next = line(T, trade("@")).replace('"@"', "9007199254740994");
  const { rows, manifest } = imported([put([long, next])]);
  expect(rows.map(({ x }) => (x as { t: string }).t)).toEqual(["9007199254740993", "9007199254740994"]);
  expect(manifest.gaps).toEqual([]);
});

test("a trade beside the market is no price, and its id makes no hole", () => {
  const { rows, inputs, manifest } = imported([
    put([line(T, trade(1)), line(T, trade(2, { X: "INSURANCE_FUND", p: "28722.50" })), line(T, trade(3))]),
  ]);
  expect(rows).toHaveLength(2);
  expect(inputs.map(({ stream }) => stream)).toEqual(["ws.trade"]);
  expect(manifest.notes).toContain('no price, carried as it came: trade with X "INSURANCE_FUND": 1');
});

test("an empty side of the book is no price", () => {
  const { rows, inputs } = imported([put([line(T, book(1)), line(T, book(2, { a: "0.00" }))])]);
  expect(rows).toHaveLength(1);
  expect(inputs.map(({ stream }) => stream)).toEqual(["ws.bookTicker"]);
});

test("aggregated trades are prices, except where single trades of the symbol are there too", () => {
  const agg = (a: number, s: string) => ({ e: "aggTrade", E: T, a, s, p: "2.0", q: "5", f: 1, l: 3, T, m: false });
  const { rows, inputs, manifest } = imported([
    put([line(T, agg(1, "BTCUSDT")), line(T, agg(1, "ETHUSDT")), line(T, trade(1)), line(T, agg(2, "ETHUSDT"))]),
  ]);
  expect(rows.map(({ sym, q, x }) => [sym, q, (x as { e: string }).e])).toEqual([
    ["ETHUSDT", "5", "aggTrade"],
    ["BTCUSDT", "0.020", "trade"],
    ["ETHUSDT", "5", "aggTrade"],
  ]);
  expect(rows[0]!["x"]).toMatchObject({ a: "1", f: "1", l: "3", m: false });
  expect(inputs.map(({ stream }) => stream)).toEqual(["ws.aggTrade"]);
  expect(manifest.notes).toContain("no price, carried as it came: aggTrade of a symbol with trades: 1");
});

test.each([
  ["pu that is the last u", [depth(1, 5, 0), depth(7, 9, 5)], 0, 0],
  ["pu above the last u", [depth(1, 5, 0), depth(7, 9, 6)], 1, 0],
  ["the same event twice", [depth(1, 5, 0), depth(1, 5, 0), depth(6, 9, 5)], 0, 1],
  ["pu below the last u", [depth(1, 5, 0), depth(4, 9, 3)], 0, 1],
  ["spot events that go on", [depth(1, 5, undefined), depth(6, 9, undefined)], 0, 0],
  ["spot events with a hole", [depth(1, 5, undefined), depth(7, 9, undefined)], 1, 0],
])("depth continuity: %s", (_what, frames, breaks, repeats) => {
  const { inputs, manifest } = imported([put(frames.map((frame, at) => line(T + at, frame)))]);
  expect(inputs.filter(({ stream }) => stream === "gap")).toHaveLength(breaks);
  expect(inputs.filter(({ stream }) => stream === "depth")).toHaveLength(frames.length);
  expect(manifest.notes.some((note) => note.startsWith("breaks in depth updates"))).toBe(breaks > 0);
  expect(manifest.notes.some((note) => note === `depth updates that repeat update ids: ${repeats}`)).toBe(repeats > 0);
});

describe("depth", () => {
  const full = (lastUpdateId: number, price = 28145) => ({
    ...{ lastUpdateId, E: T, T },
    bids: [[`${price}.10`, "3.868"]],
    asks: [[`${price}.20`, "6.887"]],
  });

  test("is recorded without loss: levels and ids as texts, everything else of the frame beside them", () => {
    const event = depth(1, 2, 0, { st: 7, T: T - 1 });
    const { inputs } = imported([put([line(T, event, "000321"), line(T + 1, book(1)), line(T + 2, full(2))])]);
    expect(inputs.map(({ stream, payload }) => [stream, payload])).toEqual([
      [
        "depth",
        {
          ...{ sym: "BTCUSDT", kind: "update", U: "1", u: "2", pu: "0", b: [["1.0", "2"]], a: [] },
          ...{ local_ns: `${T}000321`, stream: "btcusdt@depth@0ms", x: { e: "depthUpdate", E: T, T: T - 1, st: 7 } },
        },
      ],
      [
        "depth",
        {
          ...{ sym: "BTCUSDT", kind: "snapshot", u: "2", b: [["28145.10", "3.868"]], a: [["28145.20", "6.887"]] },
          ...{ local_ns: `${T + 2}000000`, x: { E: T, T } },
        },
      ],
    ]);
  });

  test.each([
    ["a snapshot inside the chain", [depth(1, 5, 0), full(4), depth(6, 9, 5)], "depth"],
    ["a snapshot that came before its update", [full(4), depth(1, 5, 0)], "depth"],
    ["a snapshot that is newer than every update", [depth(1, 5, 0), full(8)], "book"],
    ["a snapshot older than the updates", [full(4), depth(8, 9, 7)], "book"],
    ["no snapshot", [depth(1, 5, 0), depth(6, 9, 5)], "book"],
    ["a break after the snapshot", [full(4), depth(1, 5, 0), depth(8, 9, 7)], "book"],
    ["a new snapshot after a break: the hole stays", [full(4), depth(1, 5, 0), depth(8, 9, 7), full(8)], "book"],
  ])("%s", (_what, frames, fidelity) => {
    const { recording } = imported([put([book(1), ...frames].map((frame, at) => line(T + at, frame)))]);
    expect(recording.fidelity).toBe(fidelity);
  });

  test("a snapshot goes to the one symbol whose prices are near, or whose updates cover it", () => {
    const eth = (data: object) => ({ stream: "x", data: { ...data, s: "ETHUSDT" } });
    const far = eth({ ...book(1).data, b: "3000.0", a: "3001.0" });
    const same = eth(book(1).data);
    const ethDepth = eth(depth(20, 30, 19).data);
    const owners = (frames: unknown[]) =>
      imported([put(frames.map((frame, at) => line(T + at, frame)))])
        .inputs.filter(({ payload }) => payload["kind"] === "snapshot")
        .map(({ payload }) => payload["sym"]);
    expect(owners([book(1), far, full(4), full(5, 3000)])).toEqual(["BTCUSDT", "ETHUSDT"]);
    rmSync(join(base, "out"), { recursive: true });
    expect(owners([book(1), same, depth(1, 5, 0), ethDepth, full(4), full(25)])).toEqual(["BTCUSDT", "ETHUSDT"]);
    rmSync(join(base, "out"), { recursive: true });
    expect(owners([book(1), same, full(4)]), "nobody knows: carried without a symbol").toEqual([]);
  });

  test("a partial stream is no link of the chain, on spot it names its symbol in its stream only", () => {
    const partial = { ...depth(8, 9, 7), stream: "btcusdt@depth20@100ms" };
    const spot = { stream: "btcusdt@depth5", data: { lastUpdateId: 3, bids: [["1", "2"]], asks: [] } };
    const { inputs, manifest } = imported([
      put([line(T, depth(1, 5, 0)), line(T + 1, partial), line(T + 2, spot), line(T + 3, depth(6, 9, 5))]),
    ]);
    expect(inputs.map(({ payload }) => [payload["sym"], payload["kind"]])).toEqual([
      ["BTCUSDT", "update"],
      ["BTCUSDT", "partial"],
      ["BTCUSDT", "partial"],
      ["BTCUSDT", "update"],
    ]);
    expect(manifest.gaps).toEqual([]);
  });

  test("levels that are no decimal texts are an error", () => {
    const { problems } = refused([put([line(T, depth(1, 2, 0, { b: [["1", 2]] }))])]);
    expect(problems[0]!.text).toContain('b[0] is ["1",2], two decimal texts are needed');
  });
});

test("a recording says with which mapper of which time it was read, and what that did not know", () => {
  const later = Date.UTC(2026, 5, 1);
  const { manifest } = imported([
    put([
      line(T, book(1)),
      line(T, trade(1, { nq: "1" })),
      line(later, { ...trade(2), nq: "1", st: 1 }),
      line(later, { ...trade(3), zz: 1 }),
    ]),
  ]);
  expect(manifest["mappers"]).toEqual([
    { source: "ws.bookTicker", mapper: "ws.bookTicker/1", unit: "ms", records: 1 },
    { source: "ws.trade", mapper: "ws.trade/1", unit: "ms", records: 1 },
    { source: "ws.trade", mapper: "ws.trade/2", unit: "ms", records: 2 },
  ]);
  expect(manifest.notes).toContain("field not in the table of mapper ws.trade/1: nq, carried on 1 records");
  expect(manifest.notes).toContain("field not in the table of mapper ws.trade/2: zz, carried on 1 records");
});

test("a spot book ticker has no e, and is one all the same", () => {
  const { e: _, E: __, T: ___, ...spot } = book(1).data;
  const { rows } = imported([put([line(T, spot), line(T + 1, { stream: "btcusdt@bookTicker", data: spot })])]);
  expect(rows.map(({ s, p }) => [s, p])).toEqual([
    ["book", "28145.15"],
    ["book", "28145.15"],
  ]);
});

test("a clock set back is a finding with its place", () => {
  const { inputs } = imported([put([line(T + 5, trade(3)), line(T, trade(1)), line(T + 1, trade(2))])]);
  expect(inputs).toMatchObject([
    {
      rxMs: T,
      stream: "finding",
      payload: { finding: "clock.stepped.back", backMs: 5, file: "capture.ndjson", line: 2 },
    },
  ]);
});

test("a frame nested too deep to be written again is refused", () => {
  const deep = `${"[".repeat(9_000)}${"]".repeat(9_000)}`;
  const { problems } = refused([put([`{"local_ns":"${T}000000","frame":${deep}}`])]);
  expect(problems[0]!.text).toContain("nested deeper than 64 levels");
});

test("two captures and a clock set back end in one order of the time received, and it is said", () => {
  const first = put([line(T + 5, trade(3)), line(T, trade(1))], "a.ndjson.gz");
  const second = put([line(T, trade(2), "000001")], "b.ndjson");
  const { rows, manifest } = imported([second, first]);
  expect(rows.map(({ x }) => (x as { t: string }).t)).toEqual(["1", "2", "3"]);
  expect(manifest.notes).toContain(
    "frames received before the one in front of them: 1, by 5 ms at most; put in the order of the time received",
  );
});

test("frames with a list have one record for each entry, and a symbol may be non-ASCII", () => {
  const mark = (s: string) => ({ e: "markPriceUpdate", E: T, s, p: "1.5", r: "0.1", T });
  const data = [mark("牛来USDT"), mark("AUSDT"), { e: "else", E: T, s: "BUSDT" }];
  const { rows, inputs } = imported([put([line(T, { stream: "!markPrice@arr", data })])]);
  expect(rows.map(({ sym }) => sym)).toEqual(["牛来USDT", "AUSDT"]);
  expect(inputs[0]).toMatchObject({
    stream: "ws.else",
    payload: { frame: { stream: "!markPrice@arr", data: data[2] } },
  });
});

test("each malformed line is an error with its line, all at once", () => {
  const file = put([
    line(T, trade(1)),
    '{"local_ns":"168065270042',
    JSON.stringify({ local_ns: String(T), frame: {} }),
    line(T, trade(2, { p: 28145.1 })),
    line(T, book(1, { s: undefined })),
    JSON.stringify({ local_ns: `${T}000000` }),
  ]);
  const { problems, exitCode } = refused([file]);
  expect(exitCode).toBe(EXIT.recordingUnusable);
  expect(problems.map((problem) => `${problem.line} ${problem.text}`)).toEqual([
    expect.stringContaining("2 Cannot import the frame: the line is no JSON"),
    `3 Cannot import the frame: local_ns is "${T}", UTC nanoseconds are needed`,
    "4 Cannot import the frame: the trade event cannot be read: p is 28145.1, a decimal text is needed",
    "5 Cannot import the frame: the bookTicker event cannot be read: s is missing, a symbol is needed",
    "6 Cannot import the frame: it has no frame, the frame as it was received is needed",
  ]);
});

test("a torn gzip is refused, and nothing is left behind", () => {
  const path = join(base, "torn.gz");
  writeFileSync(path, gzipSync(line(T, trade(1))).subarray(0, -6));
  expect(refused([path]).exitCode).toBe(EXIT.recordingUnusable);
  expect(() => openRecording(join(base, "out"))).toThrow(UserError);
});

test("a copy with funding added has the same prices, ids and frames", () => {
  const { manifest, rows, inputs } = imported([
    put([line(T, book(1)), line(T, depth(1, 2, 0)), line(T + 5, trade(4))]),
  ]);
  const funding = join(base, "funding.csv");
  writeFileSync(funding, `symbol,funding_time_ms,funding_rate\nBTCUSDT,${T + 4},0.0001\n`);
  const copy = extendRecording({ from: join(base, "out"), out: join(base, "copy"), funding });
  const copied = partsOf(copy.manifest, "market").flatMap((part) => [...readObjects(copy.dir, part)]);
  expect(copied.map(({ record: { seq: _, ...record } }) => record)).toEqual(
    rows.map(({ seq: _, ...record }) => record),
  );
  expect([...openRecording(copy.dir).inputs()].map(({ stream, payload }) => [stream, payload])).toEqual([
    ["depth", inputs[0]!.payload],
    ["funding", { sym: "BTCUSDT", rate: "0.0001" }],
  ]);
  expect(manifest.notes.join("\n")).toContain("no exchangeInfo: ticks come from the decimals seen");
});

describe.skipIf(!hasShared)("real captures", () => {
  test("BTC over the funding of 2023-04-05: all 32,288 frames, one trade of the insurance fund", () => {
    const file = sharedPath("data/ws/usdm_2023-04-04T2358_btc_markprice_part1.ndjson.gz");
    const { counts, manifest, recording, rows } = imported([file]);
    expect(counts).toEqual({
      book: 18_238,
      mark: 219,
      trade: 6_216,
      // One of them is the REST snapshot.
      depth: 1 + 7_613,
      "ws.trade": 1,
    });
    expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(32_288);
    expect(rows).toHaveLength(18_238 + 219 + 6_216);
    expect(recording.marketEventCount).toBe(rows.length);
    expect([...recording.batches()].reduce((sum, { length }) => sum + length, 0)).toBe(rows.length);
    expect(recording.symbols).toEqual(["BTCUSDT"]);
    expect(recording.fidelity, "no pu break, and the snapshot is where the updates go on from").toBe("depth");
    expect(manifest["mappers"]).toContainEqual({
      ...{ source: "ws.markPriceUpdate", mapper: "ws.markPriceUpdate/1", unit: "ms", records: 219 },
    });
    const marks = rows.filter(({ s }) => s === "mark").map(({ x }) => x as { r: string; T: number });
    expect(
      marks.every(({ r }) => /^-?0\.\d+$/.test(r)),
      "funding rates",
    ).toBe(true);
    expect([...new Set(marks.map(({ T: next }) => next))], "the next funding changes when one is due").toEqual([
      Date.UTC(2023, 3, 5),
      Date.UTC(2023, 3, 5, 8),
    ]);
    expect(manifest.gaps).toEqual([]);
    expect(manifest.notes.find((note) => note.startsWith("received minus"))).toContain("median -5,");
  });

  test("BTC and ETH of 2024-07-18: the first 30,000 frames, though received 1.5 s before exchange time", () => {
    const whole = gunzipSync(readFileSync(sharedPath("data/ws/usdm_2024-07-18T2357_btc_eth.ndjson.gz"))).toString();
    const lines = whole.split("\n").slice(0, 30_000);
    expect(whole.split("\n").length - 1).toBe(141_897);
    const { counts, manifest, recording, inputs } = imported([put(lines)]);
    expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(30_000);
    let earliestMs = 0;
    let lastRxMs = 0;
    let backwards = 0;
    for (const { length, rxMs, tsMs } of recording.batches()) {
      for (let row = 0; row < length; row++) {
        earliestMs = Math.min(earliestMs, rxMs[row]! - tsMs[row]!);
        if (rxMs[row]! < lastRxMs) backwards++;
        lastRxMs = rxMs[row]!;
      }
    }
    expect(recording.symbols).toEqual(["BTCUSDT", "ETHUSDT"]);
    expect(recording.fidelity).toBe("depth");
    const snapshots = inputs.filter(({ payload }) => payload["kind"] === "snapshot");
    expect(snapshots.map(({ payload }) => [payload["sym"], payload["u"]])).toEqual([
      ["BTCUSDT", "4984028384061"],
      ["ETHUSDT", "4984028386786"],
    ]);
    expect(backwards).toBe(0);
    expect(earliestMs).toBeLessThan(-1_500);
    expect(manifest.gaps).toEqual([]);
    expect(manifest.notes.find((note) => note.startsWith("received minus"))).toContain("median -1521,");
  });
});
