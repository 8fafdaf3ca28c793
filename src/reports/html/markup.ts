import { visibleText } from "../visible-text.ts";

/** Text that is known to be well-formed HTML: made by `html` or by a chart, never from outside. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

type Child = Markup | string | number | null | undefined | false | readonly Child[];

/**
 * Builds HTML from a template. Everything put into it is text and is escaped, attributes included, unless it is `Markup`
 * itself: what comes out of streams can name a symbol `<script>` and will be read as those letters.
 */
export function html(parts: TemplateStringsArray, ...children: readonly Child[]): Markup {
  let text = parts[0]!;
  children.forEach((child, place) => {
    text += render(child) + parts[place + 1]!;
  });
  return new Markup(text);
}

export function joined(children: readonly Child[]): Markup {
  return new Markup(children.map(render).join(""));
}

function render(child: Child): string {
  if (child === null || child === undefined || child === false) return "";
  if (child instanceof Markup) return child.text;
  if (Array.isArray(child)) return child.map(render).join("");
  return escapeText(visibleText(String(child)));
}

/** Safe between tags and between either kind of quotes. */
export function escapeText(text: string): string {
  return text.replace(/[&<>"'\u2028\u2029]/g, (character) => `&#${character.codePointAt(0)};`);
}

/** JSON that may stand inside a script element: no way out of it, and no line that an old parser would break at. */
export function embeddedJson(value: unknown): Markup {
  const text = JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.codePointAt(0)!.toString(16).padStart(4, "0")}`,
  );
  return new Markup(text);
}
