import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { EXIT, UserError } from "../../diagnostics/user-error.ts";
import { formatMoney } from "../../engine/domain/money.ts";
import type { IntentSource, SessionEnd } from "../../live/ports.ts";
import { type RecoveredSession, recoverSession } from "../../live/session/recover-session.ts";
import type { ParityResult } from "../../live/session/replay-session.ts";
import type { RunSummary, TerminalState } from "../../reports/summary/schema.ts";
import { codeHash } from "../code-hash.ts";
import { problemText, type Shell } from "../shell.ts";
import { parityText, proveParity, reportSession } from "./finish-session.ts";
import { localIntents } from "./intent-sources.ts";
import type { LiveFlags } from "./live-flags.ts";
import { DEFAULT_SCENARIO, type LivePlan, planLive } from "./live-plan.ts";
import { type LiveWorld, recordedWorld } from "./live-world.ts";
import { createSession, positionsText, prepareFolder, type RunningSession } from "./run-session.ts";
import { RECORDING_FOLDER, readSessionFile, type SessionFile, SOURCE_SCENARIO_FILE } from "./session-file.ts";
import { sessionParts } from "./session-parts.ts";
import { catchSignals } from "./signals.ts";

/** `live`: one session from its preflight to its parity line. */
export async function liveCommand(scenarioFile: string | undefined, flags: LiveFlags, shell: Shell): Promise<void> {
  const resumed = flags.resume === undefined ? null : readSessionFile(flags.resume);
  const plan =
    resumed === null
      ? await planLive(scenarioFile ?? fileURLToPath(DEFAULT_SCENARIO), flags)
      : await planLive(
          resumed.scenarioFile,
          { ...flags, ...flagsOf(resumed) },
          readFileSync(join(flags.resume!, SOURCE_SCENARIO_FILE), "utf8"),
        );
  for (const warning of plan.warnings) shell.note(`warning: ${problemText(warning)}`);
  await new LiveRun(plan, flags, shell, resumed).run();
}

/** What a session was started with stays as it was. */
function flagsOf({ mode, feed, variant, plugIns, limits, shadows }: SessionFile): Partial<LiveFlags> {
  return {
    testnet: true,
    paper: mode === "paper",
    dryRun: mode === "dry-run",
    feed,
    variant,
    plugin: plugIns,
    shadow: shadows.map(({ file }) => file),
    maxNotional: limits.notionalPerTradeMaxQuote,
    maxTotal: limits.notionalTotalMaxQuote,
  };
}

class LiveRun {
  readonly #plan: LivePlan;
  readonly #flags: LiveFlags;
  readonly #shell: Shell;
  readonly #resumed: SessionFile | null;

  constructor(plan: LivePlan, flags: LiveFlags, shell: Shell, resumed: SessionFile | null) {
    this.#plan = plan;
    this.#flags = flags;
    this.#shell = shell;
    this.#resumed = resumed;
  }

  async run(): Promise<void> {
    const plan = this.#plan;
    const from = this.#recover();
    const world = await this.#world(from);
    const { instruments, clock } = world;
    const parts = from?.lane.parts ?? sessionParts(plan.scenario, plan.definition, instruments);
    const file = this.#resumed ?? this.#sessionFile(world);
    const folder = this.#flags.resume ?? join(this.#flags.out, file.id);
    if (from === null) {
      if (existsSync(folder)) throw taken(folder);
      prepareFolder({ plan, file, folder });
    }
    const running = createSession({
      plan,
      file,
      folder,
      world,
      intents: this.#intents(world, parts.market, file, from),
      plans: null,
      gate: null,
      operator: null,
      durability: this.#flags.durability,
      isAdopting: this.#flags.adopt === true,
      isFlatteningOnExit: this.#flags.flattenOnExit === true,
      from,
      parts,
    });
    const { session } = running;
    const signals = catchSignals(session, this.#shell);
    try {
      await session.start();
      this.#note(`session ${file.id}  ${file.mode} on ${file.venue}  ${instruments.length} symbols  in ${folder}`);
      const dueTsMs = Math.min(
        world.endTsMs,
        plan.durationMs === null ? Number.POSITIVE_INFINITY : clock.nowMs() + plan.durationMs,
      );
      const cancelEnd =
        dueTsMs === Number.POSITIVE_INFINITY ? () => undefined : clock.schedule(dueTsMs, () => void session.end());
      const end = await session.ended;
      cancelEnd();
      await this.#finish(folder, end, running, signals.causes());
    } finally {
      signals.release();
    }
  }

  #recover(): RecoveredSession | null {
    const file = this.#resumed;
    if (file === null) return null;
    const { scenario, definition } = this.#plan;
    const instruments = file.instruments;
    return recoverSession(this.#flags.resume!, sessionParts(scenario, definition, instruments));
  }

  async #world(from: RecoveredSession | null): Promise<LiveWorld> {
    const { scenario, definition, symbols, speed } = this.#plan;
    return recordedWorld({
      scenario,
      definition,
      symbols: this.#resumed?.instruments.map(({ symbol }) => symbol) ?? symbols,
      speed,
      from,
    });
  }

  #sessionFile({ venue, instruments, clock }: LiveWorld): SessionFile {
    const { mode, scenario, definition, shadows, limits } = this.#plan;
    const startTsMs = clock.nowMs();
    return {
      id: `live-${stampText(startTsMs)}`,
      mode,
      feed: this.#flags.feed,
      venue,
      scenarioFile: resolve(scenario.file),
      scenario: scenario.name,
      scenarioHash: scenario.hash,
      variant: definition.name,
      plugIns: [...(this.#flags.plugin ?? [])],
      shadows: shadows.map(({ name, file, definition: { name: variant } }) => ({ name, file, variant })),
      instruments,
      startTsMs,
      walletQuote: formatMoney(scenario.account.wallet),
      limits: {
        notionalPerTradeMaxQuote: formatMoney(limits.notionalPerTradeMaxQuote),
        notionalTotalMaxQuote: formatMoney(limits.notionalTotalMaxQuote),
      },
      codeHash: codeHash(),
    };
  }

  #intents(
    { clock, instruments }: LiveWorld,
    market: Parameters<typeof localIntents>[1]["market"],
    file: SessionFile,
    from: RecoveredSession | null,
  ): IntentSource {
    const symbols = instruments.map(({ symbol }) => symbol);
    const place = { startTsMs: file.startTsMs, knownUntilTsMs: from?.stampMs ?? 0 };
    return localIntents(this.#plan, { clock, market, symbols }, place);
  }

  async #finish(
    folder: string,
    end: SessionEnd,
    { shadows }: RunningSession,
    causes: readonly (typeof EXIT.interrupted | typeof EXIT.terminated)[],
  ): Promise<void> {
    for (const shadow of shadows) shadow.close();
    for (const cause of causes) this.#shell.exitWith(cause);
    if (end.error !== null) throw end.error;
    if (end.cause === "suspended") {
      this.#print({ folder, end, parity: null, report: null }, [
        `suspended at seq ${end.seq}, ${positionsText(end)}`,
        `live --resume ${folder} goes on`,
      ]);
      return;
    }
    const { scenario, definition } = this.#plan;
    const parts = sessionParts(scenario, definition, readSessionFile(folder).instruments);
    const wasResumed = this.#resumed !== null;
    const parity = proveParity(folder, parts, wasResumed ? null : join(folder, RECORDING_FOLDER));
    if (parity.firstDivergence !== null) this.#shell.exitWith(EXIT.divergence);
    if (parity.decisions === 0) this.#shell.exitWith(EXIT.evidenceIncomplete);
    const { summaries, report } = await reportSession(
      folder,
      // After a resume shadows know a part of the session only: nothing to compare.
      wasResumed ? [] : shadows,
      scenario.thresholds,
    );
    this.#print({ folder, end, parity, report }, [
      `end: ${end.cause} at seq ${end.seq}, ${positionsText(end)}${end.cancelledOrders.length === 0 ? "" : `, ${end.cancelledOrders.length} own orders cancelled`}`,
      ...summaries.map(funnelLine),
      `recording ${join(folder, RECORDING_FOLDER)} written;  ${parityText(parity)}`,
      `report ${report}`,
    ]);
  }

  #print(
    result: {
      readonly folder: string;
      readonly end: SessionEnd;
      readonly parity: ParityResult | null;
      readonly report: string | null;
    },
    lines: readonly string[],
  ): void {
    if (this.#flags.json !== true) {
      this.#shell.print(lines.join("\n"));
      return;
    }
    const { folder, end, parity, report } = result;
    const { cause, seq, rows, openPositions, cancelledOrders } = end;
    this.#shell.print(
      JSON.stringify(
        {
          schema: "rehearsal.live/1",
          folder,
          cause,
          seq,
          rows,
          openPositions: Object.fromEntries(openPositions),
          cancelledOrders,
          parity,
          report,
        },
        null,
        2,
      ),
    );
  }

  #note(text: string): void {
    if (this.#flags.quiet !== true) this.#shell.note(text);
  }
}

/** Entries and exits apart: their sum would say nothing. */
function funnelLine({ run, funnel }: RunSummary): string {
  const columns = funnel
    .filter(({ evalType }) => evalType !== "UNKNOWN")
    .map(({ evalType, intents, requests, terminals }) => {
      const count = (state: TerminalState) => terminals.find((each) => each.state === state)?.count ?? 0;
      const asked = evalType === "ENTRY" ? `${intents} intents` : `${requests} requests`;
      return `${evalType} ${asked}, ${count("FILLED")} filled, ${count("BLOCKED_POLICY")} blocked`;
    });
  return `${run.variant}: ${columns.join("   ")}`;
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
