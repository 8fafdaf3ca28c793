import { styleText } from "node:util";
import type { CheckState, PreflightResult } from "./preflight-facts.ts";

export interface RenderOptions {
  readonly colour: boolean;
  /** Columns of the terminal; 40 at least are used. */
  readonly width: number;
}

const SIGNS: Readonly<Record<CheckState, string>> = { ok: "OK", warn: "??", refuse: "!!" };
const COLOURS: Readonly<Record<CheckState, "green" | "yellow" | "red">> = {
  ok: "green",
  warn: "yellow",
  refuse: "red",
};
const WIDTH_MIN = 40;
const HOSTILE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu;

/**
 * The preflight for a terminal: one check after another, a sign before each (`OK`, `??` to think about, `!!` refused),
 * what helps below it, and the outcome in the last line. Ends with a line break. Texts from outside cannot repaint the
 * terminal.
 */
export function renderPreflight({ checks, state }: PreflightResult, { colour, width }: RenderOptions): string {
  const columns = Math.max(WIDTH_MIN, width);
  const paint = (each: CheckState, text: string) =>
    colour ? styleText(COLOURS[each], text, { validateStream: false }) : text;
  const nameWidth = Math.max(...checks.map(({ name }) => name.length), 0);
  const indent = SIGNS.ok.length + 1 + nameWidth + 2;
  const lines: string[] = [];
  for (const check of checks) {
    const words = [check.text, ...(check.fix === null ? [] : [`fix: ${check.fix}`])];
    const [first = "", ...rest] = words.flatMap((text) => wrapped(visible(text), columns - indent));
    lines.push(`${paint(check.state, SIGNS[check.state])} ${check.name.padEnd(nameWidth)}  ${first}`);
    for (const line of rest) lines.push(`${" ".repeat(indent)}${line}`);
  }
  const count = (each: CheckState) => checks.filter((check) => check.state === each).length;
  const outcome = {
    ok: `all ${checks.length} checks passed`,
    warn: `ready, with ${count("warn")} of ${checks.length} checks to think about`,
    refuse: `refused by ${count("refuse")} of ${checks.length} checks; nothing was sent`,
  }[state];
  const [first = "", ...rest] = wrapped(outcome, columns - SIGNS.ok.length - 1);
  lines.push(`${paint(state, SIGNS[state])} ${first}`, ...rest.map((line) => `   ${line}`));
  return `${lines.join("\n")}\n`;
}

/** Lines no wider than that, broken at spaces, and inside of a word only when it is wider than a line. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ").flatMap((each) => pieces(each, width))) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (displayWidth(longer) <= width) line = longer;
    else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line];
}

function pieces(word: string, width: number): string[] {
  const parts: string[] = [];
  let part = "";
  for (const character of word) {
    if (displayWidth(part + character) > width) {
      parts.push(part);
      part = "";
    }
    part += character;
  }
  return [...parts, part];
}

/** Wide scripts take two columns, marks none; near enough for names of symbols. */
function displayWidth(text: string): number {
  let columns = 0;
  for (const character of text) {
    if (/\p{M}/u.test(character)) continue;
    columns +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u.test(
        character,
      )
        ? 2
        : 1;
  }
  return columns;
}

function visible(text: string): string {
  return text.replace(HOSTILE, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}
