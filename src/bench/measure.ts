/** One measured figure beside the baseline of the same run. */
export interface Figure {
  readonly name: string;
  readonly value: string;
  readonly baseline: string;
  /** Figure over baseline: of rates a plain number, more is better; of times and sizes with an x, less is better. */
  readonly ratio: string;
}

/** How long a task took, and how long the processor worked for it, garbage collection on other threads included. */
export interface Timing {
  readonly ms: number;
  readonly cpuMs: number;
}

/** Runs each task in turn, `rounds` times over, so that a busy moment of the machine hits all of them; medians in ms. */
export function interleaved(tasks: readonly (() => void)[], rounds: number): Timing[] {
  const times = tasks.map((): Timing[] => []);
  for (let round = 0; round < rounds; round++) {
    tasks.forEach((task, index) => {
      const start = performance.now();
      const used = process.cpuUsage();
      task();
      const { user, system } = process.cpuUsage(used);
      times[index]!.push({ ms: performance.now() - start, cpuMs: (user + system) / 1000 });
    });
  }
  return times.map((each) => ({ ms: median(each.map(({ ms }) => ms)), cpuMs: median(each.map(({ cpuMs }) => cpuMs)) }));
}

/** The times of `interleaved` without the processor's. */
export function interleavedMs(tasks: readonly (() => void)[], rounds: number): number[] {
  return interleaved(tasks, rounds).map(({ ms }) => ms);
}

/** `5.10 M/s (5.40 M/s CPU)`: what a person waits for, and what it would be on a core of its own. */
export function timedRateText(count: number, { ms, cpuMs }: Timing): string {
  return `${rateText(count, ms)} (${rateText(count, cpuMs)} CPU)`;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[sorted.length >> 1]!;
}

/** `2.31 M/s` from a count and milliseconds. */
export function rateText(count: number, ms: number): string {
  const perSecond = (count / ms) * 1000;
  if (perSecond >= 1e6) return `${(perSecond / 1e6).toFixed(2)} M/s`;
  if (perSecond >= 1e3) return `${(perSecond / 1e3).toFixed(1)} k/s`;
  return `${perSecond.toFixed(1)} /s`;
}

export function figuresText(figures: readonly Figure[]): string {
  const rows = [
    { name: "figure", value: "measured", baseline: "baseline", ratio: "ratio" },
    ...figures.map(({ name, value, baseline, ratio }) => ({ name, value, baseline, ratio })),
  ];
  const widths = (["name", "value", "baseline", "ratio"] as const).map((key) =>
    Math.max(...rows.map((row) => row[key].length)),
  );
  return rows
    .map(({ name, value, baseline, ratio }) =>
      [
        name.padEnd(widths[0]!),
        value.padStart(widths[1]!),
        baseline.padStart(widths[2]!),
        ratio.padStart(widths[3]!),
      ].join("  "),
    )
    .join("\n");
}
