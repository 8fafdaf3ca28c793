import type { Command } from "commander";
import type { Shell } from "../shell.ts";

/** What commander hands over for `sim record`. */
export interface RecordFlags {
  readonly redis?: string;
  readonly redisPasswordFile?: string;
  readonly streams?: readonly string[];
  readonly keys?: readonly string[];
  readonly group?: readonly string[];
  readonly from: string;
  readonly for?: string;
  readonly allowMissing?: boolean;
  readonly out?: string;
  readonly id?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

const EXAMPLES = `
Examples:
  sim record --redis redis://127.0.0.1:6379 --streams trade.intent,apply.plan,apply.result --for 2h
  REDIS_URL=redis://db:6379 sim record --redis-password-file pass.txt --streams trade.intent --group executor
  sim record --streams trade.intent --keys 'quantum:permit:*' --from start --out recordings/night

Ctrl-C once seals the recording and ends (exit 130); twice leaves at once, with a recording that can be verified.
The server is only read: XREAD without groups, XINFO, GET, PTTL, XPENDING for --group, SCAN for patterns of --keys
and for suggestions.`;

/** Adds `sim record`; the work itself, and the client of the server, are loaded when the command runs. */
export function registerRecord(program: Command, shell: Shell): void {
  program
    .command("record")
    .description("record Redis streams as they grow, without losing an entry")
    .option("--redis <url>", "redis://host:port/db, or rediss:// for TLS; the variable REDIS_URL when absent")
    .option("--redis-password-file <file>", "file with the password (mode 0600), better than one in the URL")
    .option("--streams <names>", "streams, by commas; trade.intent also means quantum:stream:trade.intent", collect)
    .option("--keys <names>", "keys to record with value and time to live; with * a pattern", collect)
    .option("--group <names>", "consumer groups whose state is recorded; nothing is taken from them", collect)
    .option("--from <where>", "now, start, or the entry id to begin after", "now")
    .option("--for <duration>", "how long, e.g. 2h; until Ctrl-C when absent")
    .option("--allow-missing", "wait for streams that do not exist yet, however alike others are")
    .option("--out <dir>", "folder of the recording, recordings/ID when absent")
    .option("--id <id>", "id of the recording, made from the time when absent")
    .option("--json", "one JSON document on stdout")
    .option("-q, --quiet", "nothing on stderr except errors")
    .addHelpText("after", EXAMPLES)
    .action(async (flags: RecordFlags) => {
      const { recordCommand } = await import("../record-command.ts");
      await recordCommand(flags, shell);
    });
}

function collect(value: string, previous: readonly string[] | undefined): string[] {
  return [...(previous ?? []), ...value.split(",").filter((name) => name !== "")];
}
