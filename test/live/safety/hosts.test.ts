import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EXIT, UserError } from "../../../src/diagnostics/user-error.ts";
import { ALLOWED_HOSTS, isAllowedUrl, requireAllowedUrl, venueHosts } from "../../../src/live/safety/hosts.ts";

const allowed = fc.constantFrom(...ALLOWED_HOSTS);

describe("the allow-list of hosts", () => {
  test("knows demo trading, the old testnet and loopback, and calls demo trading the default", () => {
    for (const host of ALLOWED_HOSTS) expect(isAllowedUrl(`https://${host}/fapi/v1/order?a=1`)).toBe(true);
    expect(isAllowedUrl("wss://fstream.binancefuture.com/market/stream?streams=btcusdt@markPrice@1s")).toBe(true);
    for (const host of ["127.0.0.1", "127.0.0.1:8080", "[::1]:8080"]) expect(isAllowedUrl(`http://${host}`)).toBe(true);
    expect(venueHosts("demo", null).rest).toBe("https://demo-fapi.binance.com");
    expect(venueHosts("testnet", null).rest).toBe("https://testnet.binancefuture.com");
    expect(venueHosts("demo", "http://127.0.0.1:8080/")).toEqual({
      environment: "loopback",
      rest: "http://127.0.0.1:8080",
      streams: "ws://127.0.0.1:8080",
    });
  });

  test.each([
    "https://fapi.binance.com",
    "https://api.binance.com",
    "wss://fstream.binance.com/ws",
    "wss://ws-fapi.binance.com/ws-fapi/v1",
    "http://demo-fapi.binance.com",
    "https://demo-fapi.binance.com:8443",
    "https://demo-fapi.binance.com.",
    "https://DEMO-fapi.binance.com",
    "https://demo-fapi.binance.com.evil.example",
    "https://evil-demo-fapi.binance.com",
    "https://demo-fapi.binance.com@fapi.binance.com",
    "https://fapi.binance.com#@demo-fapi.binance.com",
    "https://fapi.binance.com\\@demo-fapi.binance.com",
    "https://demo-fapi.binance.com\\.fapi.binance.com",
    "https://dem\u043e-fapi.binance.com",
    "https://demo-fapi\u3002binance.com",
    "https://demo-fapi.binance.com\n.evil.example",
    "https:demo-fapi.binance.com",
    "https:/demo-fapi.binance.com",
    " https://demo-fapi.binance.com",
    "http://127.0.0.1.evil.example",
    "http://127.0.0.1:80@fapi.binance.com",
    "http://127.0.0.1:99999",
    "http://localhost:8080",
    "http://0.0.0.0:8080",
    "http://2130706433:8080",
    "http://0x7f.1:8080",
    "http://127.1:8080",
    "http://[::ffff:8.8.8.8]:8080",
    "file:///etc/hosts",
    "",
  ])("refuses %j", (url) => {
    expect(isAllowedUrl(url)).toBe(false);
    expect(() => venueHosts("demo", url)).toThrow(UserError);
  });

  test("nothing before, inside or behind an allowed name makes another host pass", () => {
    const piece = fc.oneof(
      fc.string({ minLength: 1, maxLength: 12, unit: "binary" }),
      fc.constantFrom("@", ".", "..", "\\", "\\@", "#@", "%2e", ":80@", "\u3002", "\u00ad", "\t", "x.", "-"),
    );
    fc.assert(
      fc.property(allowed, piece, fc.nat(), (host, text, place) => {
        const at = place % (host.length + 1);
        const url = `https://${host.slice(0, at)}${text}${host.slice(at)}/fapi/v1/order`;
        // What stands behind a slash or a question mark is a path, and the name before it must be allowed itself.
        if (isAllowedUrl(url)) expect(ALLOWED_HOSTS).toContain(new URL(url).host);
      }),
      { numRuns: 3000 },
    );
  });

  test("whatever text passes is read by the URL parser as an allowed host", () => {
    const scheme = fc.constantFrom("https", "http", "wss", "ws", "HTTPS", "ftp");
    const authority = fc.oneof(
      allowed,
      fc.constantFrom("127.0.0.1", "127.0.0.1:8080", "[::1]:1", "fapi.binance.com", "localhost"),
      fc.webAuthority({ withUserInfo: true, withPort: true, withIPv4: true, withIPv6: true }),
      fc.domain(),
    );
    let passed = 0;
    fc.assert(
      fc.property(scheme, authority, fc.webPath(), (protocol, host, path) => {
        const url = `${protocol}://${host}${path}`;
        if (!isAllowedUrl(url)) return;
        passed += 1;
        const parsed = new URL(url);
        expect([...ALLOWED_HOSTS, "127.0.0.1", "[::1]"]).toContain(parsed.hostname);
        expect(parsed.username + parsed.password).toBe("");
        if (ALLOWED_HOSTS.includes(parsed.hostname)) expect(parsed.protocol).toMatch(/^(https|wss):$/);
      }),
      { numRuns: 2000 },
    );
    expect(passed).toBeGreaterThan(20);
  });

  test("a refusal is exit 15 and shows neither what stood before the host nor behind it", () => {
    const url = "https://user:hunter2@fapi.binance.com/x?signature=abcdef";
    try {
      requireAllowedUrl(url);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(UserError);
      expect((error as UserError).exitCode).toBe(EXIT.liveRefused);
      expect((error as UserError).message).toContain("fapi.binance.com");
      expect((error as UserError).message).not.toMatch(/hunter2|abcdef/);
    }
  });
});
