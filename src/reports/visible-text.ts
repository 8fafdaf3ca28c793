/**
 * Text from streams made safe to print: control characters, escapes, bidirectional overrides and invisible characters
 * become visible escapes, e.g. ESC is `\x1b` and a right-to-left override `\u202e`.
 *
 * Symbols, reasons and details come from outside; printed raw they could repaint the terminal or hide a line.
 */
export function visibleText(text: string): string {
  return HOSTILE_TEST.test(text) ? text.replace(HOSTILE, escapeCharacter) : text;
}

// Control (Cc), format such as bidi marks and zero-width joiners (Cf), surrogates without a partner (Cs), private use
// (Co), line and paragraph separators (Zl, Zp). A plain space is the only blank that stays as it is.
const HOSTILE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu;
const HOSTILE_TEST = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/u;

function escapeCharacter(character: string): string {
  const code = character.codePointAt(0)!;
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, "0")}`;
  if (code <= 0xffff) return `\\u${code.toString(16).padStart(4, "0")}`;
  return `\\u{${code.toString(16)}}`;
}
