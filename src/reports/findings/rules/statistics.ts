import { numberText } from "../../format.ts";
import { expectedMaximum } from "../../statistics/sharpe-significance.ts";
import { defineFinding, type Rule } from "../finding.ts";

/** Below it no interval of episodes can be trusted (reports.md 2.0, evidence level E1). */
const EPISODES_MIN = 30;
/** Episodes a free parameter needs. */
const EPISODES_PER_PARAMETER = 10;

/** Conclusions that the evidence does not carry. */
export const STATISTICS_RULES: readonly Rule[] = [
  defineFinding({
    code: "too_few_episodes",
    severity: "info",
    title: "Too few episodes for a conclusion",
    question: "Are there enough independent entry episodes?",
    needs: "any",
    advice: "read the counts as facts about this recording; record longer before comparing rules",
    detect({ plans }, ask) {
      if (plans.total === 0 || plans.entryEpisodes >= EPISODES_MIN) return [];
      return [
        {
          text: `${plans.entryEpisodes} entry episodes are too few for a conclusion about a rule: ${EPISODES_MIN} are needed`,
          evidence: { episodes: plans.entryEpisodes, needed: EPISODES_MIN, evaluations: plans.total },
          command: ask.overview(),
        },
      ];
    },
  }),
  defineFinding({
    code: "too_many_parameters",
    severity: "warn",
    title: "More free parameters than the episodes can carry",
    question: "Are there enough episodes for each parameter that was chosen?",
    needs: "any",
    advice: "fix parameters by reasoning, or bring more recordings",
    detect({ plans, study }, ask) {
      if (study === null || study.parameters === 0) return [];
      const needed = study.parameters * EPISODES_PER_PARAMETER;
      if (plans.entryEpisodes >= needed) return [];
      return [
        {
          text: `${study.parameters} parameters were free, with ${plans.entryEpisodes} entry episodes: ${needed} are needed`,
          evidence: { parameters: study.parameters, episodes: plans.entryEpisodes, needed },
          command: ask.overview(),
          weight: study.parameters,
        },
      ];
    },
  }),
  defineFinding({
    code: "luck_of_the_best",
    severity: "warn",
    title: "The best of many is as good as chance makes it",
    question: "Is the chosen variant better than the best of as many without any merit?",
    needs: "any",
    advice: "test the choice on a recording it has not seen",
    detect({ study }, ask) {
      if (study?.bestSharpe === undefined || study.periods === undefined || study.trials < 2) return [];
      // Without merit a Sharpe ratio a period scatters by about one over the root of the periods.
      const byChance = expectedMaximum(study.trials) / Math.sqrt(study.periods);
      if (study.bestSharpe > byChance) return [];
      return [
        {
          text: `the best of ${study.trials} variants has a Sharpe ratio of ${numberText(study.bestSharpe, 3)} a period; chance alone gives the best of as many ${numberText(byChance, 3)}`,
          evidence: { trials: study.trials, sharpe: study.bestSharpe, byChance, periods: study.periods },
          command: ask.overview(),
          weight: study.trials,
        },
      ];
    },
  }),
];
