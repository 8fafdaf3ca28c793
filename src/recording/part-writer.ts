import { createHash } from "node:crypto";
import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { gzipDeterministic, sha256Hex } from "./gzip.ts";
import type { ManifestPart, PartGroup } from "./manifest.ts";

/** A part is read whole, so this bounds the memory of readers. */
export const PART_CONTENT_BYTES_MAX = 16 * 1024 * 1024;
const CHUNK_LENGTH = 256 * 1024;

export interface PartOrder {
  readonly seq: number;
  readonly rxMs: number;
  readonly tsMs: number;
}

/** Cuts the records of one group into gzip parts of bounded size. Not usable after `finish`. */
export class PartWriter {
  readonly #dir: string;
  readonly #group: PartGroup;
  readonly #contentBytesMax: number;
  readonly #groupHash = createHash("sha256");
  readonly #parts: ManifestPart[] = [];
  #text = "";
  #chunks: Buffer[] = [];
  #contentBytes = 0;
  #records = 0;
  #streams = new Set<string>();
  #first: PartOrder | null = null;
  #last: PartOrder | null = null;
  #tsMin = Number.POSITIVE_INFINITY;
  #tsMax = Number.NEGATIVE_INFINITY;

  constructor(dir: string, group: PartGroup, contentBytesMax = PART_CONTENT_BYTES_MAX) {
    this.#dir = dir;
    this.#group = group;
    this.#contentBytesMax = contentBytesMax;
  }

  /** `order` is `null` for static data. The line ends in a newline. */
  append(line: string, stream: string, order: PartOrder | null): void {
    // Bytes of text still pending are counted as characters: symbols beyond ASCII may overshoot the cut a little.
    if (this.#records > 0 && this.#contentBytes + this.#text.length + line.length > this.#contentBytesMax) this.#cut();
    this.#text += line;
    this.#records++;
    if (!this.#streams.has(stream)) this.#streams.add(stream);
    if (order !== null) {
      this.#first ??= order;
      this.#last = order;
      if (order.tsMs < this.#tsMin) this.#tsMin = order.tsMs;
      if (order.tsMs > this.#tsMax) this.#tsMax = order.tsMs;
    }
    if (this.#text.length >= CHUNK_LENGTH) this.#flush();
  }

  /** Writes the last part and says what was written. */
  finish(): { parts: ManifestPart[]; contentSha256: string } {
    if (this.#records > 0) this.#cut();
    return { parts: this.#parts, contentSha256: this.#groupHash.digest("hex") };
  }

  #flush(): void {
    const chunk = Buffer.from(this.#text, "utf8");
    this.#chunks.push(chunk);
    this.#contentBytes += chunk.length;
    this.#text = "";
  }

  #cut(): void {
    this.#flush();
    const content = Buffer.concat(this.#chunks);
    this.#groupHash.update(content);
    const packed = gzipDeterministic(content);
    const file = `${this.#group}.${String(this.#parts.length + 1).padStart(4, "0")}.ndjson.gz`;
    writeDurably(join(this.#dir, file), packed);
    this.#parts.push({
      file,
      group: this.#group,
      streams: [...this.#streams].sort(),
      records: this.#records,
      bytes: packed.length,
      sha256: sha256Hex(packed),
      contentBytes: content.length,
      contentSha256: sha256Hex(content),
      firstSeq: this.#first?.seq ?? null,
      lastSeq: this.#last?.seq ?? null,
      firstRx: this.#first?.rxMs ?? null,
      lastRx: this.#last?.rxMs ?? null,
      firstTs: this.#first === null ? null : this.#tsMin,
      lastTs: this.#first === null ? null : this.#tsMax,
    });
    this.#chunks = [];
    this.#contentBytes = 0;
    this.#records = 0;
    this.#streams = new Set();
    this.#first = null;
    this.#last = null;
    this.#tsMin = Number.POSITIVE_INFINITY;
    this.#tsMax = Number.NEGATIVE_INFINITY;
  }
}

/** The file is on the disk, not only in a cache, before anything refers to it. */
export function writeDurably(path: string, bytes: Uint8Array | string): void {
  const file = openSync(path, "wx");
  try {
    const buffer = typeof bytes === "string" ? Buffer.from(bytes, "utf8") : bytes;
    for (let written = 0; written < buffer.length; ) written += writeSync(file, buffer, written);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
