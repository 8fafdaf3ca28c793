import { readFileSync } from "node:fs";
import { join } from "node:path";
import { constants, gunzipSync } from "node:zlib";
import { UserError } from "../../diagnostics/user-error.ts";
import { sha256Hex } from "../gzip.ts";
import type { ManifestPart } from "../manifest.ts";
import { readPart } from "../part-reader.ts";

/** What can be read of a part, damaged or not. */
export interface SalvagedPart {
  readonly content: Buffer;
  /** What is wrong with the file; `null` when nothing is. */
  readonly problem: string | null;
  /** The content is the one the manifest lists, whatever is wrong with the file. */
  readonly isVerified: boolean;
}

/** Never throws for a damaged part; a part of which nothing can be read has no content. */
export function salvagePart(dir: string, part: ManifestPart): SalvagedPart {
  try {
    const content = readPart(dir, part);
    if (sha256Hex(content) === part.contentSha256) return { content, problem: null, isVerified: true };
    const problem =
      "Cannot trust the part of the recording: what it unpacks to has another SHA-256 than the manifest says";
    return { content, problem, isVerified: false };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const content = unpackable(readOrEmpty(join(dir, part.file)), part.contentBytes);
    const isVerified = sha256Hex(content) === part.contentSha256;
    return { content, problem: error.problems.map(({ text }) => text).join("; "), isVerified };
  }
}

function readOrEmpty(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    // The problem is known already from the first try to read it.
    return Buffer.alloc(0);
  }
}

/** The longest beginning that unpacks without an error, at most `maxBytes` of it. */
function unpackable(packed: Buffer, maxBytes: number): Buffer {
  const unpack = (bytes: number): Buffer | null => {
    try {
      // Without the end of the stream there is no checksum to meet: what unpacks so far is what the writer had written.
      return gunzipSync(packed.subarray(0, bytes), {
        finishFlush: constants.Z_SYNC_FLUSH,
        maxOutputLength: Math.max(1, maxBytes),
      });
    } catch {
      return null;
    }
  };
  let good = 0;
  let content = unpack(packed.length);
  if (content !== null) return content;
  content = Buffer.alloc(0);
  for (let bad = packed.length; bad - good > 1; ) {
    const middle = (good + bad) >> 1;
    const found = unpack(middle);
    if (found === null) bad = middle;
    else {
      good = middle;
      content = found;
    }
  }
  return content;
}
