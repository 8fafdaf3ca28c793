import type { Command } from "commander";
import type { Shell } from "../shell.ts";

/** What commander hands over for `sim serve`. */
export interface ServeOptions {
  readonly host: string;
  readonly port: string;
  readonly allowRemote?: boolean;
  readonly speed: string;
  readonly accounts: string;
  readonly keys?: string;
  readonly variant?: string;
  readonly legacyStreams?: boolean;
  readonly legacyAcks?: boolean;
  readonly largeIds?: boolean;
  readonly rateLimits: boolean;
  readonly strictClock?: boolean;
  readonly record?: string;
  readonly replay?: string;
  readonly exitAtEnd?: boolean;
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  sim serve scenarios/regime-flip.yaml --port 8080 --speed 10x
  sim serve scenarios/regime-flip.yaml --speed step          time moves by POST /sim/v1/advance {"ms": 1000}
  sim serve scenarios/regime-flip.yaml --record sessions/1   what clients ask and are told becomes a recording
  sim serve scenarios/regime-flip.yaml --replay sessions/1   the same requests again: are all answers equal?

Clients: point REST to http://HOST:PORT, streams to ws://HOST:PORT, the WebSocket API to ws://HOST:PORT/ws-fapi/v1
(docs/exchange.md says how for ccxt and others). Keys are sim-key-1 and sim-secret-1, -2, ... unless --keys names others.`;

/** Adds `sim serve`; the server is loaded when the command runs. */
export function registerServe(program: Command, shell: Shell): void {
  program
    .command("serve")
    .description("the simulated exchange on Binance's own wire protocol, fed by a recording")
    .argument("<scenario>", "scenario file: its recording, window, account and exchange")
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .option("--port <number>", "port, 0 takes a free one", "0")
    .option("--allow-remote", "listen on an address that other machines can reach")
    .option("--speed <speed>", 'virtual time: "1x", "10x", "max", or "step" (only when asked)', "1x")
    .option("--accounts <count>", "accounts, each with a key of its own", "1")
    .option("--keys <file>", "keys of your own, a line KEY:SECRET each; readable by you alone (mode 0600)")
    .option("--variant <name>", "variant whose exchange is served, the first one when absent")
    .option("--legacy-streams", "also serve /ws and /stream without a route, as before 2026-04-23")
    .option("--legacy-acks", "acks with avgPrice and cumQuote, as before 2026-06-30")
    .option("--large-ids", "order ids beyond 2^53, as some real symbols have")
    .option("--no-rate-limits", "count neither weight nor orders")
    .option("--strict-clock", "timestamps must be near virtual time; else near this machine's clock is as good")
    .option("--record <dir>", "record the session into a new recording")
    .option("--replay <dir>", "play a recorded session, compare every answer, and leave")
    .option("--exit-at-end", "leave when the recording is over; else serve its last moment until Ctrl-C")
    .option("--json", "one JSON document a line: ready, then over")
    .addHelpText("after", EXAMPLES)
    .action(async (scenario: string, options: ServeOptions) => {
      const { serveCommand } = await import("../serve-command.ts");
      await serveCommand(scenario, options, shell);
    });
}
