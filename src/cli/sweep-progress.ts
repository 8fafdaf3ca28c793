/** How far a sweep has come, in runs. */
export interface SweepState {
  readonly done: number;
  readonly of: number;
  readonly reused: number;
}

export interface SweepProgress {
  update(state: SweepState): void;
  finish(): void;
}

const LINE_SHARE = 0.1;

/** A line that is repainted on a terminal; elsewhere one every tenth, so that a log is not flooded. */
export function createSweepProgress(
  stream: { readonly isTTY?: boolean; write(text: string): unknown },
  isQuiet: boolean,
  nowMs: () => number,
): SweepProgress {
  if (isQuiet) return { update: () => {}, finish: () => {} };
  const begunMs = nowMs();
  let shown = 0;
  let isPainted = false;
  return {
    update({ done, of, reused }) {
      const fresh = done - reused;
      const leftMs = fresh === 0 ? null : ((nowMs() - begunMs) / fresh) * (of - done);
      const eta = leftMs === null || done === of ? "" : `  ETA ${Math.ceil(leftMs / 1000)} s`;
      const text = `sweep  ${done} of ${of} runs${reused > 0 ? `, ${reused} kept` : ""}${eta}`;
      if (stream.isTTY === true) {
        stream.write(`\r\x1b[2K${text}`);
        isPainted = true;
      } else if (done === of || (done - shown) / of >= LINE_SHARE) {
        shown = done;
        stream.write(`${text}\n`);
      }
    },
    finish() {
      if (isPainted) stream.write("\r\x1b[2K");
    },
  };
}
