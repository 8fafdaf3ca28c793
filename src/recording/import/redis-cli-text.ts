import type { SourceLine } from "./source-lines.ts";

export interface CliToken {
  readonly line: number;
  readonly text: string;
}

/** Numbering such as `12) 1) ` in front of a quoted text. */
const NUMBERED = /^\s*(?:\d+\)\s+)+"((?:[^"\\]|\\.)*)"$/;
const SIMPLE_ESCAPES: ReadonlyMap<string, number> = new Map([
  ["n", 10],
  ["r", 13],
  ["t", 9],
  ["a", 7],
  ["b", 8],
]);

/**
 * What redis-cli printed, one text a line, whether plain or as a numbered list of quoted texts; both print the texts
 * of an answer in the same order. Empty lines at the end are dropped, others are empty values.
 */
export function redisCliLines(
  lines: readonly SourceLine[],
): { tokens: CliToken[] } | { line: number; what: string; hint?: string } {
  const tokens: CliToken[] = [];
  const isNumbered = /^\s*1\)\s+1\)\s+"/.test(lines[0]?.text ?? "");
  let count = lines.length;
  while (count > 0 && lines[count - 1]!.text === "") count--;
  for (const { line, text } of lines.slice(0, count)) {
    if (text === null) return { line, what: "the line is no UTF-8, text in UTF-8 is needed" };
    if (!isNumbered) {
      tokens.push({ line, text });
      continue;
    }
    const match = NUMBERED.exec(text);
    const unquoted = match === null ? null : unquote(match[1]!);
    if (unquoted === null) {
      return { line, what: `the line is ${JSON.stringify(text.slice(0, 80))}, a numbered and quoted text is needed` };
    }
    tokens.push({ line, text: unquoted });
  }
  return { tokens };
}

/** Undoes the quoting of redis-cli, which writes bytes beyond ASCII as `\xHH`; `null` when they are no UTF-8. */
function unquote(quoted: string): string | null {
  const bytes: number[] = [];
  for (const [token] of quoted.matchAll(/\\x[0-9a-fA-F]{2}|\\.|[^\\]/gu)) {
    if (token.length === 4 && token.startsWith("\\x")) bytes.push(Number.parseInt(token.slice(2), 16));
    else if (token.startsWith("\\")) bytes.push(SIMPLE_ESCAPES.get(token[1]!) ?? token.charCodeAt(1));
    else bytes.push(...Buffer.from(token));
  }
  const text = Buffer.from(bytes);
  return text.toString("utf8").includes("\ufffd") ? null : text.toString("utf8");
}
