#!/bin/sh
# Goes on with the newest session in LIVE_OUT, or begins a new one when there is none or the newest has ended.
# Further arguments go to `live` as they are.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
live="$here/../dist/cli/live.js"
out=${LIVE_OUT:-/var/lib/rehearsal}

# shellcheck disable=SC2012 # the program names its folders itself: no blanks, no line ends
journal=$(ls -1t "$out"/*/journal.ndjson 2>/dev/null | head -n 1)

# The last line of a session that ended says so and is whole; half a line was never confirmed.
has_ended() {
  [ -z "$(tail -c 1 "$1")" ] && tail -n 1 "$1" | grep -qF '"type":"run.ended"'
}

if [ -n "$journal" ] && ! has_ended "$journal"; then
  exec node "$live" --resume "$(dirname "$journal")" "$@"
fi
exec node "$live" --testnet --out "$out" "$@"
