import { clockText, durationText, percentText } from "../../format.ts";
import { defineFinding, type Rule } from "../finding.ts";

const SIDES = ["BUY", "SELL"] as const;
const MISSED_BEATS = 2;

/** What was asked for and never answered, or asked by nobody who computes. */
export const INTENT_RULES: readonly Rule[] = [
  defineFinding({
    code: "silent_drop",
    severity: "error",
    title: "Intents vanish without a plan and without a rejection",
    question: "Does every intent end in exactly one plan or one named rejection?",
    needs: "any",
    incidents: ["I9", "I19", "I22"],
    covers: ["silent_sell_drop", "invariant.intent-conservation"],
    advice: "write a rejection with a reason where the bridge returns early; check the key it asks before",
    detect({ intents, plans, identity }, ask) {
      return SIDES.flatMap((side) => {
        const counts = intents.bySide.get(side);
        if (counts === undefined) return [];
        // A recording does not say which intent became which plan; that no plan has the side at all, it does.
        const isSilentSide =
          identity.kind === "recording" &&
          plans.bridged > 0 &&
          plans.bridged >= plans.total / 100 &&
          !plans.bySide.get(side);
        const dropped = isSilentSide ? counts.count : counts.dropped;
        if (dropped === 0) return [];
        const symbols = counts.droppedSymbols.names();
        const all = dropped === counts.count ? "all" : `${dropped} of`;
        return [
          {
            text: `${side}s vanish silently: ${all} ${counts.count} ${side} intents got neither a plan nor a rejection${symbols === "" ? "" : ` (${symbols})`}`,
            evidence: { side, dropped, intents: counts.count, share: dropped / counts.count, symbols },
            command: intents.firstDropped === "" ? ask.overview() : ask.explain(intents.firstDropped),
            weight: dropped,
          },
        ];
      });
    },
  }),
  defineFinding({
    code: "unreadable_intents",
    severity: "warn",
    title: "Intents say nothing that can be acted on",
    question: "Does every intent name a symbol and a side the pipeline knows?",
    needs: "any",
    incidents: ["I6"],
    advice: "validate at the producer; the schema is that of trade.intent",
    detect({ intents }, ask) {
      return intents.unreadable.list().map(({ name, n, example }) => ({
        text: `${n} of ${intents.total} intents have no ${name} the pipeline knows`,
        evidence: { field: name, intents: n, of: intents.total, example },
        command: ask.explain(example),
        weight: n,
      }));
    },
  }),
  defineFinding({
    code: "stale_backlog",
    severity: "error",
    title: "Old intents are worked off as if they were new",
    question: "How old are intents when they are read?",
    needs: "any",
    incidents: ["I18", "I26"],
    covers: ["stale_intent_executed"],
    advice: "give the reader an age limit and a start id on restart; refuse what is older",
    detect({ intents: { backlog, total } }, ask) {
      if (backlog.count === 0) return [];
      return [
        {
          text: `${backlog.count} of ${total} intents were over 2 minutes old when they were read, the oldest ${durationText(backlog.ageMaxMs)}; ${backlog.planned} of them became plans`,
          evidence: {
            intents: backlog.count,
            planned: backlog.planned,
            ageMaxMs: backlog.ageMaxMs,
            oldest: backlog.entryId,
          },
          command: ask.explain(backlog.entryId),
          weight: backlog.count,
          severity: backlog.planned > 0 ? ("error" as const) : ("warn" as const),
        },
      ];
    },
  }),
  defineFinding({
    code: "producer_silent",
    severity: "warn",
    title: "The producer of intents missed its beat",
    question: "Does the producer speak as regularly as it always does?",
    needs: "any",
    incidents: ["I20", "I21"],
    advice: "alert on two missed beats; a dead producer looks like a quiet market",
    detect({ intents: { beat }, lastTsMs }, ask) {
      const { periodMs, longest } = beat;
      if (periodMs === null || longest === null || beat.lastTsMs === null || lastTsMs === null) return [];
      const tail = { fromTsMs: beat.lastTsMs, gapMs: lastTsMs - beat.lastTsMs };
      const worst = tail.gapMs > longest.gapMs ? tail : longest;
      // A beat is missed when the one after it would have been due.
      if (worst.gapMs < (MISSED_BEATS + 1) * periodMs) return [];
      const missed = Math.floor(worst.gapMs / periodMs) - 1;
      return [
        {
          text: `intents come every ${durationText(periodMs)}, but none came for ${durationText(worst.gapMs)} from ${clockText(worst.fromTsMs).slice(0, 8)}: ${missed} beats missed`,
          evidence: { periodMs, silenceMs: worst.gapMs, missed, fromTsMs: worst.fromTsMs },
          command: ask.overview(),
          weight: missed,
        },
      ];
    },
  }),
  defineFinding({
    code: "fallback_signals",
    severity: "warn",
    title: "Intents come from a fallback, not from a model",
    question: "What decided the side of an intent?",
    needs: "any",
    incidents: ["I24"],
    advice: "carry the provenance of the side in the intent and refuse fallbacks where money is at stake",
    detect({ intents: { fallbacks, total } }, ask) {
      if (fallbacks.total === 0) return [];
      const first = fallbacks.list()[0]!;
      return [
        {
          text: `${fallbacks.total} of ${total} intents were decided by a fallback (${fallbacks.names(2)}), not by a model`,
          evidence: { intents: fallbacks.total, of: total, share: fallbacks.total / total, model: first.name },
          command: ask.explain(first.example),
          weight: fallbacks.total,
        },
      ];
    },
  }),
  defineFinding({
    code: "test_events",
    severity: "error",
    title: "Test events are among the real ones",
    question: "Does anything say of itself that it is a test?",
    needs: "any",
    incidents: ["I29"],
    advice: "give producers a whitelist of sources; tests get streams of their own",
    detect({ intents: { tests, total } }, ask) {
      if (tests.total === 0) return [];
      return [
        {
          text: `${tests.total} of ${total} intents come from a source that calls itself a test (${tests.names(2)})`,
          evidence: { intents: tests.total, of: total, source: tests.list()[0]!.name },
          command: ask.explain(tests.list()[0]!.example),
          weight: tests.total,
        },
      ];
    },
  }),
  defineFinding({
    code: "reduce_only_left_to_default",
    severity: "info",
    title: "A default decides whether an intent closes",
    question: "Does every intent against an open position say whether it only reduces?",
    needs: "any",
    incidents: ["I18", "I19"],
    advice: "write reduceOnly in every intent, true or false; the reader takes a missing one for a mistake",
    detect({ intents: { untoldCloses, total } }, ask) {
      if (untoldCloses.total === 0) return [];
      return [
        {
          text: `${untoldCloses.total} of ${total} intents went against an open position without a word on reduceOnly (${untoldCloses.names(3)}): a default decided whether they close it or open another`,
          evidence: { intents: untoldCloses.total, of: total, symbols: untoldCloses.size },
          command: ask.explain(untoldCloses.list()[0]!.example),
          weight: untoldCloses.total,
        },
      ];
    },
  }),
  defineFinding({
    code: "frozen_ticker",
    severity: "warn",
    title: "A price that never moves is traded on",
    question: "Does the price behind the intents of a symbol move at all?",
    needs: "any",
    incidents: ["I33"],
    covers: ["frozen_ticker"],
    advice: "quarantine a symbol after some identical prices; take it off the universe",
    detect({ intents, streams, noted: notes }, ask) {
      const symbols = new Set([...intents.bySymbol.keys(), ...streams.prices.keys()]);
      // allow(sort): the symbols of a Set are unique texts
      return [...symbols].sort().flatMap((symbol) => {
        const asked = intents.bySymbol.get(symbol);
        const prices = streams.prices.get(symbol);
        const noted = notes.get(`frozen_ticker ${symbol}`);
        const isStill =
          prices !== undefined && prices.moves === 0 && prices.rows >= 20 && prices.longest.lengthMs >= 600_000;
        const isAskedStill =
          (asked?.longest.intents ?? 0) >= 3 && asked!.longest.toTsMs - asked!.longest.fromTsMs >= 600_000;
        if (asked === undefined || (!isStill && !isAskedStill && noted === undefined)) return [];
        const price = prices?.price ?? (asked.longest.intents > 0 ? asked.longest.price : 0);
        const spanMs = isStill ? prices.longest.lengthMs : asked.longest.toTsMs - asked.longest.fromTsMs;
        const how = isStill || isAskedStill ? ` for ${durationText(spanMs)}` : " (the run quarantines or names it)";
        return [
          {
            symbol,
            text: `${symbol} is a frozen ticker: its price stood at ${price}${how}, and ${asked.count} intents were made from it`,
            evidence: {
              price,
              unchangedMs: spanMs,
              intents: asked.count,
              ...(prices === undefined ? {} : { rows: prices.rows }),
            },
            command: ask.at(symbol, noted?.firstTsMs ?? asked.longest.toTsMs),
            weight: asked.count,
          },
        ];
      });
    },
  }),
  defineFinding({
    code: "intents_rejected_by_one_reason",
    severity: "warn",
    title: "One reason rejects most intents",
    question: "What rejects intents before they become plans?",
    needs: "journal",
    incidents: ["I3", "I7"],
    advice: "look at the first rejected one; a reason that takes most of the flow is a setting, not an accident",
    detect({ intents: { rejections, total } }, ask) {
      const first = rejections.list()[0];
      if (first === undefined || total < 10 || first.n / total < 0.4) return [];
      return [
        {
          text: `${percentText(first.n / total)} of the intents are rejected by one reason: ${first.name}`,
          evidence: { reason: first.name, intents: first.n, of: total, share: first.n / total },
          command: ask.explain(first.example),
          weight: first.n,
        },
      ];
    },
  }),
];
