import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UserError } from "../../../src/diagnostics/user-error.ts";
import { gzipDeterministic, sha256Hex } from "../../../src/recording/gzip.ts";
import { inspectRecording } from "../../../src/recording/inspect/inspect-recording.ts";
import { inspectionSchema } from "../../../src/recording/inspect/inspection.ts";
import { type Manifest, recordingHash } from "../../../src/recording/manifest.ts";
import { openRecording } from "../../../src/recording/reader.ts";
import { redactRecording } from "../../../src/recording/repair/redact-recording.ts";
import { repairRecording } from "../../../src/recording/repair/repair-recording.ts";
import { verifyRecording } from "../../../src/recording/verify.ts";
import { repositoryPath } from "../../sim/run/run-helpers.ts";

/** The same seed every time: a failure here is a failure everywhere. */
const SEED = 20_260_202;
const RUNS = 50;
const SOURCE = repositoryPath("recordings/why-no-execute");
const PARTS = ["market.0001.ndjson.gz", "inputs.0001.ndjson.gz", "exchange.0001.ndjson.gz"] as const;
/** Lines kept of each part: a mutation hits something that matters sooner in a small recording. */
const LINES_KEPT = 25;

let base: string;
let small: string;
let made = 0;

beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), "fuzz-"));
  small = join(base, "small");
  cpSync(SOURCE, small, { recursive: true });
  for (const file of PARTS) {
    const lines = gunzipSync(readFileSync(join(SOURCE, file)))
      .toString()
      .trimEnd()
      .split("\n")
      .slice(0, LINES_KEPT);
    replaceContent(small, file, Buffer.from(`${lines.join("\n")}\n`), lines.length);
  }
  verifyRecording(openRecording(small, { cache: "off" }));
});

afterAll(() => rmSync(base, { recursive: true, force: true }));

/** Puts other content into a part and makes everything that vouches for it fit, as a faulty writer would. */
function replaceContent(dir: string, file: string, content: Buffer, records?: number): void {
  const packed = gzipDeterministic(content);
  writeFileSync(join(dir, file), packed);
  const path = join(dir, "manifest.json");
  const manifest = JSON.parse(readFileSync(path, "utf8")) as Manifest;
  const part = manifest.parts.find((candidate) => candidate.file === file)!;
  const facts = { bytes: packed.length, sha256: sha256Hex(packed), contentBytes: content.length };
  Object.assign(part, facts, { contentSha256: sha256Hex(content) }, records === undefined ? {} : { records });
  manifest.content[part.group] = part.contentSha256;
  const symbols = manifest.symbols.map(({ symbol }) => symbol);
  manifest.hash = recordingHash({ symbols, fidelity: manifest.fidelity, content: manifest.content });
  writeFileSync(path, JSON.stringify(manifest));
}

/** Runs a reader: it succeeds, or says what a person can do. Anything else is the finding. */
function outcome(what: string, action: () => void): "ok" | "refused" {
  try {
    action();
    return "ok";
  } catch (error) {
    if (!(error instanceof UserError)) throw new Error(`${what} broke`, { cause: error });
    expect([2, 14], `${what}: ${error.message}`).toContain(error.exitCode);
    expect(error.problems.length).toBeGreaterThan(0);
    for (const { text } of error.problems) expect(text).toMatch(/^Cannot \S/);
    return "refused";
  }
}

/** Every reader over one damaged recording; what a repair makes of it must be whole. */
function readAll(dir: string): { opened: string; inspected: string } {
  const opened = outcome("open", () => verifyRecording(openRecording(dir, { cache: "off" })));
  const inspected = outcome("inspect", () => {
    const found = inspectionSchema.parse(JSON.parse(JSON.stringify(inspectRecording(dir))));
    if (opened === "refused") expect(found.damageCount, "what cannot be read is damage").toBeGreaterThan(0);
  });
  const repairedDir = join(base, `repaired-${made}`);
  if (outcome("repair", () => repairRecording(dir, repairedDir)) === "ok") {
    verifyRecording(openRecording(repairedDir, { cache: "off" }));
    const again = join(base, `again-${made}`);
    expect(repairRecording(repairedDir, again).corrections).toEqual([]);
    for (const file of readdirSync(repairedDir)) {
      expect(readFileSync(join(again, file)).equals(readFileSync(join(repairedDir, file))), file).toBe(true);
    }
  }
  outcome("redact", () => redactRecording(dir, join(base, `redacted-${made}`)));
  return { opened, inspected };
}

function withCopy(damage: (dir: string) => void): { opened: string; inspected: string } {
  const dir = join(base, `damaged-${++made}`);
  cpSync(small, dir, { recursive: true });
  try {
    damage(dir);
    return readAll(dir);
  } finally {
    for (const name of ["damaged", "repaired", "again", "redacted"]) {
      rmSync(join(base, `${name}-${made}`), { recursive: true, force: true });
    }
  }
}

interface Edit {
  readonly at: number;
  readonly kind: "flip" | "cut" | "delete" | "insert" | "repeat";
  readonly byte: number;
  readonly length: number;
}

const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  kind: fc.constantFrom("flip", "flip", "delete", "insert", "repeat", "cut"),
  byte: fc.oneof(fc.constantFrom(...Buffer.from('"{}[],:\\\n-0123456789\u0000')), fc.integer({ min: 0, max: 255 })),
  length: fc.integer({ min: 1, max: 40 }),
});

function edited(bytes: Buffer, { at, kind, byte, length }: Edit): Buffer {
  const place = Math.floor(at * bytes.length);
  const [before, after] = [bytes.subarray(0, place), bytes.subarray(place)];
  if (kind === "cut") return before;
  if (kind === "delete") return Buffer.concat([before, after.subarray(length)]);
  if (kind === "insert") return Buffer.concat([before, Buffer.alloc(length, byte), after]);
  if (kind === "repeat") return Buffer.concat([before, after.subarray(0, length), after]);
  const flipped = Buffer.from(bytes);
  if (place < flipped.length) flipped[place] = byte;
  return flipped;
}

/** Values a writer of another program, or an attacker, puts into a record. */
const oddValue = fc.oneof(
  fc.constantFrom(
    0,
    -1,
    1.5,
    1e308,
    -0,
    2 ** 53,
    null,
    true,
    "",
    "0",
    "-1",
    "1e5",
    "NaN",
    "9".repeat(400),
    [],
    {},
    "\ud800",
  ),
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.constantFrom("__proto__", "constructor", "toString", "mark", "gap", "funding", "marketstate", "torn", "finding"),
  fc.jsonValue({ maxDepth: 3 }),
);

describe("every reader over damaged recordings succeeds or says in one sentence what to do", () => {
  test("bytes of the manifest", () => {
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 2 }), (edits) => {
        withCopy((dir) => {
          const path = join(dir, "manifest.json");
          writeFileSync(path, edits.reduce(edited, readFileSync(path)));
        });
      }),
      { seed: SEED, numRuns: RUNS },
    );
  });

  test("values of the manifest", () => {
    fc.assert(
      fc.property(fc.nat(), oddValue, fc.boolean(), (which, value, isRemoved) => {
        withCopy((dir) => {
          const path = join(dir, "manifest.json");
          const manifest = JSON.parse(readFileSync(path, "utf8")) as unknown;
          const places = placesOf(manifest);
          const [holder, key] = places[which % places.length]!;
          if (isRemoved) delete holder[key];
          else holder[key] = value;
          writeFileSync(path, JSON.stringify(manifest));
        });
      }),
      { seed: SEED, numRuns: 2 * RUNS },
    );
  });

  test("bytes of the packed parts", () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(fc.constantFrom(...PARTS), edit, (file, change) => {
        const { opened } = withCopy((dir) => {
          const path = join(dir, file);
          writeFileSync(path, edited(readFileSync(path), change));
        });
        seen.add(opened);
      }),
      { seed: SEED, numRuns: RUNS },
    );
    expect(seen).toContain("refused");
  });

  test("bytes of the records, with hashes that fit", () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(fc.constantFrom(...PARTS), fc.array(edit, { minLength: 1, maxLength: 2 }), (file, edits) => {
        const { opened } = withCopy((dir) => {
          replaceContent(dir, file, edits.reduce(edited, gunzipSync(readFileSync(join(dir, file)))));
        });
        seen.add(opened);
      }),
      { seed: SEED, numRuns: 2 * RUNS },
    );
    expect([...seen].sort()).toEqual(["ok", "refused"]);
  });

  test("values of the records, with hashes that fit", () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(fc.constantFrom(...PARTS), fc.nat(), fc.nat(), oddValue, (file, line, which, value) => {
        const { opened } = withCopy((dir) => {
          const lines = gunzipSync(readFileSync(join(dir, file)))
            .toString()
            .trimEnd()
            .split("\n");
          const record = JSON.parse(lines[line % lines.length]!) as unknown;
          const places = placesOf(record);
          const [holder, key] = places[which % places.length]!;
          holder[key] = value;
          lines[line % lines.length] = JSON.stringify(record);
          replaceContent(dir, file, Buffer.from(`${lines.join("\n")}\n`));
        });
        seen.add(opened);
      }),
      { seed: SEED, numRuns: 2 * RUNS },
    );
    expect([...seen].sort()).toEqual(["ok", "refused"]);
  });
});

type Holder = Record<string, unknown>;

/** Every value of a document with what holds it. */
function placesOf(document: unknown): [Holder, string][] {
  if (typeof document !== "object" || document === null) return [];
  return Object.entries(document).flatMap(([key, value]) => [
    [document as Holder, key] as [Holder, string],
    ...placesOf(value),
  ]);
}
