import { durationText, numberText, percentText } from "../../format.ts";
import { sorted } from "../facts/count.ts";
import { notedOf } from "../facts/facts.ts";
import { defineFinding, type Rule } from "../finding.ts";

const MISSED_PERMIT = /^(p33_permit_missing_or_denied|permit_timeout_or_missing|permit_expired)/;
const SNAPSHOT = /^(no_exchange_snapshot|stale_exchange_state)/;
const COVERAGE_MIN = 0.9;
const CYCLES_MIN = 3;
/** Refusing is dearer than letting pass: it is told sooner. */
const REFUSED_MIN = 10;
const PASSED_MIN = 100;

/** Permits, snapshots and who gets looked at. */
export const PERMIT_RULES: readonly Rule[] = [
  defineFinding({
    code: "permit_never_came",
    severity: "error",
    title: "Plans waited for a permit that never came",
    question: "Does every executed plan get its permits in time?",
    needs: "any",
    incidents: ["I1"],
    covers: ["permit_missed_by_serial_snapshots"],
    advice: "say in the result which permit was missing; wait longer than the slowest writer, or ask it",
    detect(facts, ask) {
      const missed = facts.execution.refusals.list().filter(({ name }) => MISSED_PERMIT.test(name));
      const count = missed.reduce((sum, { n }) => sum + n, 0);
      if (count === 0) return [];
      const isSerial = notedOf(facts.noted, "permit_missed_by_serial_snapshots").length > 0;
      const cost = facts.positions.coverage.costMaxMs;
      const why = isSerial ? `; snapshots are taken one by one, a cycle costs up to ${durationText(cost)}` : "";
      return [
        {
          text: `${count} plans got no permit in time (${missed[0]!.name})${why}`,
          evidence: { plans: count, reason: missed[0]!.name, cycleCostMaxMs: cost },
          command: ask.explain(missed[0]!.example),
          weight: count,
        },
      ];
    },
  }),
  defineFinding({
    code: "snapshots_stale",
    severity: "error",
    title: "Permits are denied for want of a fresh snapshot",
    question: "Is there a fresh snapshot when a permit is decided?",
    needs: "any",
    incidents: ["I2", "I3"],
    advice: "fetch all positions in one call: the endpoint returns every symbol anyway",
    detect({ positions, execution, intents }, ask) {
      const denied = positions.denied.list().filter(({ name }) => SNAPSHOT.test(name));
      const told = denied.length > 0 ? denied : execution.refusals.list().filter(({ name }) => SNAPSHOT.test(name));
      const count = told.reduce((sum, { n }) => sum + n, 0);
      if (count === 0) return [];
      const age = positions.deniedAge.maxMs === 0 ? "" : `, at worst ${durationText(positions.deniedAge.maxMs)} old`;
      return [
        {
          text: `${count} permits were denied for want of a fresh snapshot (${told.map(({ name, n }) => `${name} ${n}`).join(", ")})${age}`,
          evidence: {
            denied: count,
            ageMaxMs: positions.deniedAge.maxMs,
            cycleCostMaxMs: positions.coverage.costMaxMs,
            intents: intents.total,
          },
          command: ask.explain(told[0]!.example),
          weight: count,
        },
      ];
    },
  }),
  defineFinding({
    code: "coverage_low",
    severity: "warn",
    title: "Symbols in need have no fresh snapshot",
    question: "Which share of the symbols with intents or positions has a fresh snapshot?",
    needs: "journal",
    incidents: ["I3"],
    advice: "rank by what is needed (open positions, recent intents), not by the alphabet",
    detect({ positions: { coverage } }, ask) {
      const never = coverage.neverRanked.total;
      const needed = coverage.neededFresh + coverage.neededStale + never;
      if (needed === 0 || coverage.neededFresh / needed >= COVERAGE_MIN) return [];
      return [
        {
          text: `${percentText(coverage.neededFresh / needed)} of the needed snapshots were fresh (ranker ${coverage.ranker}): ${coverage.neededStale} stale, ${never} never ranked`,
          evidence: {
            fresh: coverage.neededFresh,
            stale: coverage.neededStale,
            neverRanked: never,
            share: coverage.neededFresh / needed,
          },
          command: ask.overview(),
          weight: needed - coverage.neededFresh,
        },
      ];
    },
  }),
  defineFinding({
    code: "needed_never_ranked",
    severity: "error",
    title: "Symbols in need are never looked at",
    question: "Does the ranking choose the symbols that intents are about?",
    needs: "journal",
    incidents: ["I4"],
    covers: ["needed_never_ranked"],
    advice: "give intents and open positions tiers of their own before any backfill",
    detect({ positions: { coverage } }, ask) {
      if (coverage.neverRanked.total === 0) return [];
      return [
        {
          text: `${coverage.neverRanked.size} symbols with intents or positions were passed over by ranker ${coverage.ranker} (${coverage.neverRanked.names()})`,
          evidence: { symbols: coverage.neverRanked.size, times: coverage.neverRanked.total, ranker: coverage.ranker },
          command: ask.overview(),
          weight: coverage.neverRanked.total,
        },
      ];
    },
  }),
  defineFinding({
    code: "dead_tier",
    severity: "error",
    title: "A tier of the ranking contributes nothing",
    question: "Does each tier contribute a candidate at some time?",
    needs: "journal",
    incidents: ["I4"],
    covers: ["dead_tier"],
    advice: "check which field the tier reads; a tier that is empty although there are intents reads the wrong one",
    detect({ positions: { coverage }, intents }, ask) {
      const silent = sorted(coverage.tiers).filter(([, count]) => count === 0);
      return silent.flatMap(([tier]) => {
        const ofIntents = /intent/.test(tier) && intents.total > 0 && coverage.cycles >= CYCLES_MIN;
        const ofPositions = /position/.test(tier) && coverage.whileHeld >= CYCLES_MIN;
        if (!ofIntents && !ofPositions) return [];
        const had = ofIntents
          ? `there were ${intents.total} intents`
          : `${coverage.whileHeld} of them had a position open`;
        return [
          {
            text: `tier ${tier} contributed 0 candidates in ${coverage.cycles} cycles, although ${had}`,
            evidence: {
              tier,
              contributed: 0,
              cycles: coverage.cycles,
              ...(ofIntents ? { intents: intents.total } : { whileHeld: coverage.whileHeld }),
            },
            command: ask.overview(),
            weight: coverage.cycles,
          },
        ];
      });
    },
  }),
  defineFinding({
    code: "dead_gate",
    severity: "warn",
    title: "A gate that never did anything",
    question: "Did each gate change something at least once?",
    needs: "journal",
    incidents: ["I13", "I22"],
    covers: ["dead_gate"],
    advice: "compare the words the gate waits for with those its input says",
    detect(facts, ask) {
      return notedOf(facts.noted, "dead_gate").map(({ text, evidence }) => ({
        text,
        evidence,
        command: ask.overview(),
        weight: Number(evidence["inputs"] ?? 1),
      }));
    },
  }),
  defineFinding({
    code: "gate_says_one_thing",
    severity: "warn",
    title: "A gate gives one and the same verdict to all",
    question: "Does each gate tell some evaluations from others?",
    needs: "journal",
    incidents: ["I13", "I14"],
    advice: "a gate that never varies decides nothing: look at its cutoff against the values it saw",
    detect({ plans }, ask) {
      return sorted(plans.gates)
        .filter(([, { gate, judged, refused }]) =>
          refused === judged ? judged >= REFUSED_MIN : refused === 0 && judged >= PASSED_MIN && gate !== "none",
        )
        .map(([, { gate, evalType, judged, refused, symbols, planId }]) => ({
          text: `gate ${gate} ${refused === 0 ? "let pass" : "refused"} all ${judged} ${evalType} evaluations (${symbols.names(3)})`,
          evidence: { gate, evalType, judged, refused, symbols: symbols.size },
          command: ask.explain(planId),
          weight: judged,
          severity: refused === 0 ? ("info" as const) : ("warn" as const),
        }));
    },
  }),
  defineFinding({
    code: "cooldown_refuses_most",
    severity: "info",
    title: "The cooldown refuses most permits",
    question: "Is the cooldown longer than the producer's beat?",
    needs: "any",
    incidents: ["I17"],
    advice: "let the producer know the cooldown, or the bridge drop repeats by name",
    detect({ positions: { denied, granted } }, ask) {
      const cooled = denied.of("cooldown_in_flight");
      const all = denied.total + granted.count;
      if (cooled < 5 || cooled / all < 0.5) return [];
      return [
        {
          text: `the cooldown refused ${cooled} of ${all} permits (${percentText(cooled / all)})`,
          evidence: { refused: cooled, of: all, share: Number(numberText(cooled / all)) },
          command: ask.overview(),
          weight: cooled,
        },
      ];
    },
  }),
];
