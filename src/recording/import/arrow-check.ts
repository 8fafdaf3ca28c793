const MAGIC = "ARROW1";
const FIELDS_MAX = 1_000;
const ROWS_MAX = 20_000_000;
/** Size of `Block`, `FieldNode` and `Buffer` in Arrow's flatbuffers (format/File.fbs, Message.fbs). */
const [BLOCK_BYTES, NODE_BYTES, BUFFER_BYTES] = [24, 16, 16];
const RECORD_BATCH = 3;
const CONTINUATION = 0xffffffff;

/**
 * Checks the frame of an Arrow file before its reader sees it: every length and offset lies inside the file, columns
 * are flat, and every column has as many rows as its batch. The reader believes all of these, and a damaged length
 * would make it fill the memory of the machine.
 *
 * @returns what is wrong, or `null`.
 */
export function arrowProblem(bytes: Uint8Array): string | null {
  try {
    check(new FlatBuffer(bytes));
    return null;
  } catch (error) {
    if (error instanceof ArrowDamage) return error.message;
    // DataView refuses what lies outside of it.
    if (error instanceof RangeError) return "an offset points out of the file";
    throw error;
  }
}

class ArrowDamage extends Error {}

function check(file: FlatBuffer): void {
  const { length } = file;
  if (length < 24 || file.text(0, 6) !== MAGIC || file.text(length - 6, 6) !== MAGIC)
    throw new ArrowDamage("it is cut off");
  const footerBytes = file.int32(length - 10);
  const start = length - 10 - footerBytes;
  if (footerBytes <= 0 || start < 8) throw new ArrowDamage("its footer is damaged");
  const footer = start + file.int32(start);
  checkFields(file, footer);
  const dictionaries = file.vector(footer, 2, BLOCK_BYTES);
  if (dictionaries.count > 0) throw new ArrowDamage("it has dictionaries, plain columns are needed");
  file.vector(footer, 4, 4);
  const blocks = file.vector(footer, 3, BLOCK_BYTES);
  for (let index = 0; index < blocks.count; index++) checkBatch(file, blocks.start + index * BLOCK_BYTES);
}

function checkFields(file: FlatBuffer, footer: number): void {
  const schema = file.table(footer, 1);
  if (schema === null) throw new ArrowDamage("it has no schema");
  const fields = file.vector(schema, 1, 4);
  if (fields.count > FIELDS_MAX)
    throw new ArrowDamage(`it has ${fields.count} columns, at most ${FIELDS_MAX} are needed`);
  checkPairs(file, schema, 2);
  for (let index = 0; index < fields.count; index++) {
    const at = fields.start + index * 4;
    const field = at + file.int32(at);
    file.vector(field, 0, 1);
    if (file.vector(field, 5, 4).count > 0) throw new ArrowDamage("a column is nested, plain columns are needed");
    checkPairs(file, field, 6);
  }
}

/** Names and values that came with the schema (pandas writes its own). */
function checkPairs(file: FlatBuffer, table: number, slot: number): void {
  const pairs = file.vector(table, slot, 4);
  for (let index = 0; index < pairs.count; index++) {
    const at = pairs.start + index * 4;
    const pair = at + file.int32(at);
    file.vector(pair, 0, 1);
    file.vector(pair, 1, 1);
  }
}

function checkBatch(file: FlatBuffer, block: number): void {
  const [offset, metaBytes, bodyBytes] = [file.int64(block), file.int32(block + 8), file.int64(block + 16)];
  if (offset < 8 || metaBytes < 8 || bodyBytes < 0 || offset + metaBytes + bodyBytes > file.length) {
    throw new ArrowDamage("a batch lies out of the file");
  }
  if (file.uint32(offset) !== CONTINUATION) throw new ArrowDamage("a batch has no head");
  const message = offset + 8 + file.int32(offset + 8);
  const batch = file.table(message, 2);
  const isBatch = file.slot(message, 1) !== 0 && file.uint8(file.slot(message, 1)) === RECORD_BATCH;
  if (batch === null || !isBatch) throw new ArrowDamage("a batch has no rows");
  if (file.int64(file.slot(message, 3) || message) !== bodyBytes) throw new ArrowDamage("a batch has two sizes");
  checkPairs(file, message, 4);
  const rowsAt = file.slot(batch, 0);
  const rows = rowsAt === 0 ? 0 : file.int64(rowsAt);
  if (rows < 0 || rows > ROWS_MAX) throw new ArrowDamage(`a batch has ${rows} rows, at most ${ROWS_MAX} are needed`);
  const nodes = file.vector(batch, 1, NODE_BYTES);
  for (let index = 0; index < nodes.count; index++) {
    const found = file.int64(nodes.start + index * NODE_BYTES);
    if (found !== rows) throw new ArrowDamage(`a column has ${found} rows, its batch has ${rows}`);
  }
  const buffers = file.vector(batch, 2, BUFFER_BYTES);
  for (let index = 0; index < buffers.count; index++) {
    const at = buffers.start + index * BUFFER_BYTES;
    const [from, size] = [file.int64(at), file.int64(at + 8)];
    if (from < 0 || size < 0 || from + size > bodyBytes) throw new ArrowDamage("a buffer lies out of its batch");
  }
}

/** Just enough of the flatbuffers encoding: tables by slot, vectors that lie inside the file. */
class FlatBuffer {
  readonly length: number;
  readonly #view: DataView;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.length = bytes.length;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  text(at: number, length: number): string {
    return Buffer.from(this.#bytes.subarray(at, at + length)).toString("latin1");
  }

  uint8(at: number): number {
    return this.#view.getUint8(at);
  }

  int32(at: number): number {
    return this.#view.getInt32(at, true);
  }

  uint32(at: number): number {
    return this.#view.getUint32(at, true);
  }

  int64(at: number): number {
    return Number(this.#view.getBigInt64(at, true));
  }

  /** Place of a field of a table; 0 when the table does not have it. */
  slot(table: number, index: number): number {
    const vtable = table - this.int32(table);
    const at = 4 + index * 2;
    const offset = at < this.#view.getUint16(vtable, true) ? this.#view.getUint16(vtable + at, true) : 0;
    return offset === 0 ? 0 : table + offset;
  }

  table(table: number, index: number): number | null {
    const at = this.slot(table, index);
    return at === 0 ? null : at + this.int32(at);
  }

  vector(table: number, index: number, stride: number): { start: number; count: number } {
    const at = this.slot(table, index);
    if (at === 0) return { start: 0, count: 0 };
    const place = at + this.int32(at);
    const count = this.uint32(place);
    if (place + 4 + count * stride > this.length) throw new ArrowDamage("a list is longer than the file");
    return { start: place + 4, count };
  }
}
