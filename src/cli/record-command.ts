import { basename, join } from "node:path";
import { performance } from "node:perf_hooks";
import { EXIT, type ExitCode, UserError } from "../diagnostics/user-error.ts";
import { parseDurationMs } from "../engine/domain/duration.ts";
import { openSource, type RedisSource } from "../live/redis/open-source.ts";
import type { RecordResult } from "../live/redis/record-options.ts";
import { recordStreams } from "../live/redis/record-streams.ts";
import { parseRedisUrl, type RedisTarget, readPasswordFile } from "../live/redis/redis-target.ts";
import { createLiveRecording, type LiveRecording } from "../recording/live/live-recording.ts";
import type { SealedRecording } from "../recording/writer.ts";
import { visibleText } from "../reports/visible-text.ts";
import { codeHash } from "./code-hash.ts";
import type { RecordFlags } from "./commands/record.ts";
import { createRecordProgress } from "./record-progress.ts";
import { recordJson, recordText } from "./record-text.ts";
import { gravest, type Shell } from "./shell.ts";
import { packageVersion } from "./version.ts";

/** `sim record`: everything about the server is checked before the folder of the recording is made. */
export async function recordCommand(flags: RecordFlags, shell: Shell): Promise<void> {
  const durationMs = durationOf(flags.for);
  const target = targetOf(flags);
  const { streams = [], keys = [], group: groups = [] } = flags;
  if (streams.length === 0 && keys.length === 0) {
    const text = "Cannot record: neither streams nor keys are named, one at least is needed";
    throw new UserError([{ text, hint: 'add "--streams trade.intent"' }]);
  }
  const stop = catchStops(shell);
  try {
    const source = await openSource({
      target,
      streams,
      keys,
      from: flags.from,
      isMissingAllowed: flags.allowMissing === true,
    });
    const recording = openRecording(flags, source, shell);
    stop.onLeave(() => recording.close());
    const { result, sealed } = await record(source, recording, { keys, groups, durationMs, flags, shell, stop });
    const causes = causesOf(result, stop);
    for (const cause of causes) shell.exitWith(cause);
    const document = { sealed, result, server: target.safeUrl, warnings: source.warnings };
    if (flags.json === true) shell.print(recordJson({ ...document, exit: { code: gravest(causes), causes } }));
    else shell.print(recordText(document));
  } finally {
    stop.release();
  }
}

interface Work {
  readonly keys: readonly string[];
  readonly groups: readonly string[];
  readonly durationMs: number | null;
  readonly flags: RecordFlags;
  readonly shell: Shell;
  readonly stop: Stops;
}

async function record(
  source: RedisSource,
  recording: LiveRecording,
  { keys, groups, durationMs, flags, shell, stop }: Work,
): Promise<{ result: RecordResult; sealed: SealedRecording }> {
  const progress = createRecordProgress({
    stream: shell.stderr,
    isShown: flags.quiet !== true,
    label: `recording ${visibleText(flags.id ?? basename(recording.dir))}`,
    nowMs: () => performance.now(),
  });
  const endMs = durationMs === null ? Number.POSITIVE_INFINITY : performance.now() + durationMs;
  try {
    const result = await recordStreams(source, {
      recording,
      keys,
      groups,
      shouldStop: () => stop.shouldStop() || performance.now() >= endMs,
      onProgress: (state) => progress.update(state),
    });
    progress.finish();
    return { result, sealed: await recording.seal() };
  } catch (error) {
    progress.finish();
    recording.close();
    throw error;
  }
}

function openRecording(flags: RecordFlags, { target, streams, warnings, link }: RedisSource, shell: Shell) {
  if (flags.quiet !== true) for (const warning of warnings) shell.note(visibleText(`warning: ${warning}`));
  const nowText = new Date().toISOString();
  const dir = flags.out ?? join("recordings", flags.id ?? idAt(nowText));
  const id = flags.id ?? basename(dir);
  const notes = [
    `entries of Redis streams of ${target.safeUrl}: rx is the recorder's clock, ts the time of the entry id`,
  ];
  if (flags.from !== "now") {
    notes.push(
      `read from ${flags.from}: entries older than the recording have the rx of when they were read; an import of a dump gives them the time of their id`,
    );
  }
  try {
    const recording = createLiveRecording({
      dir,
      id,
      createdBy: `rehearsal ${packageVersion()} sim record`,
      createdAt: nowText,
      // No price comes with it; of the words there are, this one claims least about an order book.
      fidelity: "mark",
      notes: [...notes, "the recording has no prices"],
      config: {
        server: target.safeUrl,
        streams: streams.map(({ cursor }) => cursor.redisStream),
        from: flags.from,
        keys: flags.keys ?? [],
        groups: flags.group ?? [],
      },
      codeHash: codeHash(),
    });
    if (flags.quiet !== true) {
      const begins = streams.map(({ cursor }) => `${cursor.redisStream} after ${cursor.lastId}`);
      shell.note(visibleText(`recording ${id}  ${target.safeUrl}  ${begins.join("  ")}`));
    }
    return recording;
  } catch (error) {
    link.close();
    throw error;
  }
}

/** `rec-0202-0013`: month and day, hour and minute, UTC. */
function idAt(iso: string): string {
  return `rec-${iso.slice(5, 7)}${iso.slice(8, 10)}-${iso.slice(11, 13)}${iso.slice(14, 16)}`;
}

function durationOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  const durationMs = parseDurationMs(text);
  if (durationMs !== null && durationMs > 0) return durationMs;
  const problem = `Cannot record for "${text}": it is no duration, a number with a unit is needed`;
  throw new UserError([{ text: problem, hint: 'such as "--for 90s", "--for 2h"' }]);
}

function targetOf(flags: RecordFlags): RedisTarget {
  const url = flags.redis ?? process.env["REDIS_URL"];
  if (url === undefined || url === "") {
    const text = "Cannot record: no Redis server is named, its address is needed";
    throw new UserError([{ text, hint: 'add "--redis redis://127.0.0.1:6379", or set REDIS_URL' }]);
  }
  const target = parseRedisUrl(url);
  if (flags.redisPasswordFile === undefined) return target;
  return { ...target, password: readPasswordFile(flags.redisPasswordFile) };
}

function causesOf({ streams, keyRecords }: RecordResult, stop: Stops): ExitCode[] {
  const causes: ExitCode[] = [];
  const entries = streams.reduce((sum, stream) => sum + stream.entries, 0);
  if (entries === 0 && keyRecords === 0) causes.push(EXIT.evidenceIncomplete);
  if (stop.isTerminated()) causes.push(EXIT.terminated);
  else if (stop.shouldStop()) causes.push(EXIT.interrupted);
  return causes;
}

interface Stops {
  shouldStop(): boolean;
  isTerminated(): boolean;
  onLeave(cleanUp: () => void): void;
  release(): void;
}

/** Ctrl-C as in every command; a service manager ends a recorder by SIGTERM, and that seals it too. */
function catchStops(shell: Shell): Stops {
  const interrupts = shell.catchInterrupts();
  let isTerminated = false;
  const onTerminate = () => {
    isTerminated = true;
  };
  process.on("SIGTERM", onTerminate);
  return {
    shouldStop: () => isTerminated || interrupts.shouldStop(),
    isTerminated: () => isTerminated,
    onLeave: (cleanUp) => interrupts.onLeave(cleanUp),
    release: () => {
      process.off("SIGTERM", onTerminate);
      interrupts.release();
    },
  };
}
