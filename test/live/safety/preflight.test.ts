import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EXIT, type UserError } from "../../../src/diagnostics/user-error.ts";
import { venueHosts } from "../../../src/live/safety/hosts.ts";
import { preflight, requirePreflight } from "../../../src/live/safety/preflight.ts";
import type { PreflightFacts, PreflightVenue, PreflightWanted } from "../../../src/live/safety/preflight-facts.ts";
import { renderPreflight } from "../../../src/live/safety/render-preflight.ts";
import { INSTRUMENTS, LIMITS, QUOTE } from "./gate-world.ts";

const VENUE: PreflightVenue = {
  clockSkewMs: 38,
  roundTripMs: 60,
  positionMode: "one-way",
  canTrade: true,
  canWithdraw: false,
  account: { asOfTsMs: 1, walletQuote: 4_812n * QUOTE, positions: [], openOrders: [] },
  symbolStates: new Map(INSTRUMENTS.map(({ symbol }) => [symbol, "TRADING"])),
  leverages: new Map([["AAAUSDT", 5]]),
};

const FACTS: PreflightFacts = {
  hosts: venueHosts("demo", null),
  keys: { source: "environment", fingerprint: "1a2b3c4d" },
  venue: VENUE,
  disk: { folder: "live-out", error: null, freeBytes: 50 * 2 ** 30 },
  redis: {
    server: "redis://127.0.0.1:6379",
    stream: "trade.intent",
    group: "rehearsal",
    place: { pending: 0, unread: 0 },
    aliveOthers: [],
  },
  killSwitches: [{ source: "file", scope: "off" }],
  isTty: true,
};

const WANTED: PreflightWanted = {
  instruments: INSTRUMENTS,
  limits: LIMITS,
  pipelineLimits: { notionalPerTradeMaxQuote: 50n * QUOTE, notionalTotalMaxQuote: 100n * QUOTE },
  leverage: 5,
  isTrading: true,
  isAdopting: false,
  isResuming: false,
  hasYes: false,
  intentStart: { kind: "new" },
  diskBytes: 2 ** 30,
  keysHint: "set REHEARSAL_API_KEY",
};

const venueWith = (changes: Partial<PreflightVenue>): Partial<PreflightFacts> => ({ venue: { ...VENUE, ...changes } });
const accountWith = (changes: Partial<PreflightVenue["account"]>) =>
  venueWith({ account: { ...VENUE.account, ...changes } });
const redisWith = (changes: object): Partial<PreflightFacts> => ({
  redis: { ...(FACTS.redis as object), ...changes } as never,
});

function checkOf(name: string, facts: Partial<PreflightFacts>, wanted: Partial<PreflightWanted> = {}) {
  const result = preflight({ ...FACTS, ...facts }, { ...WANTED, ...wanted });
  const check = result.checks.find((each) => each.name === name);
  expect(check, `the check ${name}`).toBeDefined();
  const others = result.checks.filter((each) => each.name !== name && each.state === "refuse");
  expect(others, "one thing wrong, one refusal").toEqual([]);
  expect(result.state === "refuse").toBe(check!.state === "refuse");
  return check!;
}

const position = { symbol: "AAAUSDT", qtyLots: -3, entryPrice: 1 };
const order = {
  clientOrderId: "web_1",
  orderId: "77",
  symbol: "AAAUSDT",
  side: "BUY",
  qtyLots: 1,
  filledQtyLots: 0,
} as const;
const limitsWith = (changes: object): Partial<PreflightWanted> => ({ limits: { ...LIMITS, ...changes } });

describe("a preflight", () => {
  test("without anything wrong passes every check by name", () => {
    const { state, checks } = preflight(FACTS, WANTED);
    expect(state).toBe("ok");
    expect(checks.map(({ name }) => name)).toEqual([
      "host",
      "keys",
      "clock",
      "symbols",
      "permission",
      "mode",
      "wallet",
      "positions",
      "orders",
      "leverage",
      "limits",
      "disk",
      "redis",
      "group",
      "kill switch",
      "consent",
    ]);
    expect(() => requirePreflight({ state, checks })).not.toThrow();
  });

  test.each([
    ["host", { hosts: { ...FACTS.hosts, rest: "https://fapi.binance.com" } }, {}, /allow-list/],
    ["host", { hosts: { ...FACTS.hosts, streams: "wss://fstream.binance.com" } }, {}, /allow-list/],
    ["keys", { keys: null }, {}, /no API keys/],
    ["exchange", { venue: { error: "ECONNREFUSED" } }, {}, /ECONNREFUSED/],
    ["clock", venueWith({ clockSkewMs: 1031 }), {}, /\+1031 ms .*at most 1000 ms/],
    ["clock", venueWith({ clockSkewMs: -1031 }), {}, /-1031 ms/],
    ["clock", venueWith({ clockSkewMs: Number.NaN }), {}, /NaN/],
    ["symbols", venueWith({ symbolStates: new Map() }), {}, /not listed here: AAAUSDT, BBBUSDT/],
    ["symbols", venueWith({ symbolStates: new Map([["AAAUSDT", "SETTLING"]]) }), {}, /AAAUSDT \(SETTLING\)/],
    ["permission", venueWith({ canTrade: false }), {}, /may not trade/],
    ["mode", venueWith({ positionMode: "hedge" }), {}, /hedge mode/],
    ["wallet", accountWith({ walletQuote: 0n }), limitsWith({}), /holds 0 USDT/],
    ["positions", accountWith({ positions: [position] }), {}, /1 open: -3 AAAUSDT/],
    ["orders", accountWith({ openOrders: [order] }), {}, /1 of others \(AAAUSDT 77\)/],
    ["orders", accountWith({ openOrders: [{ ...order, clientOrderId: "rh-9" }] }), {}, /earlier session \(rh-9\)/],
    ["orders", accountWith({ openOrders: [order] }), { isResuming: true }, /1 of others/],
    ["limits", {}, limitsWith({ maxNotionalQuote: 0n }), /every limit above 0/],
    ["limits", {}, limitsWith({ maxOrdersPerMinute: 0 }), /every limit above 0/],
    ["limits", {}, limitsWith({ maxOrdersPerMinute: Number.NaN }), /every limit above 0/],
    [
      "limits",
      {},
      { instruments: INSTRUMENTS.map((each) => ({ ...each, notionalMinQuote: 100n * QUOTE })) },
      /a limit of 100 an order at least/,
    ],
    ["disk", { disk: { folder: "out", error: "EROFS", freeBytes: null } }, {}, /EROFS/],
    ["disk", { disk: { folder: "out", error: null, freeBytes: 1_048_576 } }, {}, /1 MiB free, 1024 MiB are needed/],
    ["redis", { redis: { error: "NOAUTH" } }, {}, /NOAUTH/],
    ["group", redisWith({ aliveOthers: ["worker-1"] }), {}, /read by worker-1/],
    ["group", {}, { intentStart: null }, /nobody has said where/],
    ["group", redisWith({ place: null }), { intentStart: { kind: "resume" } }, /there is no group rehearsal/],
    ["kill switch", { killSwitches: [{ source: "file", scope: "entries" }] }, {}, /entries by file/],
    ["consent", { isTty: false }, {}, /no terminal/],
  ] as const)("refuses by %s, alone and with what helps (%#)", (name, facts, wanted, text) => {
    const check = checkOf(name, facts as Partial<PreflightFacts>, wanted as Partial<PreflightWanted>);
    expect(check.state).toBe("refuse");
    expect(check.text).toMatch(text);
    expect(check.fix?.length ?? 0).toBeGreaterThan(0);
  });

  test.each([
    ["clock", venueWith({ clockSkewMs: 251 }), {}],
    ["clock", venueWith({ clockSkewMs: 1030 }), {}],
    ["clock", venueWith({ roundTripMs: 1001 }), {}],
    ["symbols", venueWith({ symbolStates: new Map([["AAAUSDT", "TRADING"]]) }), {}],
    ["permission", venueWith({ canWithdraw: true }), {}],
    ["positions", accountWith({ positions: [position] }), { isAdopting: true }],
    ["orders", accountWith({ openOrders: [order] }), { isAdopting: true }],
    ["leverage", venueWith({ leverages: new Map([["AAAUSDT", 20]]) }), {}],
    ["limits", {}, limitsWith({ maxNotionalQuote: 81n * QUOTE })],
    ["limits", {}, limitsWith({ maxLossQuote: 4_812n * QUOTE })],
    ["limits", {}, { leverage: 5, ...limitsWith({ maxExposureQuote: 24_061n * QUOTE }) }],
    ["limits", {}, { pipelineLimits: { ...WANTED.pipelineLimits, notionalPerTradeMaxQuote: 51n * QUOTE } }],
    ["disk", { disk: { folder: "out", error: null, freeBytes: 9 * 2 ** 30 } }, {}],
    ["disk", { disk: { folder: "out", error: null, freeBytes: null } }, {}],
    ["group", redisWith({ place: { pending: 2, unread: 3 } }), {}],
    ["group", redisWith({ place: { pending: 0, unread: 3 } }), { intentStart: { kind: "beginning" } }],
  ] as const)("warns of %s and starts nevertheless (%#)", (name, facts, wanted) => {
    expect(checkOf(name, facts as Partial<PreflightFacts>, wanted as Partial<PreflightWanted>).state).toBe("warn");
  });

  test.each([
    ["clock", venueWith({ clockSkewMs: -250 }), {}],
    ["positions", accountWith({ positions: [position] }), { isResuming: true }],
    ["orders", accountWith({ openOrders: [{ ...order, clientOrderId: "rh-9" }] }), { isResuming: true }],
    ["keys", { keys: null }, { isTrading: false }],
    ["consent", { isTty: false }, { isTrading: false }],
    ["consent", { isTty: false }, { hasYes: true }],
    ["group", redisWith({ place: { pending: 2, unread: 3 } }), { intentStart: { kind: "resume" } }],
    ["group", redisWith({ place: null }), {}],
  ] as const)("passes %s where it does no harm (%#)", (name, facts, wanted) => {
    expect(checkOf(name, facts as Partial<PreflightFacts>, wanted as Partial<PreflightWanted>).state).toBe("ok");
  });

  test("tells all refusals at once, with exit 15", () => {
    const facts = { ...FACTS, keys: null, isTty: false, ...venueWith({ positionMode: "hedge" }) };
    try {
      requirePreflight(preflight(facts, WANTED));
      expect.unreachable();
    } catch (error) {
      expect((error as UserError).exitCode).toBe(EXIT.liveRefused);
      expect((error as UserError).problems.map(({ path }) => path)).toEqual(["keys", "mode", "consent"]);
      expect((error as UserError).message).toContain("keys: Cannot start the session: there are no API keys");
    }
  });

  test("of paper trading asks for no account and no keys", () => {
    const facts = { ...FACTS, keys: null, venue: null, redis: null, isTty: false };
    const { state, checks } = preflight(facts, { ...WANTED, isTrading: false });
    expect([state, checks.map(({ name }) => name)]).toEqual(["ok", ["host", "keys", "disk", "kill switch", "consent"]]);
  });
});

describe("the screen of a preflight", () => {
  const mixed = preflight(
    { ...FACTS, isTty: false, ...venueWith({ clockSkewMs: 500, symbolStates: new Map([["AAAUSDT", "TRADING"]]) }) },
    WANTED,
  );

  test("has a sign for each state, what helps, and the outcome", () => {
    expect(renderPreflight(mixed, { colour: false, width: 80 })).toBe(
      `OK host         https://demo-fapi.binance.com and
                wss://fstream.binancefuture.com, demo: allowed
OK keys         of environment, fingerprint 1a2b3c4d
?? clock        the exchange's clock is +500 ms from ours (round trip 60 ms)
                fix: timedatectl set-ntp true, or chronyc makestep
?? symbols      1 of 2 listed and trading; not listed here: BBBUSDT (will be
                skipped)
OK permission   the key may trade
OK mode         one-way
OK wallet       4812 USDT
OK positions    none open
OK orders       none open
OK leverage     5x
OK limits       50 an order, 80 a symbol, 120 together, 1000 orders a minute,
                loss of 30
OK disk         live-out can be written, 51200 MiB free
OK redis        redis://127.0.0.1:6379 answers
OK group        group rehearsal of trade.intent begins: new
OK kill switch  off
!! consent      there is no terminal to ask, a yes beforehand is needed
                fix: --yes
!! refused by 1 of 16 checks; nothing was sent
`,
    );
  });

  test("says the same with colours, and ends in another line for another outcome", () => {
    const coloured = renderPreflight(mixed, { colour: true, width: 80 });
    expect(coloured).toContain("\u001b[31m!!");
    expect(stripVTControlCharacters(coloured)).toBe(renderPreflight(mixed, { colour: false, width: 80 }));
    const fine = renderPreflight(preflight(FACTS, WANTED), { colour: false, width: 100 });
    expect(fine.endsWith("OK all 16 checks passed\n")).toBe(true);
    const warned = preflight({ ...FACTS, ...venueWith({ canWithdraw: true }) }, WANTED);
    expect(renderPreflight(warned, { colour: false, width: 100 })).toContain(
      "?? ready, with 1 of 16 checks to think about",
    );
  });

  test("keeps to the width and lets no text of others repaint it", () => {
    const text = fc.string({
      unit: fc.constantFrom("a", " ", "\u001b[2J", "\r", "\n", "\u202e", "x".repeat(50)),
      maxLength: 12,
    });
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 200 }), (error, width) => {
        const screen = renderPreflight(preflight({ ...FACTS, venue: { error } }, WANTED), { colour: false, width });
        for (const hostile of ["\u001b", "\r", "\u202e"]) expect(screen).not.toContain(hostile);
        for (const line of screen.split("\n")) expect(line.length).toBeLessThanOrEqual(Math.max(40, width));
        // A line break in somebody's text begins no line of ours.
        expect(screen.split("\n").filter((line) => /^(OK|\?\?|!!) /.test(line))).toHaveLength(10);
      }),
      { numRuns: 200 },
    );
  });
});
