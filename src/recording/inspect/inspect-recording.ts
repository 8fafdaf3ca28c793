import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseExchangeInfo } from "../exchange-info.ts";
import { MANIFEST_FILE, PART_GROUPS, type PartGroup } from "../manifest.ts";
import { partPath } from "../part-reader.ts";
import { partsOf, readManifest } from "../reader.ts";
import { readEntry } from "./entry-fields.ts";
import { GovernorTally } from "./governor-tally.ts";
import { INSPECTION_SCHEMA, type Inspection } from "./inspection.ts";
import { IntentTally } from "./intent-tally.ts";
import { InterruptionTally } from "./interruption-tally.ts";
import { JoinTally } from "./join-tally.ts";
import { MarketTally } from "./market-tally.ts";
import { type Damage, type RawRecord, readLeniently } from "./read-leniently.ts";
import { orderOf, recordProblem } from "./record-check.ts";
import { ResultTally } from "./result-tally.ts";
import { secretKinds, withholdDeep, withholdSecrets } from "./secrets.ts";
import { SkewTally } from "./skew-tally.ts";
import { StreamTally } from "./stream-tally.ts";
import { DecisionTimes, FEATURE_MINUTES, usableFor } from "./usable-for.ts";

const DAMAGE_LISTED = 100;
const SECRETS_LISTED = 100;
const TEXT_LENGTH_MAX = 200;

/**
 * Reads all of a recording, damaged or not, and says what is in it. Holds one part and the state of symbols and
 * streams in memory.
 *
 * @throws {UserError} only when the manifest is unusable; damage of parts is part of the answer.
 */
export function inspectRecording(dir: string): Inspection {
  return new Inspector(dir).run();
}

class Inspector {
  readonly #dir: string;
  readonly #damage: Damage[] = [];
  readonly #secrets: Inspection["secrets"] = [];
  readonly #streams = new Map<string, StreamTally>();
  readonly #skew = new SkewTally();
  readonly #market = new MarketTally();
  readonly #intents = new IntentTally();
  readonly #interruptions = new InterruptionTally();
  readonly #joins = new JoinTally();
  readonly #results = new ResultTally();
  readonly #governor = new GovernorTally();
  readonly #intentTimes = new DecisionTimes();
  readonly #planTimes = new DecisionTimes();
  #damageCount = 0;
  #secretCount = 0;
  #venue: ReadonlySet<string> | null = null;
  #lastSeq = 0;
  #lastRxMs = Number.NEGATIVE_INFINITY;

  constructor(dir: string) {
    this.#dir = dir;
  }

  run(): Inspection {
    const manifest = readManifest(this.#dir);
    const manifestPath = `${this.#dir.replace(/\/+$/, "")}/${MANIFEST_FILE}`;
    readFileSync(join(this.#dir, MANIFEST_FILE), "utf8")
      .split("\n")
      .forEach((text, index) => {
        this.#scan(text, manifestPath, index + 1);
      });
    const symbols = manifest.symbols.map(({ symbol }) => symbol);
    const table = new Set(symbols);
    const parts: Inspection["parts"] = [];
    for (const group of PART_GROUPS) {
      const hash = createHash("sha256");
      let isWhole = true;
      this.#lastSeq = 0;
      this.#lastRxMs = Number.NEGATIVE_INFINITY;
      for (const part of partsOf(manifest, group)) {
        const file = partPath(this.#dir, part);
        const before = this.#damageCount;
        let read = 0;
        let isUnpacked = false;
        const onContent = (content: Buffer) => {
          isUnpacked = true;
          hash.update(content);
        };
        for (const raw of readLeniently(this.#dir, part, (damage) => this.#report(damage), onContent)) {
          read++;
          this.#record(group, raw, file, table);
        }
        if (!isUnpacked) isWhole = false;
        const state =
          this.#damageCount === before ? "ok" : existsSync(join(this.#dir, part.file)) ? "damaged" : "missing";
        parts.push({ file: part.file, records: part.records, read, state });
      }
      const found = hash.digest("hex");
      if (isWhole && found !== manifest.content[group]) {
        const text = `Cannot trust the recording: its ${group} parts unpack to SHA-256 ${found}, the manifest says ${manifest.content[group]}`;
        this.#report({ file: manifestPath, line: null, text });
      }
    }
    const streams = [...this.#streams.values()].map((tally) => tally.row());
    const venue = this.#venue;
    const named = [...new Set([...symbols, ...this.#intents.symbols()])].sort();
    return withholdDeep<Inspection>({
      schema: INSPECTION_SCHEMA,
      recording: {
        dir: this.#dir,
        id: manifest.id,
        hash: manifest.hash,
        createdBy: manifest.createdBy,
        fidelity: manifest.fidelity,
        generator: manifest.generator === undefined ? null : shortJson(manifest.generator),
        inputs: manifest.inputs.map(({ file, role, bytes, sha256 }) => ({ file, role, bytes, sha256 })),
        corrections: manifest.corrections.map(shortJson),
        redactions: manifest.redactions.length,
      },
      damage: this.#damage.map(({ file, line, text }) => ({ file, line, text })),
      damageCount: this.#damageCount,
      parts,
      streams: streams.sort((left, right) => (left.stream < right.stream ? -1 : 1)),
      clockSkewMs: this.#skew.percentiles(),
      market: this.#market.summary(symbols.length),
      intents: this.#intents.summary(symbols),
      notOnVenue: venue === null ? null : named.filter((symbol) => !venue.has(symbol)),
      interruptions: this.#interruptions.summary(),
      joins: this.#joins.summary(),
      results: this.#results.summary(),
      governor: this.#governor.summary(),
      usableFor: usableFor({
        damageCount: this.#damageCount,
        intents: this.#intentTimes.count,
        readySymbols: this.#market.symbolsWithMinutes(FEATURE_MINUTES),
        streams,
        marketEndMs: this.#market.endMs,
        decisions: this.#intentTimes.count > 0 ? this.#intentTimes : this.#planTimes,
      }),
      secrets: this.#secrets,
      secretCount: this.#secretCount,
    });
  }

  #record(group: PartGroup, { line, text, record }: RawRecord, file: string, table: ReadonlySet<string>): void {
    this.#scan(text, file, line);
    const bad = (what: string) => this.#report({ file, line, text: `Cannot use the record: ${what}` });
    const problem = recordProblem(group, record, table);
    if (problem !== null) {
      bad(problem);
      return;
    }
    const stream = record["s"] as string;
    if (group === "exchange") {
      if (stream === "exchangeInfo") this.#venue = new Set(parseExchangeInfo(record["data"]).venue.keys());
      return;
    }
    const { seq, rxMs: rx, tsMs: ts } = orderOf(record)!;
    if (seq <= this.#lastSeq) bad(`seq ${seq} comes after ${this.#lastSeq}, seq must increase`);
    if (rx < this.#lastRxMs) bad(`rx ${rx} comes after ${this.#lastRxMs}, the time received must not go backwards`);
    this.#lastSeq = Math.max(this.#lastSeq, seq);
    this.#lastRxMs = Math.max(this.#lastRxMs, rx);
    let tally = this.#streams.get(stream);
    if (tally === undefined) {
      tally = new StreamTally(stream);
      this.#streams.set(stream, tally);
    }
    tally.add(rx, ts, record);
    this.#skew.add(rx - ts);
    if (group === "market") {
      const { sym, p } = record as { sym: string; p: string };
      const { b, a } = record;
      const isQuoted = b !== undefined && a !== undefined;
      this.#market.add(sym, rx, p, isQuoted ? { bid: Number(b), ask: Number(a) } : null);
      return;
    }
    if (stream === "trade.intent") {
      this.#intents.add(record, file, line);
      this.#intentTimes.add(rx);
    } else if (stream === "apply.plan") this.#planTimes.add(rx);
    const entry = readEntry(record);
    this.#interruptions.add(stream, rx, record);
    this.#joins.add(stream, record, entry, { file, line });
    this.#governor.add(stream, entry.fields);
    if (stream === "apply.result") this.#results.add(entry.fields);
  }

  #scan(text: string, file: string, line: number): void {
    // An escaped letter (\u0061) must not hide a key from the patterns.
    const plain = text.includes("\\u") ? text.replace(/\\+u([0-9a-fA-F]{4})/g, fromHex) : text;
    for (const kind of secretKinds(plain)) {
      this.#secretCount++;
      if (this.#secrets.length < SECRETS_LISTED) this.#secrets.push({ file, line, kind });
    }
  }

  #report(damage: Damage): void {
    this.#damageCount++;
    if (this.#damage.length < DAMAGE_LISTED) this.#damage.push(damage);
  }
}

function fromHex(_match: string, hex: string): string {
  return String.fromCharCode(Number.parseInt(hex, 16));
}

/** Secrets are withheld before the cut: half a key would no longer be recognised. */
function shortJson(value: unknown): string {
  const text = withholdSecrets(JSON.stringify(value));
  return text.length <= TEXT_LENGTH_MAX ? text : `${text.slice(0, TEXT_LENGTH_MAX)}...`;
}
