import { clockText, durationText, numberText } from "../../format.ts";
import { sorted } from "../facts/count.ts";
import { notedOf } from "../facts/facts.ts";
import { defineFinding, type Rule } from "../finding.ts";

const SLOW_LEDGER_MS = 10_000;
const HOLD_RUN = 10;
const RECONCILIATIONS = 100;

/** The ledger against the exchange, and deltas nobody explains. */
export const LEDGER_RULES: readonly Rule[] = [
  defineFinding({
    code: "ledger_never_updates",
    severity: "error",
    title: "The ledger can never update",
    question: "Does every fill reach the ledger?",
    needs: "any",
    incidents: ["I10"],
    covers: ["ledger_never_updates", "ledger_differs"],
    advice:
      'let the ledger\'s reader accept what the executor writes ("true" and details), or the executor write what it wants',
    detect({ positions, identity, noted }, ask) {
      return sorted(positions.ledger).flatMap(([symbol, of]) => {
        if (of.fills === 0 || of.commits > 0) return [];
        // A recording has no commits to show: only a permit that read no ledger after a fill does.
        const isNoted = notedOf(noted, "ledger_never_updates").length > 0;
        if (of.readsOfNothing === 0 && !isNoted && (identity.kind === "recording" || of.fills < 3)) return [];
        const last = positions.lastByWord.get(symbol);
        const differs =
          last === undefined
            ? ""
            : `; exchange ${numberText(last.exchangeQty)}, ledger ${last.ledgerQty === null ? "none" : numberText(last.ledgerQty)}`;
        return [
          {
            symbol,
            text: `the ledger of ${symbol} can never update: ${of.fills} fills, 0 commits, and ${of.readsOfNothing} permits after a fill found no ledger${differs}`,
            evidence: { fills: of.fills, commits: 0, readsOfNothing: of.readsOfNothing },
            command: of.firstPlanId === "" ? ask.overview() : ask.explain(of.firstPlanId),
            weight: of.fills,
          },
        ];
      });
    },
  }),
  defineFinding({
    code: "ledger_slow",
    severity: "warn",
    title: "The ledger is behind the exchange",
    question: "How long after a fill is the ledger right?",
    needs: "journal",
    incidents: ["I10"],
    advice: "judge quantities by the exchange; the ledger is what follows from it",
    detect({ positions }, ask) {
      return sorted(positions.ledger)
        .filter(([, of]) => of.commits > 0 && (of.lagMaxMs > SLOW_LEDGER_MS || of.commits < of.fills))
        .map(([symbol, of]) => ({
          symbol,
          text: `the ledger of ${symbol} took ${of.commits} of ${of.fills} fills, at worst after ${durationText(of.lagMaxMs)}`,
          evidence: { fills: of.fills, commits: of.commits, lagMaxMs: of.lagMaxMs },
          command: ask.overview(),
          weight: of.fills - of.commits + 1,
        }));
    },
  }),
  defineFinding({
    code: "key_read_never_written",
    severity: "error",
    title: "A key is read that nobody writes",
    question: "Does every key that is asked for exist at some time?",
    needs: "any",
    incidents: ["I9", "I12", "I13"],
    advice: "name the writer of each key in the reader's configuration; a missing key must be an error, not a default",
    detect({ positions, streams }, ask) {
      const ledgers = sorted(positions.ledger).filter(([, of]) => of.readsOfNothing >= 2 && of.commits === 0);
      const reads = ledgers.reduce((sum, [, of]) => sum + of.readsOfNothing, 0);
      const fromPermits =
        reads === 0
          ? []
          : [
              {
                text: `the ledger key is read ${reads} times after fills and was never there (${ledgers.map(([symbol]) => symbol).join(", ")})`,
                evidence: { key: "ledger", reads, symbols: ledgers.length },
                command: ask.explain(ledgers[0]![1].firstPlanId),
                weight: reads,
              },
            ];
      const fromKeys = sorted(streams.keys)
        .filter(([, { seen, absent }]) => seen === 0 && absent > 0)
        .map(([key]) => ({
          text: `the key ${key} was looked at through the whole recording and was never there`,
          evidence: { key },
          command: ask.overview(),
          severity: "warn" as const,
        }));
      return [...fromPermits, ...fromKeys];
    },
  }),
  defineFinding({
    code: "key_of_another_type",
    severity: "warn",
    title: "A key holds another type than its reader wants",
    question: "Is every key of the type it is read as?",
    needs: "recording",
    incidents: ["I27"],
    advice: "one writer and one type per key; the second writer gets a name of its own",
    detect({ streams }, ask) {
      return sorted(streams.keys)
        .filter(([, { refused }]) => refused !== "")
        .map(([key, { refused }]) => ({
          text: `the key ${key} is no text: reading it was refused with ${refused}`,
          evidence: { key, code: refused },
          command: ask.overview(),
        }));
    },
  }),
  defineFinding({
    code: "unexplained_delta",
    severity: "error",
    title: "The position moved without an own fill",
    question: "Do own fills explain the position on the exchange?",
    needs: "any",
    incidents: ["I11", "I12"],
    covers: ["unexplained_delta", "invariant.position-explained"],
    advice: "find the other writer on the account (another bot, a person, a liquidation) before anything else",
    detect({ positions }, ask) {
      return sorted(positions.deltas).map(([symbol, { count, shown }]) => {
        const first = shown[0]!;
        const sum = shown.reduce((total, { qty }) => total + qty, 0);
        const isThrough = shown.some(({ exchangeQty }) => Math.sign(exchangeQty) === -Math.sign(first.exchangeQty));
        return {
          symbol,
          text: `${symbol} moved by ${numberText(sum)} without an own fill, first at ${clockText(first.tsMs).slice(0, 8)}${isThrough ? ", through zero" : ""}: another writer on the account`,
          evidence: {
            deltas: count,
            unexplainedQty: sum,
            exchangeQty: shown[shown.length - 1]!.exchangeQty,
            firstTsMs: first.tsMs,
          },
          command: ask.overview(),
          weight: count,
        };
      });
    },
  }),
  defineFinding({
    code: "ledger_sign_flipped",
    severity: "error",
    title: "The ledger forgot the sign",
    question: "Do ledger and exchange agree on long and short?",
    needs: "journal",
    incidents: ["I11"],
    advice: "keep signed quantities in the ledger; a side in words is derived from them",
    detect({ positions }, ask) {
      return positions.flippedSigns.list().map(({ name, n }) => ({
        symbol: name,
        text: `the ledger of ${name} has the size of the exchange's position with the other sign`,
        evidence: { times: n },
        command: ask.overview(),
        weight: n,
      }));
    },
  }),
  defineFinding({
    code: "hold_blocks_its_remedy",
    severity: "error",
    title: "A hold blocks what would end it",
    question: "Does a reconcile hold ever end?",
    needs: "any",
    incidents: ["I12"],
    advice: "let closes and reconcile orders through a hold; it is there against new risk",
    detect({ positions, streams }, ask) {
      const held = sorted(positions.holds)
        .filter(([, { longest }]) => longest >= HOLD_RUN)
        .map(([symbol, { longest, reason, planId }]) => ({
          symbol,
          text: `${symbol} was refused ${longest} times in a row by ${reason}, and nothing in between could change it`,
          evidence: { refusals: longest, reason },
          command: ask.explain(planId),
          weight: longest,
        }));
      const told = sorted(streams.reconciliations)
        .filter(([, count]) => count >= RECONCILIATIONS)
        .map(([symbol, count]) => ({
          symbol,
          text: `reconcile.events tells of ${symbol} ${count} times: the drift is seen again and again and never resolved`,
          evidence: { events: count },
          command: ask.overview(),
          weight: count,
        }));
      return [...held, ...told];
    },
  }),
  defineFinding({
    code: "equity_stale",
    severity: "warn",
    title: "Equity was old when a limit asked for it",
    question: "How old is the equity that guards read?",
    needs: "journal",
    incidents: ["I30"],
    advice: "a guard without fresh equity must refuse, not pass",
    detect({ positions: { equity } }, ask) {
      if (equity.gapMaxMs < 300_000) return [];
      return [
        {
          text: `an entry was judged at ${clockText(equity.atTsMs).slice(0, 8)} with positions open and equity ${durationText(equity.gapMaxMs)} old`,
          evidence: { ageMaxMs: equity.gapMaxMs, atTsMs: equity.atTsMs },
          command: ask.overview(),
        },
      ];
    },
  }),
];
