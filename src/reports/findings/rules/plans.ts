import { durationText, numberText, percentText } from "../../format.ts";
import { sorted } from "../facts/count.ts";
import { defineFinding, type Rule } from "../finding.ts";

/** A proposal lives this long without a lap (pipeline.md 1.6). */
const LOOP_TTL_MS = 300_000;
const STANDING_PLANS = 3;
const STANDING_MS = 60_000;

/** Evaluations that rest on nothing, on an echo, or on a word nobody knows. */
export const PLAN_RULES: readonly Rule[] = [
  defineFinding({
    code: "synthetic_position",
    severity: "error",
    title: "Exits are computed from a position that does not exist",
    question: "Does the exchange hold the position whose exit is judged?",
    needs: "journal",
    incidents: ["I34"],
    covers: ["synthetic_position", "invariant.fresh-inputs"],
    advice: "without a position there is nothing to exit: publish no proposal, and taint whatever used a built-in one",
    detect({ plans }, ask) {
      return sorted(plans.harvest)
        .filter(([, facts]) => facts.synthetic > 0)
        .map(([symbol, facts]) => ({
          symbol,
          text: `the "exits" of ${symbol} come from a synthetic position: ${facts.synthetic} of ${facts.plans} evaluations, while the exchange holds none`,
          evidence: { synthetic: facts.synthetic, evaluations: facts.plans, planId: facts.first.planId },
          command: ask.explain(facts.first.planId),
          weight: facts.synthetic,
        }));
    },
  }),
  defineFinding({
    code: "position_age_stands_still",
    severity: "error",
    title: "A position that does not grow older",
    question: "Does the age in the kill score advance with time?",
    needs: "any",
    incidents: ["I34"],
    advice: "a constant age is a default, not a measurement: find who filled it in",
    detect({ plans }, ask) {
      return sorted(plans.harvest)
        .filter(([, { age }]) => age.plans >= STANDING_PLANS && age.penalty > 0 && age.penalty < 1)
        .filter(([, { age }]) => age.toTsMs - age.fromTsMs >= STANDING_MS)
        .map(([symbol, { age, first }]) => ({
          symbol,
          text: `the position of ${symbol} does not grow older: its age penalty is ${numberText(age.penalty)} in ${age.plans} evaluations over ${durationText(age.toTsMs - age.fromTsMs)}, as a built-in age of ${Math.round(age.penalty * 86_400)} s gives`,
          evidence: { agePenalty: age.penalty, evaluations: age.plans, spanMs: age.toTsMs - age.fromTsMs },
          command: ask.explain(first.planId),
          weight: age.plans,
        }));
    },
  }),
  defineFinding({
    code: "causal_cycle",
    severity: "error",
    title: "An action feeds itself",
    question: "Does a plan's action come from an earlier plan of the same symbol?",
    needs: "any",
    incidents: ["I13"],
    covers: ["causal_cycle"],
    advice: "let the heat gate read harvest_action and never its own output; refuse UNKNOWN at every writer",
    detect({ plans, noted: notes }, ask) {
      return sorted(plans.harvest).flatMap(([symbol, of]) => {
        const noted = notes.get(`causal_cycle ${symbol}`);
        const isEcho = of.unknown >= 2 && of.unknownLongestGapMs <= LOOP_TTL_MS;
        if (noted === undefined && !isEcho) return [];
        return [
          {
            symbol,
            text: `UNKNOWN of ${symbol} is a vocabulary loop: apply.plan -> heat gate -> harvest.proposal -> hash -> apply.plan, ${of.unknown} laps; a lap every ${durationText(LOOP_TTL_MS)} keeps it alive`,
            evidence: { laps: of.unknown, longestLapMs: of.unknownLongestGapMs, ttlMs: LOOP_TTL_MS, action: "UNKNOWN" },
            command: ask.explain((of.lastUnknown ?? of.first).planId),
            weight: Math.max(of.unknown, noted?.count ?? 0),
          },
        ];
      });
    },
  }),
  defineFinding({
    code: "blocked_by_its_word",
    severity: "error",
    title: "The name of the action decided, not the score",
    question: "Would the same score pass under the name of a known close?",
    needs: "any",
    incidents: ["I13"],
    advice: "map the word at the writer; a gate must refuse a word it does not know as an error, not as a risk",
    detect({ plans }, ask) {
      return sorted(plans.harvest).flatMap(([symbol, { lastUnknown, unknownBlocked }]) => {
        if (lastUnknown === null || unknownBlocked === 0) return [];
        const { score, closeCutoff, reason, planId, cutoff } = lastUnknown;
        const isWarning = reason === "kill_score_warning_risk_increase";
        if (!isWarning || score === null || (closeCutoff !== null && score >= closeCutoff)) return [];
        const upTo = closeCutoff === null ? "at any score" : `below ${numberText(closeCutoff)}`;
        return [
          {
            symbol,
            text: `the same action of ${symbol} named FULL_CLOSE_PROPOSED would have run: known closes pass ${upTo}, its score is ${score.toFixed(4)}`,
            evidence: {
              score,
              cutoff: cutoff ?? "none",
              closeCutoff: closeCutoff ?? "none",
              blocked: unknownBlocked,
              action: "UNKNOWN",
            },
            command: ask.explain(planId),
            weight: unknownBlocked,
          },
        ];
      });
    },
  }),
  defineFinding({
    code: "unmapped_word",
    severity: "warn",
    title: "A word nobody maps",
    question: "Is every action, decision and flag a word its readers know?",
    needs: "any",
    incidents: ["I6", "I8", "I13"],
    advice: "one closed list of words, an import table for the others, and an error for what is in neither",
    detect({ plans, execution }, ask) {
      const actions = plans.foreignActions.list().map(({ name, n, example }) => ({
        text: `${n} plans carry the action ${name}, which no executor knows`,
        evidence: { word: name, field: "action", entries: n, example },
        command: ask.explain(example),
        weight: n,
      }));
      const words = execution.words
        .list()
        .filter(({ name }) => name.startsWith("counted as") || name.startsWith("unreadable"))
        .map(({ name, n, example }) => ({
          text: `${n} results are ${name}: their writer's spelling is not the reader's`,
          evidence: { word: name, field: "apply.result", entries: n, example },
          command: ask.overview(),
          weight: n,
        }));
      return [...actions, ...words];
    },
  }),
  defineFinding({
    code: "two_spellings_of_one_fact",
    severity: "warn",
    title: "Two writers spell one fact differently",
    question: "Do all writers of apply.result use one shape?",
    needs: "recording",
    incidents: ["I6", "I10", "I27"],
    advice: "one schema per stream and version; the reader of the ledger accepts both until then",
    detect({ execution }, ask) {
      const shapes = execution.words.list().filter(({ name }) => /^(executor|apply-layer): /.test(name));
      const capital = shapes.filter(({ name }) => /executed=(True|False)/.test(name));
      const small = shapes.filter(({ name }) => /executed=(true|false)/.test(name));
      if (capital.length === 0 || small.length === 0) return [];
      const count = (list: typeof shapes) => list.reduce((sum, { n }) => sum + n, 0);
      return [
        {
          text: `apply.result is written in two shapes: "${small[0]!.name}" (${count(small)}) and "${capital[0]!.name}" (${count(capital)}); a reader of one never sees the other`,
          evidence: { small: count(small), capital: count(capital) },
          command: ask.overview(),
          weight: Math.min(count(small), count(capital)),
        },
      ];
    },
  }),
  defineFinding({
    code: "eval_type_missing",
    severity: "info",
    title: "Plans do not say whether they are entries or exits",
    question: "Does every plan carry its evalType?",
    needs: "any",
    incidents: ["I35"],
    advice: "write eval_type ENTRY or EXIT at the source; then one look tells whether entries flow",
    detect({ plans: { missingTypes, total } }, ask) {
      if (missingTypes.count === 0) return [];
      return [
        {
          text: `${missingTypes.count} of ${total} evaluations do not say whether they are an entry or an exit`,
          evidence: { evaluations: missingTypes.count, of: total },
          command: ask.explain(missingTypes.planId),
          weight: missingTypes.count,
        },
      ];
    },
  }),
  defineFinding({
    code: "tainted_decisions",
    severity: "warn",
    title: "Decisions rest on built-in or missing inputs",
    question: "Are the inputs of decisions measured?",
    needs: "journal",
    incidents: ["I30", "I34"],
    advice: "refuse or mark decisions on defaults; find the reader that fills them in",
    detect({ plans: { taints, total } }, ask) {
      return sorted(taints).map(([taint, { count, symbols, planId }]) => ({
        text: `${percentText(count / total)} of the evaluations rest on ${taint} (${symbols.names(3)})`,
        evidence: { taint, evaluations: count, of: total, share: count / total },
        command: ask.explain(planId),
        weight: count,
      }));
    },
  }),
  defineFinding({
    code: "stale_inputs",
    severity: "warn",
    title: "Decisions rest on inputs over ten minutes old",
    question: "How old were the inputs when it was decided?",
    needs: "journal",
    incidents: ["I2", "I30"],
    advice: "give each input an age limit and let the decision name the one that broke it",
    detect({ plans: { staleInputs, total } }, ask) {
      if (staleInputs.count === 0) return [];
      return [
        {
          text: `${staleInputs.count} of ${total} evaluations used an input over 10 minutes old, at worst ${staleInputs.name} of ${durationText(staleInputs.ageMaxMs)}`,
          evidence: {
            evaluations: staleInputs.count,
            of: total,
            ageMaxMs: staleInputs.ageMaxMs,
            input: staleInputs.name,
          },
          command: ask.explain(staleInputs.planId),
          weight: staleInputs.count,
        },
      ];
    },
  }),
];
