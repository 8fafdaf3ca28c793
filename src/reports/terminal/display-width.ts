/**
 * Columns a text takes on a terminal: East Asian wide and fullwidth characters and emoji take two, combining marks
 * none. `displayWidth("币安USDT")` is 8. The text must be visible text already (no control characters).
 */
export function displayWidth(text: string): number {
  if (ASCII.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

const ASCII = /^[\x20-\x7e]*$/;
const ZERO = /^[\p{Mn}\p{Me}]$/u;
const EMOJI = /^\p{Emoji_Presentation}$/u;

/** Ranges of Unicode's East Asian Width W and F, first and last code point. */
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xa000, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1b000, 0x1b2ff],
  [0x1f200, 0x1f2ff],
  [0x20000, 0x3fffd],
];

function characterWidth(character: string): 0 | 1 | 2 {
  if (ZERO.test(character)) return 0;
  const code = character.codePointAt(0)!;
  if (code < 0x1100) return 1;
  for (const [first, last] of WIDE) if (code >= first && code <= last) return 2;
  return EMOJI.test(character) ? 2 : 1;
}

/** Cuts to at most `width` columns; a cut text ends in the mark, `...` unless told. */
export function truncate(text: string, width: number, mark = "..."): string {
  if (displayWidth(text) <= width) return text;
  const room = width - mark.length;
  if (room <= 0) return mark.slice(0, Math.max(0, width));
  let kept = "";
  let used = 0;
  for (const character of text) {
    const next = used + characterWidth(character);
    if (next > room) break;
    kept += character;
    used = next;
  }
  return kept + mark;
}

export function padEnd(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - displayWidth(text)));
}

export function padStart(text: string, width: number): string {
  return " ".repeat(Math.max(0, width - displayWidth(text))) + text;
}

/** Lines of whole words no wider than `width`; only a word wider than that is cut. `gap` is what parts the words. */
export function foldWords(text: string, width: number, gap = " "): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(gap)) {
    if (line !== "" && displayWidth(line) + gap.length + displayWidth(word) > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : line + gap + word;
  }
  return [...lines, line].map((each) => truncate(each, width));
}
