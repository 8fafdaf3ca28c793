import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseMoney } from "../../engine/domain/money.ts";
import type { JournalWatcher, StageMeter } from "../../live/ops/stage-meter.ts";
import type { IntentSource, IntentStart, Operator, PlanStream, SafetyGate, SessionStep } from "../../live/ports.ts";
import { type Durability, openFileJournal } from "../../live/session/file-journal.ts";
import { LiveSession } from "../../live/session/live-session.ts";
import { recordingSink } from "../../live/session/recording-sink.ts";
import type { RecoveredSession } from "../../live/session/recover-session.ts";
import type { ShadowOptions } from "../../live/session/shadow.ts";
import { createLiveRecording } from "../../recording/live/live-recording.ts";
import { sessionScenarioText } from "../../sim/scenario/session-scenario.ts";
import { codeHash } from "../code-hash.ts";
import { packageVersion } from "../version.ts";
import type { LivePlan } from "./live-plan.ts";
import { type LiveWorld, paperExchange } from "./live-world.ts";
import {
  RECORDING_FOLDER,
  REHEARSAL_FILE,
  type SessionFile,
  SOURCE_SCENARIO_FILE,
  writeSessionFile,
} from "./session-file.ts";
import { sessionHeader, sessionParts } from "./session-parts.ts";
import { openShadowFile, type ShadowFile } from "./shadow-files.ts";

/** What a session is built from; the command makes it, a test can. */
export interface SessionSetup {
  readonly plan: LivePlan;
  readonly file: SessionFile;
  readonly folder: string;
  readonly world: LiveWorld;
  readonly intents: IntentSource;
  readonly intentStart: IntentStart;
  readonly plans: PlanStream | null;
  readonly gate: SafetyGate | null;
  readonly operator: Operator | null;
  readonly durability: Durability;
  readonly isAdopting: boolean;
  readonly isFlatteningOnExit: boolean;
  /** Goes on where it stopped. */
  readonly from: RecoveredSession | null;
  readonly parts: ReturnType<typeof sessionParts>;
  /** Looks at what passes, and changes nothing. */
  readonly meter: StageMeter;
  readonly watcher: JournalWatcher;
  probe?(step: SessionStep): void;
}

export interface RunningSession {
  readonly session: LiveSession;
  readonly shadows: readonly ShadowFile[];
  /** After a failure: no connection, timer or watch of the session keeps the process alive. */
  release(): Promise<void>;
}

/** Makes the folder of a new session: what it was started with, and the scenario that rehearses it. */
export function prepareFolder({ plan, file, folder }: Pick<SessionSetup, "plan" | "file" | "folder">): void {
  mkdirSync(folder, { recursive: true });
  writeSessionFile(folder, file);
  writeFileSync(join(folder, SOURCE_SCENARIO_FILE), plan.scenarioText);
  const { scenario, definition, limits } = plan;
  const text = sessionScenarioText(plan.scenarioText, {
    name: scenario.name,
    title: `${scenario.title}, as session ${file.id} met it`,
    recording: RECORDING_FOLDER,
    variant: definition.name,
    walletQuote: parseMoney(file.walletQuote),
    startTsMs: file.startTsMs,
    limits: {
      notionalPerTradeMaxQuote: definition.policy.limits.notionalPerTradeMaxQuote,
      notionalTotalMaxQuote: limits.notionalTotalMaxQuote,
    },
  });
  writeFileSync(join(folder, REHEARSAL_FILE), text);
}

/** Everything but `start`: the journal, the recording, and the shadows are open when it returns. */
export function createSession(setup: SessionSetup): RunningSession {
  const { plan, file, folder, world, parts, from, meter } = setup;
  const { clock, instruments, feed, exchange } = world;
  const symbols = instruments.map(({ symbol }) => symbol);
  const header = sessionHeader({
    ...plan,
    id: file.id,
    variant: plan.definition.name,
    instruments,
    startTsMs: file.startTsMs,
  });
  const journal = openFileJournal(folder, header, setup.durability, from?.ends ?? null);
  const recording = createLiveRecording({
    dir: join(folder, RECORDING_FOLDER),
    id: file.id,
    createdBy: `rehearsal ${packageVersion()} live`,
    fidelity: world.fidelity,
    symbols,
    config: { mode: file.mode, venue: file.venue, variant: file.variant, limits: file.limits },
    codeHash: codeHash(),
  });
  if (from === null && world.exchangeInfo !== null) recording.exchangeInfo(world.exchangeInfo);
  if (from === null && world.leverageBrackets !== null) recording.leverageBrackets(world.leverageBrackets);
  const shadows = plan.shadows.map(({ name, scenario, definition }) => ({
    file: openShadowFile(
      from === null ? folder : join(folder, `resumed-${from.lane.seq}`),
      name,
      sessionHeader({ id: file.id, scenario, definition, variant: name, instruments, startTsMs: clock.nowMs() }),
    ),
    scenario,
    definition,
  }));
  const session = new LiveSession({
    parts,
    clock,
    feed,
    intents: meter.intents(setup.intents),
    intentStart: setup.intentStart,
    exchange: meter.exchange(exchange),
    plans: setup.plans,
    gate: setup.gate,
    operator: setup.operator,
    journal: meter.journal(journal, setup.watcher),
    recording: recordingSink(recording, symbols),
    shadows: shadows.map(
      ({ file: written, scenario, definition }): ShadowOptions => ({
        name: written.name,
        parts: sessionParts(scenario, definition, instruments),
        exchange: paperExchange({
          scenario,
          definition,
          clock,
          instruments,
          fidelity: world.fidelity,
          walletQuote: parseMoney(file.walletQuote),
          positions: [],
          idsUsed: 0,
        }),
        onEntry: (entry) => written.append(entry),
      }),
    ),
    ...(from === null ? {} : { from }),
    isAdopting: setup.isAdopting,
    isFlatteningOnExit: setup.isFlatteningOnExit,
    ...(setup.probe === undefined ? {} : { probe: setup.probe }),
  });
  return {
    session,
    shadows: shadows.map(({ file: written }) => written),
    async release() {
      const ports = [feed, exchange, setup.intents, setup.plans, setup.operator];
      await Promise.allSettled(ports.map((port) => port?.close()));
      recording.close();
    },
  };
}
