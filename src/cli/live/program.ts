import { Command, Option } from "commander";
import type { Shell } from "../shell.ts";
import { packageVersion } from "../version.ts";
import { registerLiveCompare } from "./commands/compare.ts";
import { registerLiveDoctor } from "./commands/doctor.ts";
import type { LiveFlags } from "./live-flags.ts";

const EXAMPLES = `
Examples:
  live --testnet --paper --feed recording --speed 60x --yes      no keys, no network: a session on recorded prices
  live --testnet my.yaml --max-notional 50 --for 30m             demo trading, keys from the environment
  live --testnet my.yaml --redis redis://127.0.0.1:6379 --from new
  live --testnet my.yaml --shadow other.yaml                     a second governor on the same inputs, without acting
  live --testnet --base-url http://127.0.0.1:8080                a \`sim serve\` on this machine
  live --resume live-out/live-1123-130507                        goes on after a crash or a SIGTERM

Orders go to demo trading, the testnet and loopback addresses only: there is no option for the exchange for real money.
Keys come from REHEARSAL_API_KEY and REHEARSAL_API_SECRET, or from a file of mode 0600.
Ctrl-C once: no new entries, exits keep working. Twice: own orders are cancelled, positions stay.

Exit codes: 0 ok, 2 usage, 11 live and replay decided differently, 14 session unusable, 15 refused or stopped by a
safety rule, 130 interrupted, 143 terminated.`;

/** The command line of `live`; what it needs is loaded when it runs. */
export function createLiveProgram(shell: Shell): Command {
  const program = new Command("live")
    .description("Rehearsal live: the same pipeline against the testnet, recorded and replayed to the same decisions")
    .version(packageVersion())
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .argument("[scenario]", "scenario file; scenarios/live.yaml of this package when absent")
    .option("--testnet", "orders go to demo trading, or where --venue and --base-url say")
    .option("--paper", "orders go to a simulated account on the same prices")
    .option("--dry-run", "orders go nowhere: every one is refused before it leaves")
    .option("--resume <folder>", "go on with a session that was cut short or suspended")
    .addOption(new Option("--venue <name>", "environment of the exchange").choices(["demo", "testnet"]).default("demo"))
    .option("--base-url <url>", "base of REST calls: a `sim serve`, http://127.0.0.1:PORT")
    .option("--keys <file>", "REHEARSAL_API_KEY=... and REHEARSAL_API_SECRET=..., readable by you alone (mode 0600)")
    .addOption(
      new Option("--feed <source>", "where prices come from").choices(["exchange", "recording"]).default("exchange"),
    )
    .option("--speed <factor>", "how fast recorded prices are played", "1x")
    .option("--variant <name>", "variant of the scenario, the first one when absent")
    .option("--plugin <file>", "a governor, ranker or strategy in JavaScript (repeat it)", append)
    .option("--symbols <names>", "only these, separated by commas", collect)
    .option("--shadow <scenario>", "its first variant decides on the same inputs without acting (repeat it)", append)
    .option("--intents <source>", "strategy, recording, redis, or a file with one JSON object a line")
    .option("--redis <url>", "server of the streams; REDIS_URL does the same")
    .option("--redis-password-file <file>", "password of the server, mode 0600")
    .option("--stream <name>", "stream of intents", "trade.intent")
    .option("--group <name>", "consumer group", "rehearsal")
    .option("--consumer <name>", "name within the group; made of host and process when absent")
    .option("--from <place>", "where to begin in the stream: new, beginning, resume, or an entry id")
    .option("--no-publish", "write no plans, permits and results into Redis")
    .addOption(
      new Option("--shape <name>", "fields of what is written").choices(["strict", "origin"]).default("strict"),
    )
    .option("--prefix <text>", "in front of every stream and key that is written", "")
    .option("--max-notional <quote>", "most notional of one order", "50")
    .option("--max-total <quote>", "most notional of all positions together", "500")
    .option("--max-position <quote>", "most notional of one symbol; --max-total when absent")
    .option("--max-loss <quote>", "the session takes no new risk after losing so much", "100")
    .option("--max-orders-per-minute <count>", "orders that may leave in a minute", "60")
    .option("--kill-file <file>", "when it is there no new risk is taken; `all` in it stops exits too")
    .option("--kill-key <name>", "the same as a key in Redis")
    .option("--adopt", "take over positions and differences instead of refusing to start")
    .option("--flatten-on-exit", "close what is open at the first Ctrl-C")
    .addOption(
      new Option("--durability <level>", "what a confirmed entry survives: disk a power failure, process a crash")
        .choices(["disk", "process"])
        .default("disk"),
    )
    .option("--for <duration>", "end after so long")
    .option("--out <dir>", "folder of the sessions", "live-out")
    .option("--metrics-port <number>", "metrics and health on 127.0.0.1; 0 takes a free port")
    .option("--log-level <level>", "debug, info, warn or error", "info")
    .option("-y, --yes", "start without asking; needed where nobody can be asked")
    .option("--json", "one JSON document on stdout at the end")
    .option("-q, --quiet", "nothing on stderr except warnings and errors")
    .option("--no-colour", "no colours (NO_COLOR does the same)")
    .addHelpText("after", EXAMPLES)
    .action(async (scenario: string | undefined, flags: LiveFlags) => {
      const { liveCommand } = await import("./live-command.ts");
      await liveCommand(scenario, flags, shell);
    });
  registerLiveDoctor(program, shell);
  registerLiveCompare(program, shell);
  return program;
}

function append(value: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), value];
}

function collect(value: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), ...value.split(",").filter((name) => name !== "")];
}
