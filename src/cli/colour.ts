import { styleText } from "node:util";
import type { Paint, Style } from "../reports/terminal/table.ts";

/** Colour never carries meaning alone: every state also has a word or sign. */
const FORMATS: Readonly<Record<Style, Parameters<typeof styleText>[0]>> = {
  heading: "bold",
  strong: "bold",
  ok: "green",
  fail: "red",
  warn: "yellow",
  dim: "dim",
};

/**
 * Paints for one stream: a terminal gets colours, a file or pipe none; NO_COLOR and FORCE_COLOR decide otherwise, and
 * `isOff` (`--no-colour`) beats them all.
 */
export function createPaint(stream: NodeJS.WriteStream, isOff: boolean): Paint {
  if (isOff) return (_, text) => text;
  return (style, text) => styleText(FORMATS[style], text, { stream });
}
