import { readFileSync } from "node:fs";
import { EXIT, type Problem, UserError } from "../../diagnostics/user-error.ts";
import { parseDurationMs } from "../../engine/domain/duration.ts";
import { type Money, parseMoney } from "../../engine/domain/money.ts";
import type { IntentStart } from "../../live/ports.ts";
import { loadPlugIns } from "../../sim/plugins/load-plug-ins.ts";
import { NO_PLUG_INS } from "../../sim/plugins/plug-ins.ts";
import { loadScenario, parseScenario } from "../../sim/scenario/load.ts";
import type { ResolvedVariant, Scenario } from "../../sim/scenario/schema.ts";
import type { LiveFlags } from "./live-flags.ts";

/** The scenario `live --testnet` runs when none is named. */
export const DEFAULT_SCENARIO = new URL("../../../scenarios/live.yaml", import.meta.url);

export interface LiveLimits {
  readonly notionalPerTradeMaxQuote: Money;
  readonly notionalTotalMaxQuote: Money;
  readonly positionMaxQuote: Money;
  readonly lossMaxQuote: Money;
  readonly ordersPerMinuteMax: number;
}

export interface ShadowPlan {
  readonly name: string;
  readonly file: string;
  readonly scenario: Scenario;
  readonly definition: ResolvedVariant;
}

/** Everything a session is started with, checked; nothing has been connected yet. */
export interface LivePlan {
  readonly mode: "act" | "paper" | "dry-run";
  readonly scenario: Scenario;
  readonly scenarioText: string;
  readonly definition: ResolvedVariant;
  readonly shadows: readonly ShadowPlan[];
  readonly limits: LiveLimits;
  readonly intents: "strategy" | "recording" | "redis" | { readonly file: string };
  /** `null` when nobody has said it; only a stream needs it. */
  readonly intentStart: IntentStart | null;
  readonly speed: number;
  readonly durationMs: number | null;
  readonly symbols: readonly string[] | null;
  readonly warnings: readonly Problem[];
}

/**
 * @param file of the scenario; names in it are relative to it
 * @param kept text of the scenario that a resumed session was started with, whatever stands in the file by now
 * @throws {UserError} with every problem of the command line at once (exit 2), or of the scenario
 */
export async function planLive(file: string, flags: LiveFlags, kept: string | null = null): Promise<LivePlan> {
  const problems: Problem[] = [];
  const mode = modeOf(flags, problems);
  const limits = limitsOf(flags, problems);
  const durationMs = flags.for === undefined ? null : durationOf(flags.for, problems);
  const speed = speedOf(flags, problems);
  const intentStart = flags.from === undefined ? null : startOf(flags.from, problems);
  if (problems.length > 0) throw new UserError(problems);

  const plugIns = flags.plugin === undefined ? NO_PLUG_INS : await loadPlugIns(flags.plugin);
  const scenario = kept === null ? loadScenario(file, plugIns) : parseScenario(kept, file, plugIns);
  const definition = withLimits(variantOf(scenario, flags.variant), limits);
  const intents = intentsOf(flags, scenario);
  const shadows = (flags.shadow ?? []).map((shadow, place): ShadowPlan => {
    const shadowScenario = loadScenario(shadow, plugIns);
    const chosen = shadowScenario.variants[0]!;
    return {
      name: `${place + 1}-${chosen.name}`,
      file: shadow,
      scenario: shadowScenario,
      definition: withLimits(chosen, limits),
    };
  });
  return {
    mode,
    scenario,
    scenarioText: kept ?? readFileSync(file, "utf8"),
    definition,
    shadows,
    limits,
    intents,
    intentStart,
    speed,
    durationMs,
    symbols: flags.symbols ?? null,
    warnings: [...scenario.warnings, ...withoutEffect(scenario, file, flags.feed)],
  };
}

function modeOf(flags: LiveFlags, problems: Problem[]): LivePlan["mode"] {
  if (flags.paper === true && flags.dryRun === true) {
    problems.push({ text: "Cannot start: --paper and --dry-run are two ways not to act, one of them is needed" });
  }
  if (flags.testnet !== true && flags.paper !== true) {
    problems.push({
      text: "Cannot start: nothing says where orders go, --testnet or --paper is needed",
      hint: "there is no way to the exchange for real money",
    });
  }
  if (flags.feed === "recording" && flags.paper !== true) {
    problems.push({
      text: "Cannot start: on recorded prices no exchange can fill an order, --paper is needed beside --feed recording",
    });
  }
  return flags.paper === true ? "paper" : flags.dryRun === true ? "dry-run" : "act";
}

function limitsOf(flags: LiveFlags, problems: Problem[]): LiveLimits {
  const read = (name: string, text: string): Money => {
    const amount = /^\d{1,12}(\.\d{1,8})?$/.test(text) ? parseMoney(text) : 0n;
    if (amount > 0n) return amount;
    problems.push({
      text: `Cannot use ${name} "${text}": an amount above 0 in quote currency is needed, such as "50"`,
    });
    return 1n;
  };
  const ordersPerMinuteMax = Number(flags.maxOrdersPerMinute);
  if (!(Number.isInteger(ordersPerMinuteMax) && ordersPerMinuteMax > 0)) {
    problems.push({
      text: `Cannot use --max-orders-per-minute "${flags.maxOrdersPerMinute}": a whole number above 0 is needed`,
    });
  }
  const notionalTotalMaxQuote = read("--max-total", flags.maxTotal);
  return {
    notionalPerTradeMaxQuote: read("--max-notional", flags.maxNotional),
    notionalTotalMaxQuote,
    positionMaxQuote:
      flags.maxPosition === undefined ? notionalTotalMaxQuote : read("--max-position", flags.maxPosition),
    lossMaxQuote: read("--max-loss", flags.maxLoss),
    ordersPerMinuteMax,
  };
}

function durationOf(text: string, problems: Problem[]): number | null {
  const durationMs = parseDurationMs(text);
  if (durationMs !== null && durationMs > 0) return durationMs;
  problems.push({
    text: `Cannot run for "${text}": it is no duration, a number with a unit is needed`,
    hint: 'such as "--for 30m"',
  });
  return null;
}

function speedOf(flags: LiveFlags, problems: Problem[]): number {
  const match = /^(\d+(?:\.\d+)?)x$/.exec(flags.speed);
  const factor = match === null ? Number.NaN : Number(match[1]);
  if (!(factor > 0)) problems.push({ text: `Cannot run at speed "${flags.speed}": a factor such as "60x" is needed` });
  else if (factor !== 1 && flags.feed !== "recording") {
    problems.push({
      text: `Cannot run at speed "${flags.speed}": an exchange has its own time, --feed recording is needed beside it`,
      hint: "a `sim serve --speed 60x` is followed by itself",
    });
  }
  return factor;
}

function startOf(text: string, problems: Problem[]): IntentStart {
  if (text === "new" || text === "beginning" || text === "resume") return { kind: text };
  if (/^\d+-\d+$/.test(text)) return { kind: "after", entryId: text };
  problems.push({
    text: `Cannot start at "${text}": new, beginning, resume or the id of an entry such as 1769991002861-9 is needed`,
  });
  return { kind: "new" };
}

function variantOf(scenario: Scenario, name: string | undefined): ResolvedVariant {
  const found = name === undefined ? scenario.variants[0] : scenario.variants.find((each) => each.name === name);
  if (found !== undefined) return found;
  const names = scenario.variants.map((each) => each.name).join(", ");
  throw new UserError([
    {
      text: `Cannot run variant "${name}": the scenario has ${names}`,
      hint: `--variant ${scenario.variants[0]!.name}`,
    },
  ]);
}

/** The lower of both: a flag never loosens what a scenario says, nor the other way round. */
function withLimits(definition: ResolvedVariant, limits: LiveLimits): ResolvedVariant {
  const { policy } = definition;
  const { notionalPerTradeMaxQuote: perTrade, notionalTotalMaxQuote: total } = limits;
  return {
    ...definition,
    policy: {
      ...policy,
      limits: {
        ...policy.limits,
        notionalPerTradeMaxQuote: lower(policy.limits.notionalPerTradeMaxQuote, perTrade),
        notionalTotalMaxQuote: lower(policy.limits.notionalTotalMaxQuote, total),
      },
    },
  };
}

function lower(left: Money, right: Money): Money {
  return left < right ? left : right;
}

function intentsOf(flags: LiveFlags, scenario: Scenario): LivePlan["intents"] {
  const { intents, redis } = flags;
  const wanted = intents ?? (redis !== undefined ? "redis" : scenario.strategy !== null ? "strategy" : undefined);
  if (wanted === "redis") {
    if (redis !== undefined || process.env["REDIS_URL"] !== undefined) return "redis";
    const text = "Cannot take intents from Redis: no server is named, its address is needed";
    throw new UserError([{ text, hint: 'add "--redis redis://127.0.0.1:6379", or set REDIS_URL' }]);
  }
  if (wanted === "recording") {
    if (flags.feed === "recording") return "recording";
    throw new UserError([{ text: "Cannot take intents from the recording: --feed recording is needed beside it" }]);
  }
  if (wanted === "strategy") {
    if (scenario.strategy !== null) return "strategy";
    const text = "Cannot take intents from a strategy: the scenario has none, a key strategy is needed";
    throw new UserError([{ file: scenario.file, text, hint: "or --redis URL, or --intents FILE" }]);
  }
  if (wanted !== undefined) return { file: wanted };
  const text = "Cannot start: nothing says where intents come from";
  throw new UserError([
    { file: scenario.file, text, hint: "--redis URL, --intents FILE, or a strategy in the scenario" },
  ]);
}

/** Keys of a simulated world: a real one does not take them. */
function withoutEffect(scenario: Scenario, file: string, feed: LiveFlags["feed"]): Problem[] {
  const keys = [
    scenario.operator.length > 0 ? "operator" : null,
    scenario.external.length > 0 ? "external" : null,
    scenario.account.positions.length > 0 ? "account.positions" : null,
    feed === "exchange" && (scenario.window.from !== undefined || scenario.window.to !== undefined) ? "window" : null,
  ].filter((key) => key !== null);
  if (keys.length === 0) return [];
  return [{ file, text: `${keys.join(", ")} ${keys.length === 1 ? "has" : "have"} no effect on a live session` }];
}

/** @throws {UserError} exit 15: what was asked for is not there yet at this place */
export function refused(text: string, hint?: string): UserError {
  return new UserError([{ text, ...(hint === undefined ? {} : { hint }) }], EXIT.liveRefused);
}
