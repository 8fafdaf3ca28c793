import type { PairedWorld, Tail } from "./paired-world.ts";

export interface StudyWorld {
  readonly name: string;
  readonly world: PairedWorld;
  /** Whether docs/statistics.md promises anything here; the others show where the promise ends. */
  readonly isClaimed: boolean;
}

function worldOf(parts: Partial<PairedWorld>): PairedWorld {
  return {
    buckets: 1000,
    expectedBursts: 40,
    episodesPerBurst: 1,
    sharedVariance: 0,
    episodeBuckets: 10,
    autocorrelation: 0.5,
    pathNoise: 1,
    tail: "normal",
    effect: 0.3,
    ...parts,
  };
}

function pairOf(expectedBursts: number, tail: Tail, isClaimed: boolean): StudyWorld[] {
  return [
    {
      name: `${expectedBursts} single episodes, ${tail}`,
      world: worldOf({ expectedBursts, tail }),
      isClaimed,
    },
    {
      name: `${expectedBursts} bursts of 3, ${tail}`,
      world: worldOf({ expectedBursts, tail, episodesPerBurst: 3, sharedVariance: 0.5 }),
      isClaimed,
    },
  ];
}

/** Clustered, autocorrelated, normal or heavy-tailed differences from 20 expected bursts: where the promise holds. */
export const EPISODE_WORLDS: readonly StudyWorld[] = [
  ...[20, 40, 80, 160].flatMap((bursts) => [...pairOf(bursts, "normal", true), ...pairOf(bursts, "heavy", true)]),
  ...pairOf(10, "normal", false),
  ...[40, 160].flatMap((bursts) => [...pairOf(bursts, "skewed up", false), ...pairOf(bursts, "skewed down", false)]),
];

/** The zero-inflated worlds of the second opinions, without an effect. */
export const ZERO_INFLATED: readonly StudyWorld[] = [5, 10, 20, 40, 80].map((expectedBursts) => ({
  name: `zero-inflated, ${expectedBursts} episodes`,
  world: worldOf({ expectedBursts, pathNoise: 0, effect: 0 }),
  isClaimed: false,
}));
