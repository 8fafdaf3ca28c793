import { decimalsOfText, type InputRow } from "../record.ts";
import { CANDLE_NUMBERS, type CandleFile, MINUTE_MS } from "./candle-file.ts";

/** Candles on either side that say what is usual. */
const NEIGHBOURS = 5;
/** Fewer symbols say nothing: one symbol jumps between two minutes every day. */
const SYMBOLS_MIN = 8;
/** A symbol that usually moves fewer ticks a minute jumps by a large share of its range all the time. */
const RANGE_TICKS_MIN = 10;
const MOVE_SHARE_MIN = 1 / 6;
const VOLUME_SHARE_MAX = 1 / 4;
const RANGE_SHARE_MAX = 1 / 2;
const DECIMALS_FROM_CANDLES = 1_000;
const [OPEN, HIGH, LOW, CLOSE, VOLUME] = [0, 1, 2, 3, 4];

export const UNCLOSED_RULE =
  "suspected, not certain: a bar is stored before it closed when, over the symbols that usually move 10 ticks a minute " +
  "(8 at least), the median distance from its close to the next open is 1/6 or more of the usual range (median of " +
  "5 candles on either side); a last bar before a hole or the end, when its median volume is 1/4 of the usual of the " +
  "5 candles before it or less, and its median range 1/2 or less";

/** A minute whose candles look as if the recorder had stored them before they closed. */
export interface UnclosedMinute {
  readonly minuteMs: number;
  /** Symbols with a candle of that minute: a recorder stores all of them in one go. */
  readonly symbols: readonly string[];
  readonly cause: "the next open is elsewhere" | "the last bar is small";
  /** Symbols the rule could look at. */
  readonly judged: number;
  /** Median share of the usual: of the range for a jump, of the volume for a last bar. */
  readonly share: number;
}

/**
 * Finds minutes whose candles were probably stored before they closed: the recorder asks for candles now and then, and
 * the newest of an answer is not over yet. Its close is then not where the next candle opens, in all symbols at once.
 *
 * On the real faulty recorder set this names 9 minutes by jumps of 0.20 to 0.76 of the usual range, where no other
 * minute reaches 0.11, and its last one; on four clean sets no minute reaches 0.14. About 1 of 750 minutes that are no
 * last bar (13 of 9,792) are as small as the rule for last bars asks, so that half of the rule is the weaker one.
 */
export function findUnclosedMinutes(files: readonly CandleFile[]): UnclosedMinute[] {
  if (files.length < SYMBOLS_MIN) return [];
  const ticks = files.map(tickOf);
  const next = files.map(() => 0);
  const found: UnclosedMinute[] = [];
  const lastMinuteMs = Math.max(...files.map(({ openTimesMs }) => openTimesMs.at(-1)!));
  for (;;) {
    let minuteMs = Number.POSITIVE_INFINITY;
    for (const [index, { openTimesMs }] of files.entries())
      minuteMs = Math.min(minuteMs, openTimesMs[next[index]!] ?? Infinity);
    if (minuteMs === Number.POSITIVE_INFINITY) return found;
    const bars: Bar[] = [];
    let ends = 0;
    let jumped = 0;
    for (const [index, file] of files.entries()) {
      const at = next[index]!;
      if (file.openTimesMs[at] !== minuteMs) continue;
      next[index] = at + 1;
      bars.push({ file, at, tick: ticks[index]! });
      const isLast = file.openTimesMs[at + 1] !== minuteMs + MINUTE_MS;
      if (isLast) ends++;
      // Less than two ticks are less than 1/6 of ten.
      else if (moveOf(file, at) > 1.5 * ticks[index]!) jumped++;
    }
    const isEnd = ends * 2 > bars.length || minuteMs === lastMinuteMs;
    const minute = isEnd ? smallMinute(bars, minuteMs) : jumped * 2 < SYMBOLS_MIN ? null : jumpedMinute(bars, minuteMs);
    if (minute !== null) found.push(minute);
  }
}

/** One record for each such minute, at the time when it shows. */
export function unclosedRows(minutes: readonly UnclosedMinute[]): InputRow[] {
  return minutes.map(({ minuteMs, symbols, cause, judged, share }) => ({
    rxMs: cause === "the last bar is small" ? minuteMs + MINUTE_MS - 1 : minuteMs + MINUTE_MS,
    stream: "finding",
    payload: {
      ...{ finding: "bar.unclosed.suspected", startTsMs: minuteMs, endTsMs: minuteMs + MINUTE_MS, cause },
      ...{ judged, share: share.toFixed(3), symbols },
    },
  }));
}

export function unclosedNotes(minutes: readonly UnclosedMinute[]): string[] {
  if (minutes.length === 0) return [];
  const bars = minutes.reduce((sum, { symbols }) => sum + symbols.length, 0);
  return [`suspected unclosed bars: ${bars} in ${minutes.length} minutes, each minute a finding record`, UNCLOSED_RULE];
}

interface Bar {
  readonly file: CandleFile;
  readonly at: number;
  readonly tick: number;
}

function jumpedMinute(bars: readonly Bar[], minuteMs: number): UnclosedMinute | null {
  const shares: number[] = [];
  for (const { file, at, tick } of bars) {
    if (file.openTimesMs[at + 1] !== minuteMs + MINUTE_MS) continue;
    const usual = usualOf(file, at, NEIGHBOURS, rangeOf);
    // A sum of ticks is off by a rounding error.
    if (usual >= (RANGE_TICKS_MIN - 0.001) * tick) shares.push(moveOf(file, at) / usual);
  }
  if (shares.length < SYMBOLS_MIN) return null;
  const share = median(shares);
  if (share < MOVE_SHARE_MIN) return null;
  return { minuteMs, symbols: symbolsOf(bars), cause: "the next open is elsewhere", judged: shares.length, share };
}

function smallMinute(bars: readonly Bar[], minuteMs: number): UnclosedMinute | null {
  const volumes: number[] = [];
  const ranges: number[] = [];
  for (const { file, at } of bars) {
    const usualVolume = usualOf(file, at, NEIGHBOURS, volumeOf);
    const usualRange = usualOf(file, at, NEIGHBOURS, rangeOf);
    if (!(usualVolume > 0 && usualRange > 0)) continue;
    volumes.push(volumeOf(file, at) / usualVolume);
    ranges.push(rangeOf(file, at) / usualRange);
  }
  if (volumes.length < SYMBOLS_MIN) return null;
  const share = median(volumes);
  if (share > VOLUME_SHARE_MAX || median(ranges) > RANGE_SHARE_MAX) return null;
  return { minuteMs, symbols: symbolsOf(bars), cause: "the last bar is small", judged: volumes.length, share };
}

function symbolsOf(bars: readonly Bar[]): string[] {
  return bars.map(({ file }) => file.symbol);
}

/** Median of the candles around one, as far as they join it without a hole; NaN when there are fewer than five. */
function usualOf(file: CandleFile, at: number, reach: number, of: (file: CandleFile, at: number) => number): number {
  const values: number[] = [];
  const timeMs = file.openTimesMs[at]!;
  for (let offset = -reach; offset <= reach; offset++) {
    if (offset !== 0 && file.openTimesMs[at + offset] === timeMs + offset * MINUTE_MS)
      values.push(of(file, at + offset));
  }
  return values.length < NEIGHBOURS ? Number.NaN : median(values);
}

function rangeOf({ numbers }: CandleFile, at: number): number {
  return numbers[at * CANDLE_NUMBERS + HIGH!]! - numbers[at * CANDLE_NUMBERS + LOW!]!;
}

function volumeOf({ numbers }: CandleFile, at: number): number {
  return numbers[at * CANDLE_NUMBERS + VOLUME!]!;
}

function moveOf({ numbers }: CandleFile, at: number): number {
  return Math.abs(numbers[(at + 1) * CANDLE_NUMBERS + OPEN!]! - numbers[at * CANDLE_NUMBERS + CLOSE!]!);
}

/** The smallest step its prices can show. */
function tickOf(file: CandleFile): number {
  let decimals = 0;
  for (let at = 0; at < Math.min(file.openTimesMs.length, DECIMALS_FROM_CANDLES); at++) {
    const { open, close } = file.candle(at);
    decimals = Math.max(decimals, decimalsOfText(open), decimalsOfText(close));
  }
  return 1 / 10 ** decimals;
}

/** The upper one of the two in the middle. */
function median(values: number[]): number {
  values.sort((left, right) => left - right);
  return values[values.length >> 1]!;
}
