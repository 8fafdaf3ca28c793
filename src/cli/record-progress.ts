import type { RecordProgress } from "../live/redis/record-options.ts";
import { grouped } from "../reports/format.ts";
import { hoursText } from "./record-text.ts";

const REPAINT_MS = 200;
const LINE_MS = 30_000;

export interface RecordProgressOptions {
  readonly stream: { readonly isTTY?: boolean; readonly columns?: number; write(text: string): unknown };
  readonly isShown: boolean;
  readonly label: string;
  readonly nowMs: () => number;
}

/** One line repainted on a terminal; elsewhere a plain line every 30 s, and one when the server goes or comes. */
export function createRecordProgress({ stream, isShown, label, nowMs }: RecordProgressOptions): {
  update(progress: RecordProgress): void;
  finish(): void;
} {
  if (!isShown) return { update: () => {}, finish: () => {} };
  const isBar = stream.isTTY === true;
  let shownMs = nowMs();
  let state: RecordProgress["state"] = "reading";
  let isPainted = false;
  return {
    update(progress) {
      const isNew = progress.state !== state;
      if (!isNew && nowMs() - shownMs < (isBar ? REPAINT_MS : LINE_MS)) return;
      shownMs = nowMs();
      state = progress.state;
      const line = `${label}  ${factsOf(progress)}`;
      stream.write(isBar ? `\r\x1b[2K${line.slice(0, (stream.columns ?? 80) - 1)}` : `${line}\n`);
      isPainted = isBar;
    },
    finish() {
      if (isPainted) stream.write("\r\x1b[2K");
      isPainted = false;
    },
  };
}

const STATES: Readonly<Record<RecordProgress["state"], string>> = {
  reading: "",
  silent: "  the server does not answer",
  away: "  the server is away",
};

function factsOf({ elapsedMs, entries, lagMs, gaps, state }: RecordProgress): string {
  const lag = lagMs === null ? "-" : `${grouped(lagMs)} ms`;
  return `${hoursText(elapsedMs)}  entries ${grouped(entries)}  lag ${lag}  gaps ${gaps}${STATES[state]}`;
}
