import { UserError } from "../../diagnostics/user-error.ts";
import { LinkLost, RedisRefusal } from "../redis/link.ts";
import type { RedisTarget } from "../redis/redis-target.ts";

const PASSWORD_HINT = "write the right one to a file of mode 0600 and name that file";

/** What is wanted of a server, for the sentence that says why it cannot be done. */
export interface Purpose {
  /** e.g. `read intents from` */
  readonly what: string;
  /** Commands a user of the server must be allowed, e.g. `+xreadgroup +xack`. */
  readonly rights: string;
}

/** Why a stream cannot be begun with, in words; errors of other kinds stay what they are. */
export function streamProblem(error: unknown, target: RedisTarget, { what, rights }: Purpose): unknown {
  const refused = (text: string, hint: string) =>
    new UserError([{ text: `Cannot ${what} ${target.safeUrl}: ${text}`, hint }], undefined, { cause: error });
  if (error instanceof LinkLost) {
    const hint = `"redis-cli -h ${target.host} -p ${target.port} PING" says whether one does`;
    return refused(`${error.message}, a Redis server that answers is needed`, hint);
  }
  if (!(error instanceof RedisRefusal)) return error;
  if (error.message.includes("without any password configured")) {
    return refused("a password was given and the server has none", "leave the password away");
  }
  switch (error.code) {
    case "WRONGPASS":
      return refused("the server does not know this user and password, the right ones are needed", PASSWORD_HINT);
    case "NOAUTH":
      return refused("the server wants a password and none was given", PASSWORD_HINT);
    case "NOPERM":
      return refused(
        `the user may not do what is needed (${error.message})`,
        `"ACL SETUSER name ${rights} ~*" gives the rights`,
      );
    case "LOADING":
      return refused("the server is still loading its data", "run the command again when it has");
    case "READONLY":
      return refused("the server is a replica, which cannot be written", "name the one that is written");
    case "MOVED":
      return refused("it is a node of a cluster that does not hold the key", "name the node that does");
    default:
      return refused(`the server answers "${error.message}"`, "is it Redis 6.2 or later, with streams?");
  }
}

/** Commands each port asks for; a user of the server who may do only this can run a session. */
export const INTENT_RIGHTS = "+xreadgroup +xack +xautoclaim +xgroup +xinfo +xpending +xrange +type";
export const PLAN_RIGHTS = "+get +set +del +expire +hset +hdel +hgetall +xadd +multi +exec +watch +unwatch +type";
export const OPERATOR_RIGHTS = "+get";
