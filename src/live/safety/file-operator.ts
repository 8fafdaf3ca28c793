import { constants } from "node:fs";
import { open } from "node:fs/promises";
import type { KillSwitchSet } from "../../engine/domain/event.ts";
import type { Cancel, Clock, Operator, OperatorListener } from "../ports.ts";

const INTERVAL_MS = 250;
const BYTES_READ = 64;

export interface FileOperatorOptions {
  /** The kill file; it need not be there, nor its folder. */
  readonly path: string;
  readonly clock: Clock;
  /** Between two looks. 250 when absent. */
  readonly intervalMs?: number;
}

type Scope = KillSwitchSet["scope"];

/** What the kill file says; `absent` when there is none. */
export type KillFileWord = "absent" | Scope | "stop";

/**
 * The kill file: while it is there, no new risk is taken. Its first word says more: `all` stops every order, `stop` ends
 * the session as a Ctrl-C does, `off` takes the kill switch back, and every other word, no word, and a file that cannot
 * be read mean `entries`. Taking the file away takes back what it had set.
 *
 * The first look is over when `start` resolves, so a file that is already there holds before the first intent.
 */
export function createFileOperator({ path, clock, intervalMs = INTERVAL_MS }: FileOperatorOptions): Operator {
  let listener: OperatorListener | null = null;
  let cancel: Cancel | null = null;
  let before: KillFileWord = "absent";
  let hasSet = false;
  let looking: Promise<void> = Promise.resolve();

  async function look(): Promise<void> {
    const word = await readKillFile(path, before);
    if (listener === null) return;
    if (word !== before) {
      before = word;
      tell(word, listener);
    }
    cancel = clock.schedule(clock.nowMs() + intervalMs, () => {
      looking = look();
    });
  }

  function tell(word: KillFileWord, to: OperatorListener): void {
    if (word === "stop") {
      to.stop();
      return;
    }
    const scope = word === "absent" ? "off" : word;
    // Nothing was set by a file that was never there.
    if (word === "absent" && !hasSet) return;
    hasSet = scope !== "off";
    to.killSwitch(scope, word === "absent" ? "file removed" : "file");
  }

  return {
    async start(to) {
      listener = to;
      looking = look();
      await looking;
    },
    async close() {
      listener = null;
      cancel?.();
      await looking;
      cancel?.();
    },
  };
}

/**
 * One look at a kill file, for a preflight or between two others.
 *
 * @param before what holds on while nobody can say whether the file is there
 */
export async function readKillFile(path: string, before: KillFileWord = "absent"): Promise<KillFileWord> {
  try {
    // Not blocking: a pipe would wait for a writer for ever.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      if (!(await file.stat()).isFile()) return "entries";
      const { bytesRead, buffer } = await file.read(Buffer.alloc(BYTES_READ), 0, BYTES_READ, 0);
      return wordOf(buffer.toString("utf8", 0, bytesRead));
    } finally {
      await file.close();
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return "absent";
    return before === "absent" ? "entries" : before;
  }
}

/** What the text of a kill file or key asks for. */
export function wordOf(text: string): Exclude<KillFileWord, "absent"> {
  const [word = ""] = text.trim().toLowerCase().split(/\s/);
  return word === "off" || word === "all" || word === "stop" ? word : "entries";
}
