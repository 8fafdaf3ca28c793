import { known, type Measured, requireFinite, unknown } from "./measured.ts";
import { fastSum } from "./sum.ts";

/** One fall from a peak; indices into the equity series, whose index 0 is the start. */
export interface DrawdownEpisode {
  readonly peakIndex: number;
  readonly troughIndex: number;
  /** First index at or above the peak again; `null`: open since the peak, never "recovered after 0". */
  readonly recoveryIndex: number | null;
  /** Trough over peak - 1, so negative. */
  readonly depth: number;
}

export interface Drawdowns {
  /** Deepest fall as a share, 0 when there was none; negative. */
  readonly maxDrawdown: number;
  /** Largest fall in the unit of the equity; positive. */
  readonly maxDrawdownAbs: number;
  readonly deepest: DrawdownEpisode | null;
  readonly episodes: readonly DrawdownEpisode[];
  /** Longest run of points below the running maximum, and whether that run was still open at the end. */
  readonly longestUnderwater: { readonly points: number; readonly isOpen: boolean };
  /** Root mean square of the drawdown over the buckets, the start not counted as one (Martin 1987). */
  readonly ulcerIndex: number;
}

/**
 * Drawdowns of an equity series that begins with the starting balance: a loss in the first bucket is a drawdown.
 * Returns of -40 % and -10 % fell by 46 %, not by 10 %. `bad_start` when equity does not start above 0.
 */
export function drawdownsOf(equity: readonly number[]): Measured<Drawdowns> {
  requireFinite(equity, "drawdowns");
  const first = equity[0];
  if (first === undefined) return unknown("too_few");
  if (first <= 0) return unknown("bad_start");
  const episodes = episodesOf(equity);
  let peak = first;
  let maxDrawdownAbs = 0;
  const squares: number[] = [];
  for (const level of equity) {
    peak = Math.max(peak, level);
    maxDrawdownAbs = Math.max(maxDrawdownAbs, peak - level);
    squares.push((level / peak - 1) ** 2);
  }
  let deepest: DrawdownEpisode | null = null;
  for (const episode of episodes) if (deepest === null || episode.depth < deepest.depth) deepest = episode;
  return known({
    maxDrawdown: deepest?.depth ?? 0,
    maxDrawdownAbs,
    deepest,
    episodes,
    longestUnderwater: longestUnderwater(episodes, equity.length),
    ulcerIndex: Math.sqrt(fastSum(squares) / Math.max(1, squares.length - 1)),
  });
}

function episodesOf(equity: readonly number[]): DrawdownEpisode[] {
  const episodes: DrawdownEpisode[] = [];
  let peakIndex = 0;
  let troughIndex: number | null = null;
  const close = (recoveryIndex: number | null): void => {
    if (troughIndex === null) return;
    const depth = equity[troughIndex]! / equity[peakIndex]! - 1;
    episodes.push({ peakIndex, troughIndex, recoveryIndex, depth });
    troughIndex = null;
  };
  for (let index = 1; index < equity.length; index += 1) {
    if (equity[index]! >= equity[peakIndex]!) {
      close(index);
      peakIndex = index;
    } else if (troughIndex === null || equity[index]! < equity[troughIndex]!) {
      troughIndex = index;
    }
  }
  close(null);
  return episodes;
}

function longestUnderwater(
  episodes: readonly DrawdownEpisode[],
  length: number,
): { readonly points: number; readonly isOpen: boolean } {
  let longest = { points: 0, isOpen: false };
  for (const { peakIndex, recoveryIndex } of episodes) {
    const points = (recoveryIndex ?? length) - peakIndex - 1;
    if (points > longest.points) longest = { points, isOpen: recoveryIndex === null };
  }
  return longest;
}
