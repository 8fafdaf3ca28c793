import type { Inspection } from "../../recording/inspect/inspection.ts";
import { type Column, plainPaint, renderTable } from "../../reports/terminal/table.ts";
import { visibleText } from "../../reports/visible-text.ts";

const WIDTH_MIN = 80;
const NAME_WIDTH = 10;
const FIELDS_LISTED = 12;
const INPUTS_LISTED = 5;
const UNLIMITED = 10_000;
/** Thresholds whose share of blocks the report names; the document has all. */
const THRESHOLDS_SHOWN: readonly number[] = [0.6, 0.7];

/** Lines of the report, no wider than asked; long texts go on in the next line, so that no place of damage is cut away. */
export function inspectionText(of: Inspection, { width = WIDTH_MIN, isWide = false } = {}): string {
  return new InspectionText(of, Math.max(WIDTH_MIN, width), isWide).lines().join("\n");
}

class InspectionText {
  readonly #of: Inspection;
  readonly #width: number;
  readonly #isWide: boolean;
  readonly #lines: string[] = [];

  constructor(of: Inspection, width: number, isWide: boolean) {
    this.#of = of;
    this.#width = width;
    this.#isWide = isWide;
  }

  lines(): string[] {
    this.#identity();
    this.#streams();
    this.#joins();
    this.#results();
    this.#clock();
    this.#market();
    this.#governor();
    this.#intents();
    const { usableFor, secrets, secretCount } = this.#of;
    const uses = (isOk: boolean) => usableFor.filter(({ ok }) => ok === isOk).map(({ use }) => use);
    this.#say("usable for", `${uses(true).join(", ") || "nothing"}     no: ${uses(false).join(", ") || "nothing"}`);
    for (const { use, ok, reason } of usableFor) this.#say("", `${ok ? "OK" : "--"} ${use}: ${reason}`);
    this.#say("secrets", `${secretCount} found`);
    for (const { file, line, kind } of secrets) this.#say("", `${file}:${line} ${kind}`);
    if (secretCount > 0) this.#say("next", `sim inspect ${this.#of.recording.dir} --redact --out NEW`);
    return this.#lines;
  }

  #say(name: string, text: string): void {
    const width = this.#width - NAME_WIDTH - 1;
    let rest = visibleText(text);
    for (let head = name; rest !== "" || head !== ""; head = "") {
      const space = rest.length <= width ? rest.length : rest.lastIndexOf(" ", width);
      const cut = space > 0 ? space : Math.min(width, rest.length);
      this.#lines.push(`${head.padEnd(NAME_WIDTH)} ${rest.slice(0, cut)}`.trimEnd());
      rest = rest.slice(cut).trimStart();
    }
  }

  #identity(): void {
    const { recording, parts, damage, damageCount } = this.#of;
    this.#say("recording", `${recording.id}  ${recording.fidelity}  by ${recording.createdBy}`);
    this.#say("hash", recording.hash);
    if (recording.generator !== null) this.#say("generator", recording.generator);
    for (const { file, role, sha256 } of recording.inputs.slice(0, INPUTS_LISTED)) {
      this.#say("input", `${role} ${file} ${sha256}`);
    }
    const more = recording.inputs.length - INPUTS_LISTED;
    if (more > 0) this.#say("input", `${more} more (--json)`);
    this.#say("corrected", recording.corrections.length === 0 ? "nothing" : recording.corrections.join("; "));
    const whole = parts.filter(({ state }) => state === "ok").length;
    this.#say("parts", `${whole} of ${parts.length} whole`);
    for (const { file, line, text } of damage) {
      this.#say("damage", `${file}${line === null ? "" : `:${line}`} ${text}`);
    }
    if (damageCount > damage.length) this.#say("damage", `${damageCount - damage.length} further places`);
    if (damageCount > 0) this.#say("next", `sim inspect ${recording.dir} --repair --out NEW`);
  }

  #streams(): void {
    const left = (header: string, dropOrder = 0): Column => ({ header, align: "left", dropOrder });
    const right = (header: string, dropOrder = 0): Column => ({ header, align: "right", dropOrder });
    const { streams } = this.#of;
    const hasIds = streams.some(({ firstId }) => firstId !== null);
    const columns = [
      { ...left("stream"), widthMin: 14 },
      right("count"),
      left("first"),
      left("last"),
      right("per s", 1),
      right("silence"),
      right("disorder"),
      right("twice"),
      ...(hasIds ? [right("id order", 2), left("first id", 3), left("last id", 3)] : []),
    ];
    const rows = streams.map((row) => ({
      cells: [
        row.stream,
        String(row.records),
        instant(row.firstRxMs).slice(5, 16),
        instant(row.lastRxMs).slice(5, 16),
        row.perSecond === null ? "-" : row.perSecond.toFixed(2),
        duration(row.longestSilenceMs),
        String(row.outOfOrder),
        String(row.duplicates),
        ...(hasIds ? [String(row.idsOutOfOrder), row.firstId ?? "-", row.lastId ?? "-"] : []),
      ],
    }));
    const width = this.#isWide ? UNLIMITED : this.#width;
    this.#lines.push(...renderTable(columns, rows, { width, paint: plainPaint }));
    for (const { stream, repeatedContents, idsOutOfOrder } of streams) {
      if (repeatedContents > 0) this.#say("repeated", `${stream}: ${repeatedContents} say what an earlier one said`);
      if (idsOutOfOrder > 0) this.#say("id order", `${stream}: ${idsOutOfOrder} ids smaller than one before`);
    }
    for (const { stream, unknownFields, absentFields } of streams) {
      if (unknownFields.length > 0) this.#say("unknown", `${stream}: ${fieldList(unknownFields, "on")}`);
      if (absentFields.length > 0) this.#say("absent", `${stream}: ${fieldList(absentFields, "absent on")}`);
    }
    for (const { kind, records, missing, unknown, longestMs, firstRxMs } of this.#of.interruptions) {
      const lost = [`${missing} missing`, ...(unknown > 0 ? [`${unknown} of unknown extent`] : [])].join(", ");
      const told = kind.startsWith("finding ") ? "" : `, ${lost}`;
      this.#say("told", `${kind}: ${records}${told}, longest ${seconds(longestMs)}, first ${instant(firstRxMs)}`);
    }
  }

  #joins(): void {
    const { pairs, orphans, nearIds, nearIdCount, unusableIntents, idsLeftOut } = this.#of.joins;
    if (pairs.length === 0) {
      this.#say("joins", "none: no two streams of intents, plans, permits, results and ledger are recorded");
    } else {
      const shares = pairs.map(({ name, share }) => `${name} ${percent(share)}`).join("   ");
      this.#say("joins", `${shares}   orphans ${orphans}   ids with 1-character variants ${nearIdCount}`);
    }
    for (const { name, records, joined, firstOrphan } of pairs) {
      if (firstOrphan === null) continue;
      const { id, file, line } = firstOrphan;
      this.#say(" orphans", `${name}: ${records - joined} of ${records}, first ${id} at ${file}:${line}`);
    }
    if (unusableIntents > 0) this.#say(" refused", `${unusableIntents} intents that make no plan`);
    for (const { id, near, file, line } of nearIds) this.#say(" near", `${id} and ${near} at ${file}:${line}`);
    if (idsLeftOut > 0) this.#say(" ids", `${idsLeftOut} were left out of the joins`);
  }

  #results(): void {
    const { records, vocabulary, problems, plansWithTwoVerdicts, executedWithNothingFilled } = this.#of.results;
    if (records === 0) return;
    const doubts = [
      ...(plansWithTwoVerdicts > 0 ? [`${plansWithTwoVerdicts} plans with two verdicts`] : []),
      ...(executedWithNothingFilled > 0 ? [`${executedWithNothingFilled} executed with nothing filled`] : []),
      ...problems.map(({ name, records: count }) => `${count} ${name}`),
    ];
    this.#say("results", [String(records), ...doubts].join("   "));
    for (const word of vocabulary) {
      this.#say("", `${word.writer}: ${word.raw} -> ${word.normalised} ${word.records}`);
    }
  }

  #clock(): void {
    const { clockSkewMs: all, streams } = this.#of;
    if (all === null) return;
    const text = ({ p1, p50, p99, min, max }: typeof all) => `p1 ${p1} p50 ${p50} p99 ${p99} min ${min} max ${max}`;
    const early =
      all.early === 0 ? "" : `; ${all.early} of ${all.records} received before exchange time, which is normal`;
    this.#say("clock", `received - exchange, ms: ${text(all)}${early}`);
    for (const { stream, clockSkewMs } of streams) {
      if (clockSkewMs !== null && text(clockSkewMs) !== text(all)) this.#say("", `${stream}: ${text(clockSkewMs)}`);
    }
  }

  #market(): void {
    const { market, notOnVenue } = this.#of;
    const hasGrid = market.gridMs !== null && market.gridMs > 0;
    const grid = hasGrid ? `${seconds(market.gridMs!)} grid` : "no grid";
    const isExact = !hasGrid || market.gridShare === null || market.gridShare > 0.999;
    const onGrid = isExact ? "" : ` (${percent(market.gridShare!)})`;
    const quoted = market.quoteShare === null ? "" : `, quotes on ${percent(market.quoteShare)}`;
    const { longestGap: gap } = market;
    const longest =
      gap === null ? "" : ` (longest ${seconds(gap.lengthMs)} ${gap.symbol} from ${instant(gap.startRxMs)})`;
    const policy = market.isGapPolicyNeeded ? "  -> gap policy needed" : "";
    const symbols = `${market.symbolsWithRows} of ${market.symbols} symbols`;
    this.#say("market", `${symbols}, ${market.events} events, ${grid}${onGrid}${quoted}`);
    this.#say("gaps", `${market.gaps} gaps > ${seconds(market.gapMs)}${longest}${policy}`);
    if (market.spreadBps !== null) {
      const { p1, p50, p99, max } = market.spreadBps;
      const crossed = market.crossedQuotes === 0 ? "" : `, ${market.crossedQuotes} crossed`;
      this.#say("spread", `p1 ${p1} p50 ${p50} p99 ${p99} max ${max} bps${crossed}`);
    }
    for (const { symbol, lengthMs, startRxMs, rows } of market.frozen) {
      this.#say("frozen", `${symbol} ${seconds(lengthMs)} from ${instant(startRxMs)}, ${rows} rows`);
    }
    this.#say("venue", notOnVenue === null ? "no exchangeInfo" : `not listed: ${notOnVenue.join(", ") || "none"}`);
  }

  #governor(): void {
    const { governor } = this.#of;
    if (governor === null) {
      this.#say("governor", "no recorded plan or proposal has a kill score");
      return;
    }
    const { stream, records, killScore, widestInterval, blockedShare, unusable, decisions } = governor;
    const { min, p10, p50, p90, max } = killScore;
    const [a, b, c, d, e] = [min, p10, p50, p90, max].map(score);
    this.#say("governor", `kill_score of ${records} ${stream}: min ${a} p10 ${b} p50 ${c} p90 ${d} max ${e}`);
    if (widestInterval !== null) {
      const { over, upTo, isBimodal, isSplitByRegimeFlip, blockedShare: share } = widestInterval;
      const flip = isSplitByRegimeFlip ? " (regime_flip 0/1)" : "";
      const form = isBimodal ? `bimodal${flip}: ` : "";
      this.#say("", `${form}thresholds over ${over} up to ${upTo} all act alike: they block ${percent(share)}`);
    }
    const shown = blockedShare.filter(({ threshold }) => THRESHOLDS_SHOWN.includes(threshold));
    this.#say(
      "",
      `blocked ${shown.map(({ threshold, share }) => `at ${score(threshold)} ${percent(share)}`).join(", ")}`,
    );
    if (decisions.length > 0) this.#say("", `recorded: ${counts(decisions)}`);
    if (unusable > 0) this.#say("", `${unusable} scores are no number from 0 to 1`);
  }

  #intents(): void {
    const { intents } = this.#of;
    this.#say("intents", String(intents.records));
    if (intents.records > 0) {
      this.#say(" symbol", counts(intents.bySymbol));
      this.#say(" side", counts(intents.bySide));
      this.#say(" confid.", counts(intents.byConfidence));
    }
    for (const { name, records, file, firstLine } of intents.problems) {
      this.#say(" problem", `${name}: ${records}, first at ${file}:${firstLine}`);
    }
    for (const { symbol, near } of intents.unknownSymbols) {
      this.#say(" unknown", `${symbol}${near.length === 0 ? "" : `, near ${near.join(", ")}`}`);
    }
  }
}

function counts(entries: readonly { readonly name: string; readonly records: number }[]): string {
  return entries.map(({ name, records }) => `${name} ${records}`).join(", ");
}

function fieldList(fields: readonly { readonly name: string; readonly share: number }[], word: string): string {
  const shown = fields.slice(0, FIELDS_LISTED).map(({ name, share }) => `${name} ${word} ${percent(share)}`);
  const more = fields.length > FIELDS_LISTED ? [`${fields.length - FIELDS_LISTED} more (--json)`] : [];
  return [...shown, ...more].join(", ");
}

function instant(timeMs: number): string {
  const date = new Date(timeMs);
  return Number.isNaN(date.getTime()) ? `${timeMs} ms` : date.toISOString();
}

function seconds(lengthMs: number): string {
  return `${lengthMs / 1000} s`;
}

/** For a column: `372.1 s`, `19.3 h`, `10.8 d`. */
function duration(lengthMs: number): string {
  if (lengthMs < 10_000_000) return seconds(lengthMs);
  const hours = lengthMs / 3_600_000;
  return hours < 100 ? `${hours.toFixed(1)} h` : `${(hours / 24).toFixed(1)} d`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** `.74`, as the pipeline's operators write scores. */
function score(value: number): string {
  return value.toFixed(2).replace(/^0/, "");
}
