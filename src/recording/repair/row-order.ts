import type { Manifest } from "../manifest.ts";
import type { InputRow } from "../record.ts";
import { streamRank } from "../stream-rank.ts";
import type { KeptRow } from "./repair-source.ts";

/** A row with its place in the order of replay; either one of the original or one that is added. */
export interface MergeRow {
  readonly rxMs: number;
  readonly rank: number;
  readonly seq: number;
  readonly row: KeptRow | null;
  readonly added: InputRow | null;
}

/** The rank the recording itself gives a stream; a stream it does not have gets the one of this version. */
export function rankOf(stream: string, { streams }: Manifest): number {
  return streams.find((entry) => entry.stream === stream)?.rank ?? streamRank(stream);
}

export function rowKey(row: KeptRow, manifest: Manifest): MergeRow {
  const { rxMs, seq } = row.order!;
  return { rxMs, rank: rankOf(row.stream, manifest), seq, row, added: null };
}

/** After the records of the original at the same time and rank. */
export function addedRow(added: InputRow, index: number, manifest: Manifest): MergeRow {
  const seq = Number.MAX_SAFE_INTEGER - 1_000_000_000 + index;
  return { rxMs: added.rxMs, rank: rankOf(added.stream, manifest), seq, row: null, added };
}

export function isBefore(left: MergeRow, right: MergeRow): boolean {
  if (left.rxMs !== right.rxMs) return left.rxMs < right.rxMs;
  if (left.rank !== right.rank) return left.rank < right.rank;
  return left.seq < right.seq;
}

/** Merges sources that are each in order; of equal rows the one of the earlier source goes first. */
export class Merge {
  readonly #sources: readonly Iterator<MergeRow>[];

  constructor(sources: readonly Iterable<MergeRow>[]) {
    this.#sources = sources.map((source) => source[Symbol.iterator]());
  }

  *rows(): Generator<MergeRow> {
    const heads = this.#sources.map((source) => source.next());
    for (;;) {
      let earliest = -1;
      for (const [index, head] of heads.entries()) {
        if (head.done === true) continue;
        if (earliest < 0 || isBefore(head.value, heads[earliest]!.value as MergeRow)) earliest = index;
      }
      if (earliest < 0) return;
      yield heads[earliest]!.value as MergeRow;
      heads[earliest] = this.#sources[earliest]!.next();
    }
  }
}
