import { renameSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import {
  MANIFEST_FILE,
  type Manifest,
  manifestSchema,
  manifestText,
  type PartGroup,
  recordingHash,
} from "../manifest.ts";
import { type PartOrder, PartWriter, writeDurably } from "../part-writer.ts";
import { cannotWrite, isSystemError, makeScratch, refuseToOverwrite, type SealedRecording } from "../writer.ts";

/**
 * Writes a recording of lines that exist already, byte by byte as they are given: numbers too large for a double, and
 * the order of keys, survive. Everything is in a folder beside the target until `seal`.
 *
 * @throws {UserError} when the target exists and is not an empty folder, or cannot be written.
 */
export class LineWriter {
  readonly #dir: string;
  readonly #target: string;
  readonly #scratch: string;
  readonly #groups: Readonly<Record<PartGroup, PartWriter>>;
  #isDone = false;

  constructor(dir: string) {
    this.#dir = dir;
    this.#target = resolve(dir);
    refuseToOverwrite(dir);
    this.#scratch = makeScratch(this.#target, dir);
    const part = (group: PartGroup) => new PartWriter(this.#scratch, group);
    this.#groups = { market: part("market"), inputs: part("inputs"), exchange: part("exchange") };
  }

  /** `text` is a record without its newline; `order` is `null` for static data. */
  line(group: PartGroup, text: string, stream: string, order: PartOrder | null): void {
    this.#guard(() => this.#groups[group].append(`${text}\n`, stream, order));
  }

  /** `head` with the parts that were written, and the hashes that follow from them; its other fields keep their order. */
  seal(head: Manifest): SealedRecording {
    const manifest = this.#guard(() => {
      const { market, inputs, exchange } = this.#groups;
      const [first, second, third] = [market.finish(), inputs.finish(), exchange.finish()];
      const content = {
        market: first.contentSha256,
        inputs: second.contentSha256,
        exchange: third.contentSha256,
      };
      const symbols = head.symbols.map(({ symbol }) => symbol);
      // Fields of later versions come first, as the first writer put them: the copy of a whole recording is the same.
      const carried = Object.entries(head).filter(([key]) => !Object.hasOwn(manifestSchema.shape, key));
      const whole: Manifest = {
        ...Object.fromEntries(carried),
        ...head,
        hash: recordingHash({ symbols, fidelity: head.fidelity, content }),
        parts: [...first.parts, ...second.parts, ...third.parts],
        content,
      };
      writeDurably(join(this.#scratch, MANIFEST_FILE), manifestText(whole));
      renameSync(this.#scratch, this.#target);
      return whole;
    });
    this.#isDone = true;
    const counts = Object.fromEntries(manifest.streams.map(({ stream, records }) => [stream, records]));
    return { dir: this.#dir, hash: manifest.hash, counts, manifest };
  }

  /** Leaves nothing behind. Without effect after `seal`. */
  abort(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    rmSync(this.#scratch, { recursive: true, force: true });
  }

  #guard<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      this.abort();
      throw isSystemError(error) ? cannotWrite(this.#dir, error) : error;
    }
  }
}
