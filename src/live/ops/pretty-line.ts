const HOSTILE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu;

/** `00:21:20.100 warn  redis was away  stream="trade.intent" missing=3`: a line of the log for people, UTC. */
export function prettyLine(json: string): string {
  const { level, tsMs, msg, ...fields } = JSON.parse(json) as Readonly<Record<string, unknown>>;
  const time = typeof tsMs === "number" ? new Date(tsMs).toISOString().slice(11, 23) : "";
  const rest = Object.entries(fields).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  const text = [`${time} ${String(level).padEnd(5)} ${String(msg ?? "")}`, ...rest].join(" ");
  return `${text.replace(HOSTILE, escaped)}\n`;
}

/** Words come from outside: printed raw they could repaint the terminal or hide a line. */
function escaped(character: string): string {
  return `\\u{${character.codePointAt(0)!.toString(16)}}`;
}
