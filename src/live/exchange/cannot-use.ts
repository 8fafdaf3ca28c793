import { EXIT, UserError } from "../../diagnostics/user-error.ts";
import type { VenueHosts } from "../safety/hosts.ts";
import { VenueError } from "./venue-failure.ts";

/** Codes that say what is wrong with the keys, with what helps. */
const KEY_CODES: ReadonlyMap<number, string> = new Map([
  [-2008, "make keys at demo.binance.com (Demo Trading): keys of other places are not known there"],
  [-2014, "copy the key again, without quotes, spaces and line breaks"],
  [-2015, "make keys at demo.binance.com with futures trading allowed, without a restriction to other addresses"],
  [-1022, "the secret does not belong to the key: copy both again"],
]);

/** A failure that nobody but the user can mend, in words that name the exchange and never a key; exit 15. */
export function cannotUse(hosts: VenueHosts, error: unknown): UserError {
  if (error instanceof UserError) return error;
  const failure = error instanceof VenueError ? error.failure : null;
  const words =
    failure === null ? String(error) : failure.code === 0 ? failure.text : `${failure.code} ${failure.text}`;
  const hint = failure === null ? undefined : KEY_CODES.get(failure.code);
  const text = `Cannot use the exchange at ${hosts.rest}: it answers "${words}"`;
  return new UserError(
    [{ text, hint: hint ?? "look whether it can be reached from here, then start again" }],
    EXIT.liveRefused,
    {
      cause: error,
    },
  );
}
