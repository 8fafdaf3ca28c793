import { formatDurationMs } from "../engine/domain/duration.ts";
import type { ProgressMode } from "./progress-mode.ts";

/** How far a run has come, in virtual time. */
export interface ProgressState {
  readonly tsMs: number;
  readonly startTsMs: number;
  readonly endTsMs: number;
  readonly intents: number;
  readonly fills: number;
}

export interface Progress {
  update(state: ProgressState): void;
  /** Erases the bar, so that the report starts on a clean line. */
  finish(): void;
}

const REPAINT_MS = 100;
const LINE_MS = 30_000;
const LINE_SHARE = 0.1;
const BAR_CELLS = 21;

export interface ProgressOptions {
  readonly stream: { readonly isTTY?: boolean; readonly columns?: number; write(text: string): unknown };
  readonly mode: ProgressMode;
  readonly label: string;
  /** Wall clock in milliseconds. */
  readonly nowMs: () => number;
}

/**
 * A bar repainted at most ten times a second on a terminal; elsewhere one plain line every 10 % or 30 s, whichever is
 * later, so that a log is not flooded. ETA and speed come from virtual time done.
 */
export function createProgress(options: ProgressOptions): Progress {
  const { stream, mode, label, nowMs } = options;
  const isBar = mode === "bar" || (mode === "auto" && stream.isTTY === true);
  if (mode === "none") return { update: () => {}, finish: () => {} };
  const begunMs = nowMs();
  let shownMs = begunMs;
  let shownShare = 0;
  let isPainted = false;
  return {
    update(state) {
      const wallMs = nowMs();
      const share = shareOf(state);
      const isDue = isBar
        ? wallMs - shownMs >= REPAINT_MS
        : wallMs - shownMs >= LINE_MS && share - shownShare >= LINE_SHARE;
      if (!isDue) return;
      shownMs = wallMs;
      shownShare = share;
      const line = `${label}  ${isBar ? `${barOf(share)}  ` : ""}${factsOf(state, share, wallMs - begunMs)}`;
      stream.write(isBar ? `\r\x1b[2K${line.slice(0, (stream.columns ?? 80) - 1)}` : `${line}\n`);
      isPainted = isBar;
    },
    finish() {
      if (isPainted) stream.write("\r\x1b[2K");
      isPainted = false;
    },
  };
}

function shareOf({ tsMs, startTsMs, endTsMs }: ProgressState): number {
  if (endTsMs <= startTsMs) return 1;
  return Math.min(1, Math.max(0, (tsMs - startTsMs) / (endTsMs - startTsMs)));
}

function barOf(share: number): string {
  const full = Math.round(share * BAR_CELLS);
  return `${"#".repeat(full)}${"-".repeat(BAR_CELLS - full)}`;
}

function factsOf(state: ProgressState, share: number, elapsedMs: number): string {
  const virtualMs = state.tsMs - state.startTsMs;
  const speed = elapsedMs > 0 ? Math.round(virtualMs / elapsedMs) : 0;
  const etaMs = share > 0 ? (elapsedMs * (1 - share)) / share : 0;
  const percent = `${Math.floor(share * 100)}`.padStart(3);
  const virtual = `${formatDurationMs(virtualMs)}/${formatDurationMs(state.endTsMs - state.startTsMs)} virtual`;
  return `${percent} %  ${virtual}  ${speed}x  ETA ${(etaMs / 1000).toFixed(1)} s  intents ${state.intents}  fills ${state.fills}`;
}
