import { describe, expect, it } from "vitest";
import { UserError } from "../../src/diagnostics/user-error.ts";
import { indexJournal } from "../../src/reports/explain/explain-index.ts";
import { explain } from "../../src/reports/explain/explanation.ts";
import { isOneCharacterOff } from "../../src/reports/explain/find-id.ts";
import { findPlanAt, parseMoment } from "../../src/reports/explain/find-moment.ts";
import { componentsAtCutoff, scoreTerms } from "../../src/reports/explain/kill-score-terms.ts";
import { displayWidth } from "../../src/reports/terminal/display-width.ts";
import { renderExplanation } from "../../src/reports/terminal/explanation-text.ts";
import { visibleText } from "../../src/reports/visible-text.ts";
import {
  blockedExit,
  denial,
  header,
  incident,
  journal,
  killScore,
  plan,
  rejection,
  result,
  START_TS_MS,
} from "./journal-builder.ts";

const index = indexJournal(incident().entries);
const ask = (id: string) => explain(header(), index, id);

function refusal(run: () => unknown): UserError {
  try {
    run();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("finding an id", () => {
  it("takes a unique prefix and says so", () => {
    expect(ask("fade715761")).toMatchObject({ id: "fade715761e5ab39", note: "prefix; 1 match" });
  });

  it("takes the log's spelling with one character too many, anywhere", () => {
    expect(ask("faade715761").id).toBe("fade715761e5ab39");
    expect(isOneCharacterOff("277f33dbd", "27f33dbd0c1e")).toBe(true);
    expect(isOneCharacterOff("1662956e9", "162956e9aa")).toBe(true);
    expect(isOneCharacterOff("7f33dbd", "27f33dbd0c1e")).toBe(true);
    expect(isOneCharacterOff("28f33dbd", "27f33dbd0c1e")).toBe(false);
  });

  it("takes order ids and intent ids", () => {
    expect(ask("c-fade715761e5ab39").id).toBe("fade715761e5ab39");
    const intent = ask(`${START_TS_MS + 299_000}-2`);
    expect(intent).toMatchObject({ kind: "plan", id: "fade715761e5ab39" });
  });

  it("refuses an ambiguous prefix with the matches", () => {
    expect(refusal(() => ask("fade")).message).toContain(
      "5 ids fit, a longer prefix is needed; matches: fade715760e5ab39, fade715761e5ab39",
    );
  });

  it("refuses an unknown id with the three nearest and exit code 2", () => {
    const error = refusal(() => ask("fbde715762xx\u001b"));
    expect(error.exitCode).toBe(2);
    expect(error.message).toMatch(/Cannot explain "fbde715762xx\\x1b": .*; nearest: fade715762e5ab39, /);
    expect(refusal(() => explain(header(), indexJournal([]), "x")).message).toContain("this run has no plans");
  });
});

describe("the causal chain", () => {
  it("has every step from intent to result with offsets and waits", () => {
    const { chain } = ask("fade715761");
    expect(chain.map(({ what, offsetMs, waitMs }) => [what, offsetMs, waitMs])).toEqual([
      ["intent", 0, 0],
      ["governor", 0, 0],
      ["permit", 1500, 1500],
      ["order", 2000, 500],
      ["fill", 3000, 1000],
      ["result", 3000, 0],
    ]);
    expect(chain[1]!.text).toBe("0.214 < cutoff 0.6");
  });

  it("ends a refused plan with the reason", () => {
    const refused = indexJournal(
      journal()
        .publish(0, plan("a"))
        .tick(
          8000,
          denial("a", "no_exchange_snapshot"),
          result("a", "BLOCKED_INFRA", { reason: "p33_permit_denied:no_exchange_snapshot" }),
        )
        .end(9000).entries,
    );
    const text = renderExplanation(explain(header(), refused, "a"));
    expect(text).toContain("!! DENY no_exchange_snapshot");
    expect(text).toContain("!! BLOCKED_INFRA p33_permit_denied");
  });

  it("explains an intent that never became a plan", () => {
    const rejected = indexJournal(
      journal().intent(5, "9-0", "WAVESUSDT", rejection("9-0", "symbol_quarantined")).end(9).entries,
    );
    expect(explain(header(), rejected, "9-0")).toMatchObject({
      kind: "intent",
      headline: "rejected  symbol_quarantined",
    });
    expect(explain(header(), indexJournal(journal().intent(5, "9-0", "X").end(9).entries), "9").headline).toContain(
      "nobody answered",
    );
  });
});

describe("the kill score in logit units", () => {
  it("adds up to the logit of the incident with nothing unexplained", () => {
    const terms = scoreTerms(killScore());
    expect(terms.contributions.map(({ name, contribution }) => [name, contribution.toFixed(4)])).toEqual([
      ["regime_flip", "1.0000"],
      ["ts_drop", "0.1199"],
      ["age_penalty", "0.0125"],
      ["sigma_spike", "0.0000"],
    ]);
    expect(terms.unexplained).toBe(0);
    expect(scoreTerms(killScore({ logit: 1.5 })).unexplained).toBeCloseTo(0.3676, 4);
  });

  it("says which component alone would have met the cutoff", () => {
    // logit(0.6) = 0.4055, excess 0.7269: only regime_flip can give that much
    const bounds = componentsAtCutoff(scoreTerms(killScore()), 0.6);
    expect(bounds.map(({ name, bound }) => [name, bound.toFixed(2)])).toEqual([["regime_flip", "0.27"]]);
  });
});

describe("the text of an explanation", () => {
  const text = renderExplanation(ask("91c05"), { width: 100, ascii: true });

  it("shows formula, cutoff, what would have flipped it and the episode", () => {
    expect(text).toContain("plan 91c05  BTCUSDT  UNKNOWN->EXIT (inferred)");
    expect(text).toContain("kill score 0.7563 = sigmoid(1.1324)");
    expect(text).toMatch(/regime_flip {2}1\.0000 x 1 +#{24} {2}1\.0000/);
    expect(text).toMatch(/ts_drop +0\.2398 x 0\.5 +### +0\.1199/);
    expect(text).toMatch(/unexplained +0\.0000/);
    expect(text).toContain("would flip if  cutoff above 0.756278, or regime_flip below 0.27");
    expect(text).toContain("evaluated 12x since 00:13:21, BLOCKED all along (first plan 91c00), nothing changed");
  });

  it("fits its width and hides nothing", () => {
    for (const line of text.split("\n")) expect(displayWidth(line)).toBeLessThanOrEqual(100);
    expect(text.replace(/\s+/g, " ")).toContain("rules that let closes pass did not apply");
  });

  it("tells what changed within the episode, and taints", () => {
    const changed = indexJournal(
      journal()
        .publish(0, blockedExit("a", "BTCUSDT"))
        .publish(
          60_000,
          blockedExit("b", "BTCUSDT", {
            killScore: killScore({ score: 0.8, regimeFlip: 0.5 }),
            taints: ["position:synthetic"],
          }),
        )
        .end(70_000).entries,
    );
    const shown = renderExplanation(explain(header(), changed, "b"), { width: 140 });
    expect(shown).toContain("changed since: score 0.756278 -> 0.8, regime_flip 1 -> 0.5");
    expect(shown).toContain("!! tainted     position:synthetic");
  });

  it("makes hostile text visible", () => {
    const evil = "x\u001b]0;owned\u0007";
    const hostile = indexJournal(
      journal()
        .publish(0, plan("a", { symbol: evil, reasonCodes: [evil], taints: [evil], decision: "BLOCKED" }))
        .end(1).entries,
    );
    const shown = renderExplanation(explain(header(), hostile, "a"), { width: 200 });
    expect([...shown].filter((character) => character !== "\n" && visibleText(character) !== character)).toEqual([]);
  });

  it("has a JSON form without functions or NaN", () => {
    const explanation = ask("91c05");
    expect(JSON.parse(JSON.stringify(explanation))).toEqual(explanation);
    expect(explanation.schema).toBe("sim.explain/1");
  });
});

describe("finding a decision by symbol and time", () => {
  it("takes the last one judged by then, whole seconds included", () => {
    expect(findPlanAt(index, "BTCUSDT", START_TS_MS + 60_000)).toMatchObject({ planId: "91c01" });
    expect(findPlanAt(index, "btcusdt", START_TS_MS + 51_000)).toMatchObject({ planId: "91c01", distanceMs: 0 });
    expect(findPlanAt(index, "BTCUSDT", START_TS_MS - 5000)).toMatchObject({ planId: "91c00" });
    expect(refusal(() => findPlanAt(index, "XRPUSDT", 0)).message).toContain("plans exist for BTCUSDT, ETHUSDT");
  });

  it("reads times of day from the start of the run on, and ISO times as UTC", () => {
    expect(parseMoment("00:13:42", START_TS_MS)).toBe(START_TS_MS + 22_000);
    expect(parseMoment("00:13:20", START_TS_MS)).toBe(START_TS_MS);
    expect(parseMoment("00:10", START_TS_MS)).toBe(START_TS_MS - 200_000 + 86_400_000);
    expect(parseMoment("2026-02-02T00:13:42", START_TS_MS)).toBe(START_TS_MS + 22_000);
    expect(parseMoment("2026-02-02T01:13:42+01:00", START_TS_MS)).toBe(START_TS_MS + 22_000);
    for (const bad of ["25:00", "soon", "2026-13-45T00:00:00Z"]) {
      expect(refusal(() => parseMoment(bad, START_TS_MS)).exitCode).toBe(2);
    }
  });
});
