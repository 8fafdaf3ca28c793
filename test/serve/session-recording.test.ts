import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { openRecording } from "../../src/recording/reader.ts";
import { signatureOf } from "../../src/serve/session.ts";
import { replaySession, SessionRecorder } from "../../src/serve/session-recording.ts";
import { advance, KEY, launchStepping, OTHER_KEY, SECRET } from "./served.ts";

describe("a recorded session", () => {
  test("gives the same answers and fills when it is played again, and holds no key", async () => {
    const dir = join(mkdtempSync(join(tmpdir(), "session-")), "session");
    const served = await launchStepping();
    const recorder = new SessionRecorder(served.context, { dir, id: "session", config: {} });
    const root = `http://127.0.0.1:${served.server.port}`;
    const call = async (method: string, path: string, params: Record<string, string>, key = KEY, secret = SECRET) => {
      const query = new URLSearchParams({
        ...params,
        timestamp: String(served.context.session.nowTsMs),
        recvWindow: "5000",
      }).toString();
      return fetch(`${root}${path}?${query}&signature=${signatureOf(secret, query)}`, {
        method,
        headers: { "x-mbx-apikey": key },
      });
    };
    const buy = { symbol: "BTCUSDT", side: "BUY", type: "MARKET", quantity: "0.05" };
    expect((await call("POST", "/fapi/v1/order", { ...buy, newOrderRespType: "RESULT" })).status).toBe(200);
    expect((await call("POST", "/fapi/v1/order", buy, KEY, "wrong")).status).toBe(400);
    await fetch(`${root}/sim/v1/faults`, { method: "POST", body: JSON.stringify({ kind: "ack-lost", count: 1 }) });
    expect((await call("POST", "/fapi/v1/order", { ...buy, quantity: "0.02" }, OTHER_KEY)).status).toBe(408);
    for (let hour = 0; hour < 9; hour++) {
      await advance(served, 3_600_000);
      await call("POST", "/fapi/v1/order", { ...buy, side: hour % 2 === 0 ? "SELL" : "BUY", quantity: "0.01" });
      await call("GET", "/fapi/v3/account", {});
    }
    await served.close();
    await recorder.seal();
    const text = readdirSync(dir)
      .map((name) => readFileSync(join(dir, name)))
      .map((bytes) => (bytes[0] === 0x1f ? gunzipSync(bytes) : bytes).toString("utf8"))
      .join("\n");
    for (const secret of [KEY, OTHER_KEY, SECRET, "signature="]) expect(text).not.toContain(secret);

    const again = await launchStepping();
    const replay = replaySession(again.context, openRecording(dir));
    await again.close();
    expect(replay.firstDifference).toBeNull();
    expect([replay.requests, replay.equal]).toEqual([21, 21]);
    expect(replay.userEvents).toBeGreaterThan(40);
    const wallets = (context: typeof served.context) =>
      context.session.venue.accounts.map(({ walletQuote }) => walletQuote);
    expect(wallets(again.context)).toEqual(wallets(served.context));

    const other = await launchStepping({ session: { fill: { halfSpreadBps: 1, slippageBps: 5, impactBps: 0 } } });
    expect(replaySession(other.context, openRecording(dir)).firstDifference).toMatch(/request|user event/);
    await other.close();
  });
});
