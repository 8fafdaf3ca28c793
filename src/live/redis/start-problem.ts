import { UserError } from "../../diagnostics/user-error.ts";
import { LinkLost, RedisRefusal } from "./link.ts";
import type { RedisTarget } from "./redis-target.ts";

/** Commands a recorder asks for; a user of the server who may do only this can record. */
export const RIGHTS = "+xread +xrange +xinfo +get +pttl";

const PASSWORD_HINT = 'write it to a file of mode 0600 and add "--redis-password-file FILE"';

/** Why recording cannot begin, in words; errors of other kinds stay what they are. */
export function startProblem(error: unknown, target: RedisTarget): unknown {
  if (error instanceof LinkLost) {
    const text = `Cannot connect to ${target.safeUrl}: ${error.message}, a Redis server that answers is needed`;
    return new UserError([
      { text, hint: `"redis-cli -h ${target.host} -p ${target.port} PING" says whether one does` },
    ]);
  }
  if (!(error instanceof RedisRefusal)) return error;
  const refused = (what: string, hint: string) =>
    new UserError([{ text: `Cannot record from ${target.safeUrl}: ${what}`, hint }]);
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
        `"ACL SETUSER name ${RIGHTS} ~*" gives the rights`,
      );
    case "LOADING":
      return refused("the server is still loading its data", "run the command again when it has");
    case "MOVED":
      return refused("it is a node of a cluster that does not hold the stream", "record from the node that does");
    default:
      return refused(`the server answers "${error.message}"`, "is it Redis 5 or later, with streams?");
  }
}
