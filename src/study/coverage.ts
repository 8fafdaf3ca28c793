import { createRandomStreams } from "../sim/time/random-streams.ts";
import {
  autoregressionCoverage,
  bucketSweepPromotions,
  CLAIMED_METHOD,
  clusteredEpisodes,
  coverageOf,
  guardedEpisodes,
  hacInterval,
  type IntervalMethod,
  independentBootstrap,
  nullPromotions,
  type StudyRow,
  skewCorrected,
  stationaryBasic,
  stationaryPercentile,
} from "./coverage-study.ts";
import { judge, renderStudy } from "./coverage-table.ts";
import { EPISODE_WORLDS, ZERO_INFLATED } from "./study-worlds.ts";

const SEED = "coverage-study-1";

/** `npm run study:coverage [replications]`: prints the table, exit 1 when a claim of docs/statistics.md does not hold. */
function main([argument = "2000"]: readonly string[]): number {
  const replications = Number(argument);
  if (!Number.isInteger(replications) || replications < 20) {
    process.stderr.write(`Cannot run the study with "${argument}" replications: a whole number from 20 is needed\n`);
    return 2;
  }
  const streams = createRandomStreams(SEED);
  const slow = Math.max(20, Math.round(replications / 10));
  const second: Readonly<Record<string, IntervalMethod>> = {
    "stationary percentile": stationaryPercentile,
    "stationary basic": stationaryBasic,
    HAC: hacInterval,
    "IID bootstrap (forbidden)": independentBootstrap,
  };
  const primary: Readonly<Record<string, IntervalMethod>> = {
    [CLAIMED_METHOD]: clusteredEpisodes,
    "skew corrected": skewCorrected,
    "guarded (both)": guardedEpisodes,
  };
  const rows: StudyRow[] = [];
  for (const world of EPISODE_WORLDS) {
    const dice = streams.stream(`coverage ${world.name}`);
    rows.push(
      ...coverageOf({ world, methods: primary, replications, dice }),
      ...nullPromotions({
        world,
        replications,
        sweepReplications: Math.ceil(replications / 4),
        dice: streams.stream(`null ${world.name}`),
      }),
    );
  }
  for (const world of ZERO_INFLATED) {
    const dice = streams.stream(`second ${world.name}`);
    rows.push(...coverageOf({ world, methods: second, replications: slow, dice }));
  }
  const bucketSweep = { replications: Math.ceil(slow / 2), dice: streams.stream("bucket sweep") };
  rows.push(bucketSweepPromotions({ world: EPISODE_WORLDS[4]!, ...bucketSweep }));
  for (const [n, rho] of [
    [60, 0],
    [60, 0.3],
    [240, 0.3],
    [240, 0.8],
  ] as const) {
    const dice = streams.stream(`autoregression ${n} ${rho}`);
    rows.push(...autoregressionCoverage({ n, rho, methods: second, replications: slow, dice }));
  }
  process.stdout.write(`${renderStudy(rows, SEED)}\n`);
  const broken = rows.filter((row) => judge(row) === "BROKEN");
  for (const { study, world, method } of broken) {
    process.stderr.write(`Cannot keep the claim on ${study}, ${world}, ${method}: see its line\n`);
  }
  return broken.length === 0 ? 0 : 1;
}

process.exitCode = main(process.argv.slice(2));
