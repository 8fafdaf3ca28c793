import { cached } from "./replay.ts";
import { universeRecording } from "./universe.ts";
import { runVariants } from "./variants.ts";

// Alone in its process, so that its time and its peak are those of these variants.
const [variants, seconds, warmUpMinutes] = process.argv.slice(2, 5).map(Number) as [number, number, number];
const recording = cached(process.argv[5]!, universeRecording(seconds));
const start = performance.now();
const used = process.cpuUsage();
const run = runVariants(recording, variants, warmUpMinutes);
const { user, system } = process.cpuUsage(used);
process.stdout.write(
  JSON.stringify({
    ...run,
    ms: performance.now() - start,
    cpuMs: (user + system) / 1000,
    peakKb: process.resourceUsage().maxRSS,
  }),
);
