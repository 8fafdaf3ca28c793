import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { EXIT, UserError } from "../../diagnostics/user-error.ts";
import { formatMoney } from "../../engine/domain/money.ts";
import type { EngineParts } from "../../engine/pipeline/state.ts";
import type { IntentSource, IntentStart } from "../../live/ports.ts";
import { createFileOperator } from "../../live/safety/file-operator.ts";
import { createSafetyGate, type SafetyLimits, type SessionGate } from "../../live/safety/gate.ts";
import { type VenueHosts, venueHosts } from "../../live/safety/hosts.ts";
import { joinOperators } from "../../live/safety/join-operators.ts";
import { type FoundKeys, forgetKeys, missingKeysHint, readApiKeys } from "../../live/safety/keys.ts";
import { preflight, requirePreflight } from "../../live/safety/preflight.ts";
import type { PreflightFacts, PreflightResult } from "../../live/safety/preflight-facts.ts";
import { redactor } from "../../live/safety/redactor.ts";
import { renderPreflight } from "../../live/safety/render-preflight.ts";
import { steadyClock } from "../../live/safety/steady-clock.ts";
import { type RecoveredSession, recoverSession } from "../../live/session/recover-session.ts";
import { openSessionFolder } from "../../live/session/session-folder.ts";
import { codeHash } from "../code-hash.ts";
import { problemText, type Shell } from "../shell.ts";
import { askToStart } from "./consent.ts";
import { finishSession } from "./finish-session.ts";
import { diskFacts, killFacts, redisFacts } from "./gather-facts.ts";
import { localIntents } from "./intent-sources.ts";
import type { LiveFlags } from "./live-flags.ts";
import { DEFAULT_SCENARIO, type LivePlan, planLive } from "./live-plan.ts";
import { recordedWorld } from "./live-world.ts";
import { createOperations, type Operations } from "./operations.ts";
import { redisTarget, redisWorld } from "./redis-world.ts";
import { createSession, prepareFolder } from "./run-session.ts";
import { readSessionFile, type SessionFile, SOURCE_SCENARIO_FILE } from "./session-file.ts";
import { sessionHeader, sessionParts } from "./session-parts.ts";
import { catchSignals, signalOperator } from "./signals.ts";
import { StrategyPast, strategyFeed } from "./strategy-past.ts";
import { type VenueWorld, venueWorld } from "./venue-world.ts";

/** What journal and recording of a day come to, roughly: less room than this is refused. */
const DISK_BYTES = 256 * 1024 * 1024;
const NOTHING_HIDDEN = (text: string) => text;
/** Of recorded prices: nothing is asked and nothing is sent. */
const NO_HOSTS: VenueHosts = { environment: "loopback", rest: "http://127.0.0.1", streams: "ws://127.0.0.1" };

/** `live`: one session from its preflight to its parity line. */
export async function liveCommand(scenarioFile: string | undefined, given: LiveFlags, shell: Shell): Promise<void> {
  const resumed = given.resume === undefined ? null : readSessionFile(given.resume);
  const flags = resumed === null ? given : { ...given, ...flagsOf(resumed) };
  const plan =
    resumed === null
      ? await planLive(scenarioFile ?? fileURLToPath(DEFAULT_SCENARIO), flags)
      : await planLive(resumed.scenarioFile, flags, readFileSync(join(given.resume!, SOURCE_SCENARIO_FILE), "utf8"));
  for (const warning of plan.warnings) shell.note(`warning: ${problemText(warning)}`);
  const keys = plan.mode === "paper" ? null : readApiKeys({ env: process.env, file: flags.keys ?? null });
  const keysHint = missingKeysHint(process.env);
  forgetKeys(process.env);
  const redact = keys === null ? NOTHING_HIDDEN : redactor(keys.keys);
  try {
    await new LiveRun({ plan, flags, shell, resumed, keys, keysHint, redact }).run();
  } catch (error) {
    throw redacted(error, redact);
  }
}

/** No word of an error leaves with a key in it, whoever wrote it. */
function redacted(error: unknown, redact: (text: string) => string): unknown {
  if (error instanceof UserError) {
    const problems = error.problems.map((problem) => ({
      ...problem,
      text: redact(problem.text),
      ...(problem.hint === undefined ? {} : { hint: redact(problem.hint) }),
    }));
    return new UserError(problems, error.exitCode);
  }
  if (!(error instanceof Error)) return new Error(redact(String(error)));
  const safe = new Error(redact(error.message));
  if (error.stack !== undefined) safe.stack = redact(error.stack);
  return safe;
}

/** What a session was started with stays as it was. */
function flagsOf({
  from,
  mode,
  feed,
  variant,
  plugIns,
  limits,
  shadows,
  rest,
  intents,
  venue,
}: SessionFile): Partial<LiveFlags> {
  return {
    testnet: true,
    paper: mode === "paper",
    dryRun: mode === "dry-run",
    feed,
    ...(venue === "demo" || venue === "testnet" ? { venue } : {}),
    ...(rest === null ? {} : { baseUrl: rest }),
    ...(from === null ? {} : { from }),
    intents,
    variant,
    plugin: plugIns,
    shadow: shadows.map(({ file }) => file),
    maxNotional: limits.notionalPerTradeMaxQuote,
    maxTotal: limits.notionalTotalMaxQuote,
    maxPosition: limits.positionMaxQuote,
    maxLoss: limits.lossMaxQuote,
    maxOrdersPerMinute: String(limits.ordersPerMinuteMax),
  };
}

interface LiveRunParts {
  readonly plan: LivePlan;
  readonly flags: LiveFlags;
  readonly shell: Shell;
  readonly resumed: SessionFile | null;
  readonly keys: FoundKeys | null;
  readonly keysHint: string;
  readonly redact: (text: string) => string;
}

class LiveRun {
  readonly #parts: LiveRunParts;

  constructor(parts: LiveRunParts) {
    this.#parts = parts;
  }

  async run(): Promise<void> {
    const { plan, flags, shell, resumed } = this.#parts;
    const { scenario, definition } = plan;
    const target = redisTarget(flags);
    let gate: SessionGate | null = null;
    let from: RecoveredSession | null = null;
    let past: StrategyPast | null = null;
    if (resumed !== null) {
      const parts = sessionParts(scenario, definition, resumed.instruments);
      gate = this.#gate(parts);
      if (plan.intents === "strategy" && scenario.strategy?.name !== "replay") {
        const symbols = resumed.instruments.map(({ symbol }) => symbol);
        past = new StrategyPast(strategyFeed(plan, symbols, resumed.startTsMs));
      }
      from = recoverSession(flags.resume!, parts, gate, (tsMs) => past?.lookBefore(tsMs, parts.market));
    }
    const world = await this.#world(from);
    const { instruments, clock } = world;
    const parts = from?.lane.parts ?? sessionParts(scenario, definition, instruments);
    gate ??= this.#gate(parts);
    const { account, intentStart } = await this.#preflight(world, target);

    const file = resumed ?? this.#sessionFile(world, account);
    const folder = flags.resume ?? join(flags.out, file.id);
    if (from === null) {
      if (existsSync(folder)) throw taken(folder);
      prepareFolder({ plan, file, folder });
    }
    const redis =
      target === null
        ? null
        : redisWorld({
            target,
            flags,
            session: file.id,
            instruments,
            clock,
            hasIntents: plan.intents === "redis",
            onProblem: ({ code, name, text }) => operations.log.warn(text, { code, name }),
          });
    const place = { startTsMs: file.startTsMs, knownUntilTsMs: from?.stampMs ?? 0, past };
    const intents = redis?.intents ?? this.#localIntents(world, parts, place);
    const operations: Operations = await createOperations({
      ...this.#parts,
      folder,
      header: sessionHeader({
        id: file.id,
        scenario,
        definition,
        variant: definition.name,
        instruments,
        startTsMs: file.startTsMs,
      }),
      policy: definition.policy,
      limits: this.#limits(),
      gate,
      clock,
      intents,
    });
    if (from !== null) {
      for (const item of openSessionFolder(folder).items()) if (item.kind === "entry") operations.remember(item.entry);
    }
    const { session, shadows, release } = createSession({
      plan,
      file,
      folder,
      world,
      intents,
      intentStart,
      plans: redis?.plans ?? null,
      gate,
      operator: joinOperators([
        signalOperator(),
        ...(flags.killFile === undefined ? [] : [createFileOperator({ path: flags.killFile, clock: steadyClock() })]),
        ...(redis?.operator == null ? [] : [redis.operator]),
      ]),
      durability: flags.durability,
      isAdopting: flags.adopt === true,
      isFlatteningOnExit: flags.flattenOnExit === true,
      from,
      parts,
      meter: operations.meter,
      watcher: { entry: (entry) => operations.observe(entry), price: (tsMs) => operations.price(tsMs) },
    });
    const signals = catchSignals(session, (text) => operations.note(text));
    try {
      await session.start();
      if (flags.quiet !== true) {
        shell.note(`session ${file.id}  ${file.mode} on ${file.venue}  ${instruments.length} symbols  in ${folder}`);
      }
      const server = await operations.start(() => session.status);
      if (server !== null) operations.note(`metrics on http://127.0.0.1:${server.port}/metrics`);
      const endTsMs = plan.durationMs === null ? Number.POSITIVE_INFINITY : clock.nowMs() + plan.durationMs;
      const dueTsMs = Math.min(world.endTsMs, endTsMs);
      const cancelEnd =
        dueTsMs === Number.POSITIVE_INFINITY ? () => undefined : clock.schedule(dueTsMs, () => void session.end());
      const end = await session.ended;
      cancelEnd();
      await operations.close();
      for (const shadow of shadows) shadow.close();
      for (const cause of signals.causes()) shell.exitWith(cause);
      if (end.error !== null) throw end.error;
      await finishSession({ folder, end, shadows, plan, flags, shell, wasResumed: resumed !== null });
    } finally {
      signals.release();
      await operations.close();
      if (session.status.state === "failed") await release();
    }
  }

  #limits(): SafetyLimits {
    const { limits } = this.#parts.plan;
    return {
      maxNotionalQuote: limits.notionalPerTradeMaxQuote,
      maxPositionQuote: limits.positionMaxQuote,
      maxExposureQuote: limits.notionalTotalMaxQuote,
      maxOrdersPerMinute: limits.ordersPerMinuteMax,
      maxLossQuote: limits.lossMaxQuote,
    };
  }

  #gate({ instruments, market, policy }: EngineParts): SessionGate {
    const places = new Map(instruments.map(({ symbol, index }) => [symbol, index]));
    return createSafetyGate({
      ...this.#limits(),
      instruments,
      killSwitch: policy.limits.killSwitch,
      prices(symbol) {
        const price = market.price[places.get(symbol) ?? -1];
        return price !== undefined && price > 0 ? price : null;
      },
    });
  }

  async #world(from: RecoveredSession | null): Promise<VenueWorld & { readonly hosts: VenueHosts | null }> {
    const { plan, flags, keys, shell } = this.#parts;
    if (flags.feed === "recording") {
      const { scenario, definition, symbols, speed } = plan;
      return {
        ...recordedWorld({ scenario, definition, symbols, speed, from }),
        facts: async () => null,
        hosts: null,
      };
    }
    const hosts = venueHosts(flags.venue, flags.baseUrl ?? null);
    const log = (level: "info" | "warn", text: string) => {
      if (level === "warn" || flags.quiet !== true) shell.note(this.#parts.redact(`${level}: ${text}`));
    };
    return { ...(await venueWorld({ plan, hosts, keys: keys?.keys ?? null, from, log })), hosts };
  }

  /**
   * Shows what was found; goes on only when nothing speaks against it.
   *
   * @returns what the account holds, and where to begin in the stream: a session that died before it had a group has
   * nothing to resume there
   */
  async #preflight(
    world: VenueWorld & { readonly hosts: VenueHosts | null },
    target: ReturnType<typeof redisTarget>,
  ): Promise<{ readonly account: PreflightFacts["venue"]; readonly intentStart: IntentStart }> {
    const { plan, flags, shell, keys, keysHint, resumed } = this.#parts;
    const { policy } = plan.definition;
    const isTrading = plan.mode === "act";
    const isTty = process.stdin.isTTY === true && shell.stderr.isTTY === true;
    const needsRedis = target !== null && (plan.intents === "redis" || flags.publish);
    const redis = needsRedis ? await redisFacts(target, flags) : null;
    const isGroupThere = redis !== null && !("error" in redis) && redis.place !== null;
    const isGoingOn = resumed !== null && (isGroupThere || plan.intents !== "redis");
    const intentStart =
      plan.intents !== "redis" ? { kind: "new" as const } : isGoingOn ? { kind: "resume" as const } : plan.intentStart;
    const facts: PreflightFacts = {
      hosts: world.hosts ?? NO_HOSTS,
      keys,
      venue: await world.facts(),
      disk: diskFacts(flags.resume ?? flags.out),
      redis,
      killSwitches: resumed === null ? await killFacts(flags, target, policy.limits.killSwitch) : [],
      isTty,
    };
    const result = preflight(facts, {
      instruments: world.instruments,
      limits: this.#limits(),
      pipelineLimits: policy.limits,
      leverage: plan.scenario.account.leverage,
      isTrading,
      isAdopting: flags.adopt === true,
      isResuming: resumed !== null,
      hasYes: flags.yes === true || !isTrading,
      intentStart,
      diskBytes: DISK_BYTES,
      keysHint,
    });
    const shown: PreflightResult =
      world.hosts === null ? { ...result, checks: result.checks.filter(({ name }) => name !== "host") } : result;
    if (flags.quiet !== true) {
      const colour = flags.colour && shell.stderr.isTTY === true;
      shell.note(this.#parts.redact(renderPreflight(shown, { colour, width: shell.stderr.columns ?? 100 })));
    }
    requirePreflight(result);
    if (isTrading && flags.yes !== true && !(await askToStart(shell))) {
      throw new UserError(
        [{ text: "Cannot start the session: nobody said yes", hint: "--yes says it beforehand" }],
        EXIT.liveRefused,
      );
    }
    return { account: facts.venue, intentStart: intentStart ?? { kind: "new" } };
  }

  #sessionFile(
    world: VenueWorld & { readonly hosts: VenueHosts | null },
    account: PreflightFacts["venue"],
  ): SessionFile {
    const { plan, flags } = this.#parts;
    const { mode, scenario, definition, shadows, limits, intents } = plan;
    const { venue, instruments, clock, hosts } = world;
    const startTsMs = clock.nowMs();
    const isKnown = account !== null && !("error" in account);
    return {
      id: `live-${stampText(startTsMs)}`,
      mode,
      feed: flags.feed,
      venue,
      rest: hosts?.rest ?? null,
      from: flags.from ?? null,
      intents: typeof intents === "object" ? resolve(intents.file) : intents,
      scenarioFile: resolve(scenario.file),
      scenario: scenario.name,
      scenarioHash: scenario.hash,
      variant: definition.name,
      plugIns: (flags.plugin ?? []).map((file) => resolve(file)),
      shadows: shadows.map(({ name, file, definition: { name: variant } }) => ({ name, file: resolve(file), variant })),
      instruments,
      startTsMs,
      walletQuote: formatMoney(isKnown && mode === "act" ? account.account.walletQuote : scenario.account.wallet),
      limits: {
        notionalPerTradeMaxQuote: formatMoney(limits.notionalPerTradeMaxQuote),
        notionalTotalMaxQuote: formatMoney(limits.notionalTotalMaxQuote),
        positionMaxQuote: formatMoney(limits.positionMaxQuote),
        lossMaxQuote: formatMoney(limits.lossMaxQuote),
        ordersPerMinuteMax: limits.ordersPerMinuteMax,
      },
      codeHash: codeHash(),
    };
  }

  #localIntents(
    { clock, instruments }: VenueWorld,
    { market }: EngineParts,
    place: Parameters<typeof localIntents>[2],
  ): IntentSource {
    const symbols = instruments.map(({ symbol }) => symbol);
    return localIntents(this.#parts.plan, { clock, market, symbols }, place);
  }
}

/** `1123-130507`: month and day, hour, minute and second, UTC. */
function stampText(tsMs: number): string {
  const iso = new Date(tsMs).toISOString();
  return `${iso.slice(5, 7)}${iso.slice(8, 10)}-${iso.slice(11, 19).replaceAll(":", "")}`;
}

function taken(folder: string): UserError {
  const text = `Cannot begin a session in ${folder}: it is there already, a new folder is needed`;
  return new UserError(
    [{ text, hint: "--out DIR chooses another, --resume goes on with a session" }],
    EXIT.liveRefused,
  );
}
