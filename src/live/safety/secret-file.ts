import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync, realpathSync, type Stats } from "node:fs";
import { dirname, sep } from "node:path";
import { EXIT, type Problem, UserError } from "../../diagnostics/user-error.ts";

const BYTES_MAX = 16_384;
/** Any right of group or others. */
const OTHERS_MODE = 0o077;

/**
 * Text of a file that only the user of this process can read. A symbolic link may point to a file of its own folder (as
 * mounted secrets do) and nowhere else. What is judged is the opened file, so nothing can be swapped in between.
 *
 * @throws {UserError} exit 15 when anybody else could read or replace it, or when it cannot be read
 */
export function readSecretFile(path: string): string {
  const descriptor = openNear(path);
  try {
    const stats = fstatSync(descriptor);
    const problem = problemOf(path, stats, process.getuid?.() ?? stats.uid);
    if (problem !== null) refuse(problem);
    return readFileSync(descriptor, "utf8");
  } finally {
    closeSync(descriptor);
  }
}

/** What speaks against a file of secrets; `null` when nothing does. */
export function problemOf(
  path: string,
  stats: Pick<Stats, "isFile" | "uid" | "mode" | "size">,
  ownUid: number,
): Problem | null {
  const what = "Cannot take keys from the file";
  if (!stats.isFile()) return { file: path, text: `${what}: it is no ordinary file, an ordinary file is needed` };
  if (stats.uid !== ownUid) {
    return {
      file: path,
      text: `${what}: it belongs to user ${stats.uid}, a file of user ${ownUid} who runs this is needed`,
      hint: `sudo chown ${ownUid} ${quoted(path)} && chmod 600 ${quoted(path)}`,
    };
  }
  if ((stats.mode & OTHERS_MODE) !== 0) {
    const mode = (stats.mode & 0o777).toString(8).padStart(4, "0");
    return {
      file: path,
      text: `${what}: its mode is ${mode}, so others than its owner have rights to it, 0600 is needed`,
      hint: `chmod 600 ${quoted(path)}, and make new keys if somebody may have read it`,
    };
  }
  if (stats.size > BYTES_MAX) {
    return { file: path, text: `${what}: it has ${stats.size} bytes, a file of at most ${BYTES_MAX} is needed` };
  }
  return null;
}

function openNear(path: string): number {
  try {
    const real = realpathSync(path);
    const home = realpathSync(dirname(path));
    if (lstatSync(path).isSymbolicLink() && !real.startsWith(home.endsWith(sep) ? home : `${home}${sep}`)) {
      refuse({
        file: path,
        text: "Cannot take keys from the file: it is a symbolic link out of its folder, a file of the folder is needed",
        hint: `name the file itself, ${real}`,
      });
    }
    // Not blocking: a pipe would wait for a writer for ever.
    return openSync(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (error instanceof UserError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? "an unknown error";
    const hint =
      code === "ENOENT" ? `touch ${quoted(path)} && chmod 600 ${quoted(path)}, then write both names in it` : null;
    refuse({
      file: path,
      text: `Cannot take keys from the file: opening it ended in ${code}, a file that this user can read is needed`,
      ...(hint === null ? {} : { hint }),
    });
  }
}

function refuse(problem: Problem): never {
  throw new UserError([problem], EXIT.liveRefused);
}

/** For a shell to copy. */
function quoted(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
