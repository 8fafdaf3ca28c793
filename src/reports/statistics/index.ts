export { type Attribution, attribute, isReconciled, type RuleEffect } from "./attribution.ts";
export { autocovariances, bartlettLags, crossCovariances, type HacMean, hacMean } from "./autocovariance.ts";
export {
  backtestOverfitting,
  combinations,
  type Overfitting,
  type OverfittingOptions,
} from "./backtest-overfitting.ts";
export { binomialCdf, binomialCoefficient, clopperPearson, mcnemar, ruleOfThree, wilson } from "./binomial.ts";
export { automaticBlockLength, type BlockLengths, blockFor } from "./block-length.ts";
export {
  type CandidateCoverage,
  candidateCoverage,
  firstCoverDelays,
  ndcg,
  type RankedTick,
} from "./candidate-coverage.ts";
export {
  type ClassifierMeasures,
  type Confusion,
  type CurvePoint,
  type Curves,
  classify,
  confusionAt,
  curvesOf,
  type Rate,
} from "./classification.ts";
export { type DrawdownEpisode, type Drawdowns, drawdownsOf } from "./drawdown.ts";
export {
  burstTotals,
  type EpisodeDifference,
  type EpisodeInterval,
  episodeInterval,
  episodesNeeded,
  guardedInterval,
  minimumDetectable,
  type PowerOptions,
  removeSkewness,
} from "./episode-interval.ts";
export { type DelayedExit, delayedExit, type Excursion, excursionOf, type Mark } from "./excursion.ts";
export {
  compareAtBlockRate,
  type GatedEpisode,
  type GateValue,
  gateValue,
  type MatchedComparison,
  type RiskCoveragePoint,
  riskCoverage,
  shiftTest,
  valueAtBlockRate,
} from "./gate-value.ts";
export type { Measured } from "./measured.ts";
export {
  centralMoment,
  correlationOf,
  hasZeroVariance,
  meanOf,
  populationStd,
  type Shape,
  sampleStd,
  shapeOf,
} from "./moments.ts";
export { type Adjusted, benjaminiHochberg, benjaminiYekutieli, bonferroni, holm } from "./multiple-tests.ts";
export { EULER_GAMMA, erfc, normalCdf, normalPdf, normalQuantile, twoSidedNormalP } from "./normal.ts";
export { ascending, countOutliers, medianOf, quantile } from "./quantile.ts";
export {
  type BrierTerms,
  brierTerms,
  type Forecasts,
  isotonicReliability,
  logLoss,
  type ReliabilityBin,
  type ReliabilityPoint,
  scoreGap,
} from "./reliability.ts";
export {
  BUCKETS_A_YEAR,
  cagrOf,
  calmarOf,
  downsideOf,
  equityOf,
  omegaOf,
  type ReturnOptions,
  sharpeOf,
  sortinoOf,
  tailOf,
  totalReturnOf,
  volatilityOf,
} from "./returns.ts";
export {
  fragileDecisions,
  type OrderBounds,
  quantileBounds,
  runsForHalfWidth,
  type SeedSpread,
  seedSpread,
  wilksRuns,
} from "./seeds.ts";
export { extremeIndices, type Point, triangleIndices } from "./series-thinning.ts";
export {
  type SharpeDifference,
  type StudentisedInterval,
  sharpeDifference,
  studentisedSharpeDifference,
} from "./sharpe-difference.ts";
export {
  deflatedSharpe,
  deflationThreshold,
  effectiveTrials,
  expectedMaximum,
  minimumBacktest,
  minimumTrackRecord,
  probabilisticSharpe,
  type SharpeFacts,
  sharpeSe,
} from "./sharpe-significance.ts";
export {
  combinatorialCounts,
  combinatorialSplits,
  type Fold,
  type Labelled,
  type Span,
  trainable,
  walkForward,
  walkForwardEfficiency,
  warmUpEvaluations,
} from "./splits.ts";
export {
  type BootstrapInterval,
  type BootstrapOptions,
  BUCKETS_MIN,
  bootstrapMean,
  bootstrapStatistic,
  EFFECTIVE_BLOCKS_MIN,
  type Random,
  REPLICATIONS,
  stationaryIndices,
  stationaryVariance,
} from "./stationary-bootstrap.ts";
export { incompleteBeta, incompleteBetaInverse, logGamma, studentCdf, studentQuantile } from "./student-t.ts";
export { exactSum, fastSum } from "./sum.ts";
export {
  type BurstContender,
  type Contender,
  nullMaxima,
  PROMOTION_ALPHA,
  type Recentring,
  type Resampled,
  resampleBursts,
  resampleContenders,
  type Superiority,
  type SuperiorityOptions,
  stepM,
  superiorityTest,
} from "./superiority.ts";
export { type Delay, kaplanMeier, type Survival, type SurvivalStep, survivalQuantile } from "./survival.ts";
export { concentrationOf, type TradeMeasures, tradeMeasuresOf } from "./trade-measures.ts";
export {
  decodeLedger,
  distinctVariants,
  encodeTrial,
  type Trial,
  type TrialLedger,
  trialsOn,
  trialVariance,
} from "./trial-ledger.ts";
export {
  type Agreement,
  agreementOf,
  type Badge,
  type ComparisonFacts,
  type Evidence,
  evidenceOf,
  type Verdict,
  verdictOf,
} from "./verdict.ts";
