import { join } from "node:path";
import { EXIT, UserError } from "../../diagnostics/user-error.ts";
import type { JournalEntry, JournalHeader } from "../../engine/domain/journal.ts";
import type { Policy } from "../../engine/policy.ts";
import { logEntry } from "../../live/ops/entry-log.ts";
import { createLog, LOG_LEVELS, type Log, type LogLevel } from "../../live/ops/logger.ts";
import { createMetrics, type SessionMetrics } from "../../live/ops/metrics.ts";
import { type OperationsServer, serveOperations } from "../../live/ops/server.ts";
import { createStageMeter, type StageMeter } from "../../live/ops/stage-meter.ts";
import { createStatusPrinter, type StatusPrinter, statusLine } from "../../live/ops/status-line.ts";
import type { Clock, IntentSource, SessionStatus } from "../../live/ports.ts";
import type { SafetyLimits, SessionGate } from "../../live/safety/gate.ts";
import type { RedisIntents } from "../../live/streams/redis-intents.ts";
import type { Shell } from "../shell.ts";
import { createLiveFindings, type LiveFindings } from "./live-findings.ts";
import type { LiveFlags } from "./live-flags.ts";

const STATUS_MS = 250;

/** Everything that watches a session and changes nothing. */
export interface Operations {
  readonly log: Log;
  readonly metrics: SessionMetrics;
  readonly meter: StageMeter;
  readonly findings: LiveFindings;
  /** Of a recovery: counted, and not told again. */
  remember(entry: JournalEntry): void;
  observe(entry: JournalEntry): void;
  price(tsMs: number): void;
  /** A line above the status line. */
  note(text: string): void;
  /** From now on the session is shown and asked. */
  start(status: () => SessionStatus): Promise<OperationsServer | null>;
  close(): Promise<void>;
}

export async function createOperations(parts: {
  readonly flags: LiveFlags;
  readonly shell: Shell;
  readonly folder: string;
  readonly header: JournalHeader;
  readonly policy: Policy;
  readonly limits: SafetyLimits;
  readonly gate: SessionGate;
  readonly clock: Clock;
  readonly redact: (text: string) => string;
  readonly intents: IntentSource | RedisIntents;
}): Promise<Operations> {
  const { flags, shell, folder, header, policy, limits, gate, clock, redact } = parts;
  const log = await createLog({
    level: levelOf(flags.logLevel),
    destination: join(folder, "session.log"),
    redact,
    format: "json",
    base: { session: header.runId },
  });
  const nowMs = () => clock.nowMs();
  const { openPositionsMax, notionalTotalMaxQuote, drawdownMax } = policy.limits;
  const metrics = createMetrics({
    sessionId: header.runId,
    header,
    limits: { openPositionsMax, notionalTotalMaxQuote, drawdownMax },
    gate: { limits, status: (tsMs) => gate.status(tsMs) },
    nowMs,
  });
  const meter = createStageMeter({ stage: (stage, ms) => metrics.stage(stage, ms) });
  const findings = createLiveFindings(header, folder);
  let printer: StatusPrinter | null = null;
  let server: OperationsServer | null = null;
  let timer: NodeJS.Timeout | null = null;
  const remember = (entry: JournalEntry) => {
    metrics.observe(entry);
    findings.observe(entry);
  };
  return {
    log,
    metrics,
    meter,
    findings,
    remember,
    observe(entry) {
      remember(entry);
      logEntry(log, entry);
    },
    price: (tsMs) => metrics.facts.price(tsMs),
    note(text) {
      if (printer === null) shell.note(redact(text));
      else printer.note(redact(text));
    },
    async start(status) {
      const hasStatus = flags.quiet !== true && flags.json !== true;
      if (hasStatus) {
        printer = createStatusPrinter({
          stream: shell.stderr,
          line: (width, colour) => statusLine(status(), metrics.facts, { width, colour, nowMs: nowMs() }),
          colour: flags.colour && shell.stderr.isTTY === true,
          nowMs: () => performance.now(),
        });
        timer = setInterval(() => printer?.update(), STATUS_MS);
      }
      if (flags.metricsPort === undefined) return null;
      server = await serveOperations({
        port: portOf(flags.metricsPort),
        metrics,
        health: { status, disconnected: () => disconnected(parts.intents) },
        findings: () => findings.report(),
        redact,
        nowMs,
      });
      return server;
    },
    async close() {
      if (timer !== null) clearInterval(timer);
      printer?.close();
      printer = null;
      await server?.close();
      await log.close();
    },
  };
}

function disconnected(intents: IntentSource | RedisIntents): string[] {
  if (!("status" in intents)) return [];
  const { state } = intents.status;
  return state === "away" || state === "silent" ? [`redis is ${state}`] : [];
}

function levelOf(text: string): LogLevel {
  const level = LOG_LEVELS.find((each) => each === text);
  if (level !== undefined) return level;
  throw new UserError([{ text: `Cannot log at level "${text}": one of ${LOG_LEVELS.join(", ")} is needed` }]);
}

function portOf(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port < 65_536) return port;
  throw new UserError(
    [{ text: `Cannot serve metrics on port "${text}": a number from 0 to 65535 is needed` }],
    EXIT.usage,
  );
}
