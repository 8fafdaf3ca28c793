import type { EvalType } from "../../../engine/domain/intent.ts";
import type { JournalEntry, JournalHeader } from "../../../engine/domain/journal.ts";
import { moneyToNumber } from "../../../engine/domain/money.ts";
import type { Plan } from "../../../engine/domain/plan.ts";
import type { Delay } from "../../statistics/survival.ts";
import { BreakdownLog, type Breakdowns } from "./breakdowns.ts";
import { type CoverageGrid, CoverageLog } from "./coverage-grid.ts";
import { DecisionMarks, type MarkKind, type MarkList } from "./decision-marks.ts";
import { ExitWaitLog } from "./exit-waits.ts";
import { SymbolLog, type SymbolTimeline } from "./symbol-timeline.ts";
import { ThinnedSeries } from "./thinned-series.ts";

export interface SeriesPoint {
  readonly tsMs: number;
  readonly value: number;
}

/** What the charts of one variant are drawn from: bounded, whatever the length of the run. */
export interface RunSeries {
  readonly variant: string;
  readonly startTsMs: number;
  readonly endTsMs: number;
  /** Wallet plus unrealised result at the marks, in quote. */
  readonly equity: readonly SeriesPoint[];
  /** Equity less its highest value so far, in quote; never above 0. */
  readonly drawdown: readonly SeriesPoint[];
  readonly heat: readonly SeriesPoint[];
  readonly judgements: Readonly<Record<EvalType, MarkList>>;
  readonly coverage: CoverageGrid;
  /** Busiest first. */
  readonly symbols: readonly SymbolTimeline[];
  readonly omittedSymbols: number;
  readonly breakdowns: Breakdowns;
  /** Of every blocked exit, in the order they ended. */
  readonly exitWaits: readonly Delay[];
}

export interface RunSeriesBuilder {
  observe(entry: JournalEntry): void;
  finish(): RunSeries;
}

const SYMBOLS_MAX = 24;

/** Collects while a journal goes by, beside the summary. */
export function createRunSeries(header: JournalHeader): RunSeriesBuilder {
  const equity = new ThinnedSeries();
  const drawdown = new ThinnedSeries();
  const heat = new ThinnedSeries(600);
  const marks: Record<EvalType, DecisionMarks> = {
    ENTRY: new DecisionMarks(),
    EXIT: new DecisionMarks(),
    UNKNOWN: new DecisionMarks(),
  };
  const coverage = new CoverageLog();
  const symbols = new SymbolLog(header);
  const breakdowns = new BreakdownLog(header.warmupUntilTsMs);
  const exitWaits = new ExitWaitLog(header.warmupUntilTsMs);
  let peak = Number.NEGATIVE_INFINITY;
  let lastTsMs = header.startTsMs;

  function sample(tsMs: number, value: number): void {
    equity.add(tsMs, value);
    peak = Math.max(peak, value);
    drawdown.add(tsMs, value - peak);
  }

  return {
    observe(entry) {
      const { tsMs, event } = entry.envelope;
      lastTsMs = tsMs;
      if (event.type === "run.started") sample(tsMs, moneyToNumber(event.walletQuote));
      symbols.observe(entry);
      breakdowns.observe(entry);
      exitWaits.observe(entry);
      for (const decision of entry.decisions) {
        switch (decision.type) {
          case "account.sampled":
            sample(tsMs, moneyToNumber(decision.equityQuote));
            heat.add(tsMs, decision.portfolioHeat);
            break;
          case "plan.published":
            marks[panelOf(decision.plan)].judge(decision.plan, tsMs);
            break;
          case "result.recorded":
            for (const list of Object.values(marks)) list.settle(decision.planId, kindOf(decision.status));
            break;
          case "candidates.ranked":
            coverage.observe(decision, tsMs);
            break;
          default:
        }
      }
    },
    finish() {
      const timelines = symbols.finish(SYMBOLS_MAX);
      return {
        variant: header.variant,
        startTsMs: header.startTsMs,
        endTsMs: lastTsMs,
        equity: equity.points(),
        drawdown: drawdown.points(),
        heat: heat.points(),
        judgements: {
          ENTRY: marks.ENTRY.finish(),
          EXIT: marks.EXIT.finish(),
          UNKNOWN: marks.UNKNOWN.finish(),
        },
        coverage: coverage.finish(lastTsMs),
        breakdowns: breakdowns.finish(),
        exitWaits: exitWaits.finish(lastTsMs),
        ...timelines,
      };
    },
  };
}

/** Entries and exits are never in one panel, and what does not say which has one of its own. */
function panelOf({ evalType }: Plan): EvalType {
  return evalType;
}

function kindOf(status: string): MarkKind {
  switch (status) {
    case "FILLED":
    case "PARTIAL":
      return "executed";
    case "BLOCKED_INFRA":
    case "EXPIRED":
      return "infra";
    case "BLOCKED_POLICY":
      return "blocked";
    case "SKIPPED":
      return "skipped";
    case "REJECTED_VENUE":
      return "refused";
    case "IN_FLIGHT":
      return "pending";
    default:
      return "error";
  }
}
