import { readFileSync, statSync } from "node:fs";
import { UserError } from "../../diagnostics/user-error.ts";

/** Where a server is and how to be let in. Only `safeUrl` may be printed or written. */
export interface RedisTarget {
  readonly host: string;
  readonly port: number;
  readonly db: number;
  readonly isTls: boolean;
  readonly username: string | null;
  readonly password: string | null;
  /** The address without its password. */
  readonly safeUrl: string;
}

const EXAMPLE = 'such as "--redis redis://127.0.0.1:6379"';

/**
 * Reads `redis://user:password@host:port/db`, or `rediss://` for TLS.
 *
 * @throws {UserError} for anything else; what it says never holds the text of the URL, because that may be a secret.
 */
export function parseRedisUrl(text: string): RedisTarget {
  const refuse = (what: string) =>
    new UserError([{ text: `Cannot use the address of the Redis server: ${what}`, hint: `give one ${EXAMPLE}` }]);
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw refuse("it is no URL, redis://host:port is needed");
  }
  if (url.protocol !== "redis:" && url.protocol !== "rediss:") {
    throw refuse("it does not begin with redis:// or rediss://, one of them is needed");
  }
  const path = url.pathname.replace(/^\//, "");
  if (url.hostname === "") throw refuse("it names no host, redis://host:port is needed");
  if (!/^\d{0,9}$/.test(path)) throw refuse("what follows the port is no number of a database, such as /0 is needed");
  if (url.search !== "" || url.hash !== "") throw refuse('it has options after "?" or "#", none are known');
  const username = decoded(url.username, refuse);
  const password = decoded(url.password, refuse);
  const db = path === "" ? 0 : Number(path);
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const port = url.port === "" ? 6379 : Number(url.port);
  const user = url.username === "" ? "" : `${url.username}@`;
  const safeUrl = `${url.protocol}//${user}${url.hostname}:${port}${db === 0 ? "" : `/${db}`}`;
  return { host, port, db, isTls: url.protocol === "rediss:", username, password, safeUrl };
}

function decoded(text: string, refuse: (what: string) => UserError): string | null {
  if (text === "") return null;
  try {
    return decodeURIComponent(text);
  } catch {
    throw refuse('name or password have a "%" that is no escape, "%25" is one');
  }
}

/**
 * First line of a file that nobody else may read.
 *
 * @throws {UserError} when it is missing, empty, or open to others.
 */
export function readPasswordFile(file: string): string {
  const refuse = (what: string, hint: string, cause?: unknown) =>
    new UserError(
      [{ file, text: `Cannot read the password of the Redis server: ${what}`, hint }],
      undefined,
      cause === undefined ? undefined : { cause },
    );
  let text: string;
  try {
    const { mode } = statSync(file);
    if ((mode & 0o077) !== 0) {
      const what = `others may open the file (mode ${(mode & 0o777).toString(8).padStart(4, "0")}), mode 0600 is needed`;
      throw refuse(what, `chmod 600 ${file}`);
    }
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof UserError) throw error;
    const code = (error as { code?: string }).code ?? "an error";
    throw refuse(`the system answers ${code}, a readable file is needed`, "write the password to it, mode 0600", error);
  }
  const password = text.split(/\r?\n/, 1)[0]!;
  if (password === "") throw refuse("its first line is empty, the password is needed there", "write it to the file");
  return password;
}
