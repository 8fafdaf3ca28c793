import { EXIT, UserError } from "../../diagnostics/user-error.ts";

/** Which exchange a session trades on. There is none for real money. */
export type VenueEnvironment = "demo" | "testnet" | "loopback";

/** Base URLs without a slash at the end, each of them allowed. */
export interface VenueHosts {
  readonly environment: VenueEnvironment;
  readonly rest: string;
  /** Of market and user streams, before `/market`, `/public` and `/private`. */
  readonly streams: string;
}

/** The only names a session may reach; loopback addresses beside them. */
export const ALLOWED_HOSTS: readonly string[] = [
  "demo-fapi.binance.com",
  "testnet.binancefuture.com",
  "fstream.binancefuture.com",
];

const DEMO: VenueHosts = {
  environment: "demo",
  rest: "https://demo-fapi.binance.com",
  streams: "wss://fstream.binancefuture.com",
};
const TESTNET: VenueHosts = {
  environment: "testnet",
  rest: "https://testnet.binancefuture.com",
  streams: "wss://fstream.binancefuture.com",
};

/** Scheme, authority, rest: of the text itself, because parsers of URLs repair what they read. */
const URL_TEXT = /^(https?|wss?):\/\/([a-z0-9.:[\]-]+)((?:[/?][\x21-\x7e]*)?)$/;
const LOOPBACK = /^(?:127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/;

/**
 * Whether a session may send anything there: one of `ALLOWED_HOSTS` over TLS on its own port, or a loopback address.
 * The text decides as it stands, and what a URL parser makes of it must be the same.
 */
export function isAllowedUrl(text: string): boolean {
  const match = URL_TEXT.exec(text);
  if (match === null) return false;
  const [, scheme, authority] = match as unknown as [string, string, string];
  const isSecure = scheme === "https" || scheme === "wss";
  const isNamed = isSecure && ALLOWED_HOSTS.includes(authority);
  if (!isNamed && !LOOPBACK.test(authority)) return false;
  const parsed = URL.canParse(text) ? new URL(text) : null;
  if (parsed === null || parsed.username !== "" || parsed.password !== "") return false;
  return isNamed ? parsed.host === authority : isLoopbackName(parsed.hostname);
}

/** @throws {UserError} exit 15 when nothing may be sent there */
export function requireAllowedUrl(text: string): string {
  if (isAllowedUrl(text)) return text;
  throw new UserError(
    [
      {
        text: `Cannot trade on ${JSON.stringify(hostOf(text))}: it is no host of the allow-list, ${ALLOWED_HOSTS.join(", ")} or a loopback address is needed`,
        hint: "there is no way to the exchange for real money; --base-url http://127.0.0.1:PORT names a `sim serve`",
      },
    ],
    EXIT.liveRefused,
  );
}

/**
 * The hosts of an environment.
 *
 * @param baseUrl of a `sim serve` on this machine, `http://127.0.0.1:PORT`; demo trading when `null`
 * @throws {UserError} exit 15 for anything that is not on the allow-list
 */
export function venueHosts(environment: "demo" | "testnet", baseUrl: string | null): VenueHosts {
  if (baseUrl === null) return environment === "demo" ? DEMO : TESTNET;
  const rest = requireAllowedUrl(baseUrl.replace(/\/$/, ""));
  const { protocol, host, hostname, pathname, search } = new URL(rest);
  if (protocol.startsWith("http") && pathname === "/" && search === "") {
    const known = [DEMO, TESTNET].find((hosts) => hosts.rest === rest);
    if (known !== undefined) return known;
    if (isLoopbackName(hostname)) {
      return { environment: "loopback", rest, streams: `${protocol === "https:" ? "wss" : "ws"}://${host}` };
    }
  }
  throw new UserError(
    [
      {
        text: `Cannot trade on ${JSON.stringify(host)}: it is no base URL of REST calls, http://127.0.0.1:PORT is needed`,
      },
    ],
    EXIT.liveRefused,
  );
}

function isLoopbackName(hostname: string): boolean {
  return hostname === "127.0.0.1" || hostname === "[::1]";
}

/** What is shown of a URL: never what stands before an `@`, behind a `?` or in a path. */
function hostOf(text: string): string {
  const behindScheme = text.replace(/^[a-z]+:\/\//i, "");
  const authority = /^[^/?#\\]*/.exec(behindScheme)![0];
  return authority.slice(authority.lastIndexOf("@") + 1).slice(0, 80);
}
