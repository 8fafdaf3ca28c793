import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { UserError } from "../../../src/diagnostics/user-error.ts";
import { gzipDeterministic } from "../../../src/recording/gzip.ts";
import { inspectRecording } from "../../../src/recording/inspect/inspect-recording.ts";
import { PART_UNPACKED_BYTES_MAX } from "../../../src/recording/manifest.ts";
import { RECORD_BYTES_MAX } from "../../../src/recording/part-reader.ts";
import { openRecording } from "../../../src/recording/reader.ts";
import { createRecordingWriter } from "../../../src/recording/writer.ts";
import { ensureBuilt, runSim } from "../../built-cli.ts";
import { editLines, editManifest, editPart, replacePart } from "../edit-recording.ts";

const MARKET = "market.0001.ndjson.gz";
const INPUTS = "inputs.0001.ndjson.gz";

let base: string;
let dir: string;
let made = 0;

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), "bad-input-"));
  await ensureBuilt();
});

afterAll(() => rmSync(base, { recursive: true, force: true }));

beforeEach(() => {
  dir = join(base, `rec-${++made}`);
  const writer = createRecordingWriter({ dir, id: "rec", fidelity: "mark", symbols: ["AUSDT"], createdBy: "test" });
  for (let second = 0; second < 30; second++) writer.market({ rxMs: second * 1000, symbol: 0, price: "1.5" });
  writer.input({ rxMs: 30_000, stream: "funding", payload: { sym: "AUSDT", rate: "0.0001", markPrice: "1.5" } });
  writer.seal();
});

interface Bad {
  readonly name: string;
  readonly damage: (dir: string) => void;
  /** File named, below the recording. */
  readonly file: string;
  readonly line?: number;
  readonly text: RegExp;
  /** Only the manifest makes a recording that cannot even be inspected. */
  readonly isManifest?: true;
}

const swap = (lines: string[]) => [lines[1]!, lines[0]!, ...lines.slice(2)];

const CASES: readonly Bad[] = [
  {
    name: "a manifest that is cut off",
    damage: (at) => writeFileSync(join(at, "manifest.json"), readFileSync(join(at, "manifest.json")).subarray(0, 400)),
    file: "manifest.json",
    text: /no complete JSON/,
    isManifest: true,
  },
  {
    name: "a schema of a later version",
    damage: (at) => editManifest(at, (manifest) => ({ ...manifest, schema: "rehearsal.recording/9" })),
    file: "manifest.json",
    text: /"rehearsal\.recording\/9", "rehearsal\.recording\/1" is needed/,
    isManifest: true,
  },
  {
    name: "another symbol table than the hash was made of",
    damage: (at) =>
      editManifest(at, (manifest) => {
        manifest.symbols[0]!.symbol = "BUSDT";
      }),
    file: "manifest.json",
    text: /its symbols, fidelity and content make/,
    isManifest: true,
  },
  {
    name: "a part of two gigabytes in one line, as a manifest announces it",
    damage: (at) =>
      editManifest(at, (manifest) => {
        manifest.parts[0]!.contentBytes = 2 ** 31;
      }),
    file: "manifest.json",
    text: new RegExp(`at most ${PART_UNPACKED_BYTES_MAX} bytes`),
    isManifest: true,
  },
  {
    name: "a part with another hash",
    damage: (at) => {
      const bytes = readFileSync(join(at, MARKET));
      bytes[30] = bytes[30]! ^ 1;
      writeFileSync(join(at, MARKET), bytes);
    },
    file: MARKET,
    text: /its SHA-256 is .* the manifest says/,
  },
  {
    name: "a gzip stream that ends too early, with a hash that fits",
    damage: (at) => {
      const packed = readFileSync(join(at, MARKET));
      replacePart(at, MARKET, packed.subarray(0, packed.length - 12), Buffer.alloc(1_788));
    },
    file: MARKET,
    text: /does not unpack \(unexpected end of file\)/,
  },
  {
    name: "a gzip bomb, with a hash that fits",
    damage: (at) => {
      const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024), { level: 1 });
      replacePart(at, MARKET, bomb, Buffer.alloc(2_000));
    },
    file: MARKET,
    text: /does not unpack \(Cannot create a Buffer larger than 2000 bytes\)/,
  },
  {
    name: "one line that is longer than any record",
    damage: (at) => {
      const line = Buffer.alloc(RECORD_BYTES_MAX + 2, "x");
      line[line.length - 1] = 0x0a;
      replacePart(at, INPUTS, gzipSync(line, { level: 1 }), line);
    },
    file: INPUTS,
    line: 1,
    text: new RegExp(`it has ${RECORD_BYTES_MAX + 1} bytes, at most ${RECORD_BYTES_MAX}`),
  },
  {
    name: "bytes that are no UTF-8",
    damage: (at) =>
      editPart(at, INPUTS, (content) => {
        const bytes = Buffer.from(content);
        bytes[bytes.indexOf("0.0001")] = 0xff;
        return bytes;
      }),
    file: INPUTS,
    line: 1,
    text: /no UTF-8/,
  },
  {
    name: "a symbol that is not in the table",
    damage: (at) =>
      editLines(at, MARKET, (lines) =>
        lines.map((line, index) => (index === 4 ? line.replace("AUSDT", "CUSDT") : line)),
      ),
    file: MARKET,
    line: 5,
    text: /symbol.* (is unknown|is not in)/,
  },
  {
    // Found by the fuzz: inspect called it whole, and no reader took it.
    name: "a price of a stream that has none",
    damage: (at) =>
      editLines(at, MARKET, (lines) =>
        lines.map((line, index) => (index === 2 ? line.replace("mark", "__proto__") : line)),
      ),
    file: MARKET,
    line: 3,
    text: /s is "__proto__"|its stream is no stream of prices/,
  },
  {
    name: "a clock that goes backwards",
    damage: (at) =>
      editLines(at, MARKET, (lines) =>
        lines.map((line, index) => (index === 9 ? line.replace('"rx":9000', '"rx":1000') : line)),
      ),
    file: MARKET,
    line: 10,
    text: /rx 1000 comes after 8000, the time received must not go backwards/,
  },
  {
    name: "numbers that go backwards",
    damage: (at) => editLines(at, MARKET, swap),
    file: MARKET,
    line: 2,
    text: /seq 1 comes after 2/,
  },
];

describe("bad input: exit 14 with what, where, why and what to do", () => {
  test.each(CASES)("$name", ({ damage, file, line, text, isManifest }) => {
    damage(dir);
    const error = failureOf(() => readWhole(dir));
    expect(error.exitCode).toBe(14);
    const [problem] = error.problems;
    expect(problem).toMatchObject({
      file: `${dir}/${file}`,
      text: expect.stringMatching(text),
      hint: expect.any(String),
    });
    if (line !== undefined) expect(problem?.line).toBe(line);
    if (isManifest) {
      expect(failureOf(() => inspectRecording(dir)).problems[0]).toEqual(problem);
      return;
    }
    const { damage: found } = inspectRecording(dir);
    expect(found[0]).toMatchObject({ file: `${dir}/${file}`, text: expect.stringMatching(text) });
    if (line !== undefined) expect(found[0]?.line).toBe(line);
  });
});

function readWhole(of: string): void {
  const recording = openRecording(of, { cache: "off" });
  for (const _ of recording.batches());
  for (const _ of recording.inputs());
}

function failureOf(action: () => void): UserError {
  try {
    action();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error("it was taken");
}

describe("the same through the command line", () => {
  test("inspect of a bomb exits with 14, names the place, the next command, and repairs what is left", async () => {
    replacePart(dir, MARKET, gzipDeterministic(Buffer.alloc(2 ** 22)), Buffer.alloc(2_000));
    const inspected = await runSim(["inspect", dir]);
    expect(inspected.code).toBe(14);
    expect(inspected.stdout.replace(/\s+/g, " ")).toContain(`${MARKET} Cannot use the part of the recording`);
    expect(inspected.stdout).toContain("--repair --out NEW");
    const out = join(base, "repaired");
    const repaired = await runSim(["inspect", dir, "--repair", "--out", out, "--json"]);
    expect(repaired).toMatchObject({ code: 0, stderr: "" });
    const document = JSON.parse(repaired.stdout) as { schema: string; corrections: { what: string }[] };
    expect(document.schema).toBe("sim.repair/1");
    expect(document.corrections.map(({ what }) => what)).toContain(`damaged part ${MARKET}`);
    const again = await runSim(["inspect", dir, "--repair", "--out", out]);
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining("it holds a sealed recording")]);
  });

  test("a later version exits with 14 and one JSON document also then", async () => {
    editManifest(dir, (manifest) => ({ ...manifest, schema: "rehearsal.recording/9" }));
    const { code, stdout, stderr } = await runSim(["inspect", dir, "--json"]);
    expect([code, stderr]).toEqual([14, ""]);
    const document = JSON.parse(stdout) as { schema: string; error: { problems: { hint: string }[] } };
    expect(document.schema).toBe("sim.error/1");
    expect(document.error.problems[0]?.hint).toContain("update this program");
  });

  test("a recording without the streams a scenario needs exits with 2 and says what would run", async () => {
    const scenario = join(base, "needs-intents.yaml");
    writeFileSync(scenario, `name: needs-intents\nrecording: ${dir}\nintents: recording\n`);
    const { code, stderr } = await runSim(["run", scenario, "--out", join(base, "runs")]);
    expect(code).toBe(2);
    expect(stderr).toContain('it has no stream "trade.intent"');
    expect(stderr).toContain('"intents: none" runs without any');
  });

  test("a folder of several recordings exits with 2 and names them", async () => {
    const { code, stderr } = await runSim(["inspect", "recordings"]);
    expect(code).toBe(2);
    const names = readdirSync("recordings").sort();
    expect(stderr).toContain(`it holds ${names.length} recordings (${names.slice(0, 3).join(", ")}`);
    expect(stderr).toContain(`"sim inspect recordings/${names[0]}"`);
    const wrong = await runSim(["inspect", dir, "--repair", "--redact"]);
    expect([wrong.code, wrong.stderr.split("\n").length]).toEqual([2, 3]);
  });
});
