import { createHash } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";

/** Level 6 is zlib's own default; it is spelled out because the bytes of a recording depend on it. */
const LEVEL = 6;
const OS_BYTE_OFFSET = 9;
const OS_UNKNOWN = 255;

/**
 * Compresses into one gzip member that depends on the input alone.
 *
 * Node writes no modification time, but it does write the number of the operating system; that byte is set to
 * "unknown" (RFC 1952). The deflate bytes may still differ between builds of zlib, which is why a recording is
 * identified by the hash of its content and its files are only checked by the hash of their bytes.
 */
export function gzipDeterministic(content: Uint8Array): Buffer {
  const packed = gzipSync(content, { level: LEVEL });
  packed[OS_BYTE_OFFSET] = OS_UNKNOWN;
  return packed;
}

/** Whole content of a gzip file; a torn or damaged file throws. `maxBytes` bounds what a wrong file can unpack to. */
export function gunzipStrict(packed: Uint8Array, maxBytes: number): Buffer {
  return gunzipSync(packed, { maxOutputLength: Math.max(1, maxBytes) });
}

export function sha256Hex(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}
