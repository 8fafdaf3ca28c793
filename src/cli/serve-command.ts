import { readFileSync, statSync } from "node:fs";
import { basename, resolve } from "node:path";
import { EXIT, type Problem, UserError } from "../diagnostics/user-error.ts";
import { formatMoney, parseMoney } from "../engine/domain/money.ts";
import { type OpenRecording, openRecording } from "../recording/reader.ts";
import { BINANCE_RATE_LIMITS, type LaunchOptions, launch, prepare, type ServedSession } from "../serve/launch.ts";
import { parseSpeed, type SessionSpeed } from "../serve/session-clock.ts";
import { replaySession, SessionRecorder } from "../serve/session-recording.ts";
import { faultsIn } from "../sim/scenario/fault-schema.ts";
import { loadScenario } from "../sim/scenario/load.ts";
import { momentTsMs } from "../sim/scenario/moment.ts";
import type { ResolvedVariant, Scenario } from "../sim/scenario/schema.ts";
import { reconcile } from "../venue/account.ts";
import { codeHash } from "./code-hash.ts";
import type { ServeOptions } from "./commands/serve.ts";
import type { Shell } from "./shell.ts";

const ACCOUNTS_MAX = 1_000;
/** Wall time between two looks at signals and at the end of the recording. */
const LOOK_INTERVAL_MS = 50;

/** `sim serve`: until Ctrl-C, or with `--replay` until the session has been compared. */
export async function serveCommand(file: string, options: ServeOptions, shell: Shell): Promise<void> {
  const scenario = loadScenario(file);
  const recording = openRecording(scenario.recordingPath);
  const variant = variantOf(scenario, options.variant);
  const { speed, port, keys } = readOptions(options);
  const launching: LaunchOptions = {
    recording,
    speed,
    host: options.host,
    port,
    isRemoteAllowed: options.allowRemote === true,
    hasLegacyStreams: options.legacyStreams === true,
    isLegacyAck: options.legacyAcks === true,
    rateLimits: options.rateLimits ? BINANCE_RATE_LIMITS : null,
    clockCheck: options.strictClock === true ? "virtual" : "wall",
    keys,
    session: sessionOf(scenario, variant, recording, options),
    faults: faultsIn(variant.exchange.faults ?? [], recording.firstTsMs),
    seed: scenario.seed,
    onError: (error) =>
      shell.note(
        `internal error, please report it: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      ),
  };
  if (options.replay !== undefined) replay(launching, options.replay, options, shell);
  else await serveUntilStopped(launching, scenario, options, shell);
}

function replay(launching: LaunchOptions, dir: string, options: ServeOptions, shell: Shell): void {
  const result = replaySession(prepare(launching), openRecording(dir));
  const isEqual = result.firstDifference === null;
  if (!isEqual) shell.exitWith(EXIT.divergence);
  if (result.requests === 0) shell.exitWith(EXIT.evidenceIncomplete);
  if (options.json === true) {
    shell.print(
      JSON.stringify({ schema: "sim.serve-replay/1", ...result, exit: { code: isEqual ? 0 : EXIT.divergence } }),
    );
    return;
  }
  shell.print(`session ${dir}: ${result.equal} of ${result.requests} answers equal, ${result.userEvents} user events`);
  if (result.firstDifference !== null) shell.print(`!! first difference: ${result.firstDifference}`);
}

async function serveUntilStopped(
  launching: LaunchOptions,
  scenario: Scenario,
  options: ServeOptions,
  shell: Shell,
): Promise<void> {
  let isOver = false;
  const served = await launch({ ...launching, onEnd: () => (isOver = true) });
  const recorder = options.record === undefined ? null : startRecorder(served, options.record, scenario);
  const interrupts = shell.catchInterrupts();
  announce(served, launching, scenario, options, shell);
  await new Promise<void>((stopped) => {
    const look = setInterval(() => {
      const isStopping = interrupts.shouldStop() || (isOver && options.exitAtEnd === true);
      if (!isStopping) return;
      clearInterval(look);
      stopped();
    }, LOOK_INTERVAL_MS);
  });
  await served.close();
  const sealed = recorder === null ? null : await recorder.seal();
  interrupts.release();
  summarise(served, sealed?.dir ?? null, options, shell);
}

function startRecorder(served: ServedSession, dir: string, { name, hash }: Scenario): SessionRecorder {
  return new SessionRecorder(served.context, {
    dir,
    id: basename(resolve(dir)),
    config: { scenario: name, scenarioHash: hash },
    codeHash: codeHash(),
  });
}

function announce(
  served: ServedSession,
  launching: LaunchOptions,
  scenario: Scenario,
  options: ServeOptions,
  shell: Shell,
): void {
  const { host, port } = served.server;
  const { session } = served.context;
  const { recording } = session;
  const address = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  if (options.json === true) {
    const ready = {
      schema: "sim.serve/1",
      state: "ready",
      host,
      port,
      tsMs: session.nowTsMs,
      endTsMs: session.endTsMs,
      recordingHash: recording.hash,
      scenarioHash: scenario.hash,
    };
    shell.print(JSON.stringify(ready));
    return;
  }
  const names =
    options.keys === undefined
      ? launching.keys
          .map(({ key }) => key)
          .slice(0, 3)
          .join(", ")
      : `${launching.keys.length} from ${options.keys}`;
  shell.print(
    [
      `serve ${scenario.file} @${scenario.hash.slice(0, 8)}  recording ${recording.id} @${recording.hash.slice(0, 8)}  fidelity ${recording.fidelity}`,
      `  REST     http://${address}`,
      `  streams  ws://${address}/{public,market,private}/{ws,stream}`,
      `  API      ws://${address}/ws-fapi/v1`,
      `  admin    http://${address}/sim/v1/status   (loopback only)`,
      `  keys     ${names}`,
      `  time     ${new Date(session.nowTsMs).toISOString()} to ${new Date(session.endTsMs).toISOString()}, ${options.speed}`,
      "Ctrl-C stops.",
    ].join("\n"),
  );
}

/** What has happened, and whether the books add up to the last unit. */
function summarise(served: ServedSession, recorded: string | null, options: ServeOptions, shell: Shell): void {
  const { session } = served.context;
  const accounts = session.venue.accounts.map((account) => ({
    account: account.name,
    wallet: formatMoney(account.walletQuote),
    trades: account.trades.length,
    mismatch: reconcile(account),
  }));
  if (accounts.some(({ mismatch }) => mismatch !== null)) shell.exitWith(EXIT.internal);
  if (options.json === true) {
    const findings = session.findings;
    shell.print(
      JSON.stringify({
        schema: "sim.serve/1",
        state: "over",
        tsMs: session.nowTsMs,
        marketRows: session.marketRows,
        accounts,
        findings,
        recorded,
      }),
    );
    return;
  }
  const lines = accounts.map(
    ({ account, wallet, trades, mismatch }) =>
      `  ${account}  wallet ${wallet}  trades ${trades}  books ${mismatch === null ? "OK" : `!! ${mismatch}`}`,
  );
  for (const { code, text, count } of session.findings.slice(0, 20))
    lines.push(`  !! ${code}: ${text}${count > 1 ? `  (${count} times)` : ""}`);
  if (session.findings.length > 20) lines.push(`  and ${session.findings.length - 20} more findings`);
  if (recorded !== null) lines.push(`  session recorded in ${recorded}; --replay plays it again`);
  shell.print(
    [`served until ${new Date(session.nowTsMs).toISOString()}, ${session.marketRows} market rows`, ...lines].join("\n"),
  );
}

function variantOf(scenario: Scenario, name: string | undefined): ResolvedVariant {
  const variant = name === undefined ? scenario.variants[0] : scenario.variants.find((each) => each.name === name);
  if (variant !== undefined) return variant;
  const names = scenario.variants.map((each) => each.name).join(", ");
  throw new UserError([
    {
      text: `Cannot serve variant "${name}": the scenario has ${names}`,
      hint: `--variant ${scenario.variants[0]!.name}`,
    },
  ]);
}

function sessionOf(
  scenario: Scenario,
  { exchange }: ResolvedVariant,
  recording: OpenRecording,
  options: ServeOptions,
): NonNullable<LaunchOptions["session"]> {
  const { from, to } = scenario.window;
  return {
    startTsMs: from === undefined ? recording.firstTsMs : momentTsMs(from, recording.firstTsMs),
    endTsMs: to === undefined ? recording.lastTsMs : Math.min(recording.lastTsMs, momentTsMs(to, recording.firstTsMs)),
    makerRate: parseMoney(exchange.fees.maker),
    takerRate: parseMoney(exchange.fees.taker),
    fill: exchange.fill,
    leverage: scenario.account.leverage,
    walletQuote: scenario.account.wallet,
    symbolsMissing: exchange.missing,
    hasLargeOrderIds: options.largeIds === true,
  };
}

function readOptions(options: ServeOptions): { speed: SessionSpeed; port: number; keys: LaunchOptions["keys"] } {
  const problems: Problem[] = [];
  const speed = parseSpeed(options.speed);
  if (speed === null)
    problems.push({ text: `Cannot serve at speed "${options.speed}": "1x", "10x", "max" or "step" is needed` });
  const port = Number(options.port);
  if (!(Number.isInteger(port) && port >= 0 && port < 65_536))
    problems.push({ text: `Cannot serve on port "${options.port}": a number from 0 to 65535 is needed` });
  const count = Number(options.accounts);
  if (!(Number.isInteger(count) && count >= 1 && count <= ACCOUNTS_MAX))
    problems.push({ text: `Cannot serve ${options.accounts} accounts: a number from 1 to ${ACCOUNTS_MAX} is needed` });
  if (problems.length > 0) throw new UserError(problems);
  const keys = options.keys === undefined ? numberedKeys(count) : readKeys(options.keys);
  return { speed: speed!, port, keys };
}

function numberedKeys(count: number): LaunchOptions["keys"] {
  return Array.from({ length: count }, (_, index) => ({
    key: `sim-key-${index + 1}`,
    secret: `sim-secret-${index + 1}`,
  }));
}

/** Secrets are never shown: a problem names the line, not what stands in it. */
function readKeys(file: string): LaunchOptions["keys"] {
  let text: string;
  let mode: number;
  try {
    text = readFileSync(file, "utf8");
    mode = statSync(file).mode & 0o077;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "an error";
    throw new UserError([
      { file, text: `Cannot read the keys: the system answers ${code}, a readable file is needed` },
    ]);
  }
  if (mode !== 0) {
    throw new UserError([
      {
        file,
        text: "Cannot use the keys: others may read the file, it must be yours alone",
        hint: `chmod 600 ${file}`,
      },
    ]);
  }
  const problems: Problem[] = [];
  const keys: { key: string; secret: string }[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const [key = "", secret = ""] = line.trim().split(":");
    if (key === "" || secret === "" || keys.some((known) => known.key === key)) {
      problems.push({
        file,
        line: index + 1,
        text: "Cannot use the line as a key: KEY:SECRET with a key of its own is needed",
      });
    } else keys.push({ key, secret });
  }
  if (problems.length === 0 && keys.length === 0)
    problems.push({ file, text: "Cannot use the keys: the file has none, a line KEY:SECRET is needed" });
  if (problems.length > 0) throw new UserError(problems);
  return keys;
}
