/** Marks of a group above which nobody can point at one of them: those of one look then become one shape without texts. */
const POINTED_MAX = 200;
/** The few of a rare look keep their texts all the same. */
const RARE_MAX = 30;

const MARK = /<(path|line|circle)\b([^>]*?)\/?>(?:(?:<title>[^<]*<\/title>)?<\/\1>)?/g;
const GROUP =
  /(<g\b[^>]*>)((?:<(?:path|line|circle)\b[^>]*>(?:<title>[^<]*<\/title>)?(?:<\/(?:path|line|circle)>)?)+)(<\/g>)/g;

/**
 * The same picture in fewer bytes. Lines are written in steps of a tenth of a pixel, each relative to the one before; many
 * marks that look alike become one shape. The numbers beside the picture are not touched.
 */
export function compactSvg(svg: string): string {
  return svg
    .replace(GROUP, (_, open: string, content: string, close: string) => open + mergedMarks(content, open) + close)
    .replace(/ d="(M[-\d.,MLZ]+)"/g, (_, path: string) => ` d="${compactPath(path)}"`);
}

/**
 * A path of straight lines, relative and in tenths. Differences are taken between rounded places, so nothing drifts however
 * long the path is.
 */
export function compactPath(path: string): string {
  let [x, y] = [0, 0];
  let [startX, startY] = [0, 0];
  let text = "";
  for (const [, command, rawX, rawY] of path.matchAll(/([MLZ])(?:(-?[\d.]+),(-?[\d.]+))?/g)) {
    if (command === "Z") {
      text += "z";
      [x, y] = [startX, startY];
      continue;
    }
    const [nextX, nextY] = [tenths(rawX!), tenths(rawY!)];
    const [dx, dy] = [nextX - x, nextY - y];
    if (command === "M") {
      text += `M${numberOf(nextX)}${joinedTo(nextY)}`;
      [startX, startY] = [nextX, nextY];
    } else if (dx !== 0 && dy !== 0) text += `l${numberOf(dx)}${joinedTo(dy)}`;
    else if (dx !== 0) text += `h${numberOf(dx)}`;
    else if (dy !== 0) text += `v${numberOf(dy)}`;
    [x, y] = [nextX, nextY];
  }
  return text;
}

interface Mark {
  readonly element: string;
  readonly tag: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly look: string;
}

function mergedMarks(content: string, group: string): string {
  const marks = [...content.matchAll(MARK)].map(([element, tag, attributes]) => markOf(element, tag!, attributes!));
  if (marks.reduce((length, { element }) => length + element.length, 0) !== content.length) return content;
  const byLook = new Map<string, Mark[]>();
  for (const mark of marks) byLook.set(mark.look, [...(byLook.get(mark.look) ?? []), mark]);
  let text = "";
  for (const alike of byLook.values()) {
    text +=
      marks.length > POINTED_MAX && alike.length > RARE_MAX
        ? merged(alike, group)
        : alike.map(({ element }) => element).join("");
  }
  return text;
}

/** Attributes that say where a mark is; all others are its look. */
const PLACES: Readonly<Record<string, readonly string[]>> = {
  path: ["transform"],
  line: ["x1", "x2"],
  circle: ["cx", "cy"],
};

function markOf(element: string, tag: string, text: string): Mark {
  const attributes = new Map([...text.matchAll(/([\w:-]+)="([^"]*)"/g)].map(([, name, value]) => [name!, value!]));
  const look = [...attributes]
    .filter(([name]) => !PLACES[tag]!.includes(name))
    .map(([name, value]) => `${name}=${value}`);
  return { element, tag, attributes, look: [tag, ...look.sort()].join(" ") };
}

function merged(marks: readonly Mark[], group: string): string {
  const [{ tag, attributes, element }] = marks as [Mark];
  const kept = [...attributes].filter(([name]) => ["stroke", "fill", "stroke-width"].includes(name));
  const attribute = ([name, value]: readonly [string, string]) => ` ${name}="${value}"`;
  if (tag === "circle") {
    // A point with round ends is a disc.
    const colour = attributes.get("fill") ?? / fill="([^"]*)"/.exec(group)?.[1] ?? "currentColor";
    const width = 2 * Number(attributes.get("r"));
    const places = placesOf(marks, (mark) => [Number(mark.get("cx")), Number(mark.get("cy"))]);
    const d = places.map(([x, y]) => `M${numberOf(x)}${joinedTo(y)}h0`).join("");
    return `<path fill="none" stroke="${colour}" stroke-width="${width}" stroke-linecap="round" d="${d}" />`;
  }
  if (tag === "line") {
    const [from, to] = [tenths(attributes.get("y1")!), tenths(attributes.get("y2")!)];
    const places = placesOf(marks, (mark) => [Number(mark.get("x1")), 0]);
    const d = places.map(([x]) => `M${numberOf(x)}${joinedTo(from)}v${numberOf(to - from)}`).join("");
    return `<path${kept.map(attribute).join("")} d="${d}" />`;
  }
  const shape = attributes.get("d") ?? "";
  const [start] = [...shape.matchAll(/^M(-?[\d.]+),(-?[\d.]+)/g)];
  const isPlaced = marks.every((mark) => /^translate\([-\d.]+,[-\d.]+\)$/.test(mark.attributes.get("transform") ?? ""));
  if (start === undefined || !isPlaced) return marks.map((mark) => mark.element).join("") || element;
  const outline = compactPath(shape).replace(/^M-?[\d.]+[ -][\d.]+/, "");
  const places = placesOf(marks, (mark) => {
    const [, x, y] = /translate\(([-\d.]+),([-\d.]+)\)/.exec(mark.get("transform")!)!;
    return [Number(x) + Number(start[1]), Number(y) + Number(start[2])];
  });
  const d = places.map(([x, y]) => `M${numberOf(x)}${joinedTo(y)}${outline}`).join("");
  return `<path${kept.map(attribute).join("")} d="${d}" />`;
}

/** In tenths, each place once. */
function placesOf(
  marks: readonly Mark[],
  placeOf: (attributes: ReadonlyMap<string, string>) => readonly [number, number],
): readonly (readonly [number, number])[] {
  const seen = new Map<string, readonly [number, number]>();
  for (const { attributes } of marks) {
    const [x, y] = placeOf(attributes);
    const place = [Math.round(x * 10), Math.round(y * 10)] as const;
    seen.set(place.join(), place);
  }
  return [...seen.values()];
}

function tenths(text: string): number {
  return Math.round(Number(text) * 10);
}

function numberOf(value: number): string {
  return String(value / 10).replace(/^(-?)0\./, "$1.");
}

/** A second number needs a separator only when it has no sign. */
function joinedTo(value: number): string {
  return value < 0 ? numberOf(value) : ` ${numberOf(value)}`;
}
