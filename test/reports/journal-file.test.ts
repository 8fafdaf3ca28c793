import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UserError } from "../../src/diagnostics/user-error.ts";
import { decodeJournalLine, encodeJournalLine } from "../../src/reports/journal-codec.ts";
import { createJournalWriter, readJournal } from "../../src/reports/journal-file.ts";
import { header, incident, journal, plan } from "./journal-builder.ts";

function written(entries = incident().entries): string {
  const chunks: string[] = [];
  const writer = createJournalWriter(header(), (chunk) => chunks.push(chunk));
  for (const entry of entries) writer.append(entry);
  writer.flush();
  return chunks.join("");
}

function readAll(text: string) {
  const reader = readJournal([text], "run/journal.ndjson");
  return { entries: [...reader.entries()], reader };
}

function problemOf(text: string): string {
  try {
    readAll(text);
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
  return "no error";
}

describe("the journal file", () => {
  it("gives back exactly what was written, money as money", () => {
    const { entries } = incident();
    const text = written(entries);
    const { entries: read, reader } = readAll(text);
    expect(read).toEqual(entries);
    expect(reader.header).toEqual(header());
    expect(reader.findings).toEqual([]);
    expect(text).toContain('"walletQuote":"10000"');
    expect(text.split("\n").length).toBe(entries.length + 2);
  });

  it("writes equal bytes for objects whose keys were set in another order", () => {
    const [first] = journal().publish(1, plan("a")).entries.slice(-1);
    const shuffled = JSON.parse(JSON.stringify(first), (_key, value) =>
      typeof value === "object" && value !== null && !Array.isArray(value) && !("warning" in value)
        ? Object.fromEntries(Object.entries(value).reverse())
        : value,
    );
    expect(encodeJournalLine(shuffled)).toBe(encodeJournalLine(first!));
  });

  it("keeps the order of a formula's terms", () => {
    const line = encodeJournalLine(journal().publish(1, plan("a")).entries[1]!);
    expect(line).toContain('"terms":{"killScore":0.214,"warning":0.6,"critical":0.8}');
  });

  it("leaves raw intent fields alone, even those that end in Quote", () => {
    const fields = { sizeQuote: "not money", symbol: "ZECUSDT", __proto__x: "1" };
    const entry = journal().at(1, { type: "intent.received", entryId: "1-0", fields }).entries[1]!;
    expect(decodeJournalLine(encodeJournalLine(entry))).toEqual(entry);
  });

  it("refuses NaN and infinity, naming the field", () => {
    const bad = journal().publish(1, plan("a", { markPrice: Number.NaN })).entries[1]!;
    expect(() => encodeJournalLine(bad)).toThrow(/decisions\[0\]\.plan\.markPrice to the journal: it is NaN/);
  });

  it("refuses money in a field that does not say so", () => {
    const bad = journal().publish(1, plan("a", { markPrice: 1n as unknown as number })).entries[1]!;
    expect(() => encodeJournalLine(bad)).toThrow(/fields ending in "Quote"/);
  });

  it("reads the same entries however the bytes are cut into chunks", () => {
    const text = written(
      journal()
        .publish(5, plan("a", { symbol: "币安人生USDT" }))
        .end(9).entries,
    );
    const bytes = Buffer.from(text);
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 12 }), (cuts) => {
        const edges = [0, ...cuts.sort((left, right) => left - right), bytes.length];
        const chunks = edges.slice(1).map((edge, index) => bytes.subarray(edges[index]!, edge));
        expect([...readJournal(chunks, "j").entries()]).toEqual(readAll(text).entries);
      }),
      { numRuns: 50, seed: 7 },
    );
  });

  it("reads a torn last line as cut short and keeps what came before", () => {
    const text = written();
    const { entries, reader } = readAll(text.slice(0, -40));
    expect(entries).toHaveLength(incident().entries.length - 1);
    expect(reader.findings).toMatchObject([{ code: "journal_cut_short", line: entries.length + 2 }]);
  });

  it("says that a journal without run.ended is cut short", () => {
    const { reader } = readAll(written(journal().tick(5).entries));
    expect(reader.findings[0]!.text).toContain("ends without run.ended");
  });

  it("names file and line of damage in the middle", () => {
    const lines = written().split("\n");
    lines[4] = '{"envelope":';
    expect(problemOf(lines.join("\n"))).toMatch(
      /^run\/journal\.ndjson:5:1 Cannot read the journal: the line does not decode/,
    );
  });

  it("accepts missing sequence numbers, names repeated ones and time that goes back", () => {
    const lines = written().split("\n");
    expect(problemOf([...lines.slice(0, 3), ...lines.slice(4)].join("\n"))).toBe("no error");
    expect(problemOf([...lines.slice(0, 3), lines[2], ...lines.slice(3)].join("\n"))).toContain(
      "journal.ndjson:4:1 Cannot read the journal: seq is 2 after 2, a larger one is needed",
    );
    const [one, two] = journal().tick(100).tick(200).entries.slice(1);
    const back = written(
      [two!, one!].map((entry, index) => ({ ...entry, envelope: { ...entry.envelope, seq: index + 1 } })),
    );
    expect(problemOf(back)).toMatch(/:3:1 .*time goes back/);
  });

  it("refuses an empty file, a file without header and another schema", () => {
    expect(problemOf("")).toContain("the file is empty");
    expect(problemOf("[]\n")).toContain("the first line is no header");
    expect(problemOf(written().replace("rehearsal.journal/1", "rehearsal.journal/9"))).toContain(
      'its schema is "rehearsal.journal/9"',
    );
    expect(problemOf(written().replace('"seed":"1"', '"seed":1'))).toContain(
      "seed: Cannot read the journal: its header needs seed as text",
    );
  });
});
