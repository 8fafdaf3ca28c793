/** An element of an XML document. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Record<string, string>;
  readonly children: XmlElement[];
  text: string;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** Reads the XML that JUnit files are made of; throws at anything that is not well-formed. */
export function readXml(text: string): XmlElement {
  const root: XmlElement = { name: "", attributes: {}, children: [], text: "" };
  const open: XmlElement[] = [root];
  let rest = text.replace(/^<\?xml [^?]*\?>\s*/, "");
  while (rest !== "") {
    const tag = /^<(\/?)([A-Za-z]+)((?:\s+[A-Za-z]+="[^"<]*")*)\s*(\/?)>/.exec(rest);
    if (tag === null) {
      const content = /^[^<]+/.exec(rest)?.[0];
      if (content === undefined) throw new Error(`no XML: ${rest.slice(0, 80)}`);
      open.at(-1)!.text += decoded(content);
      rest = rest.slice(content.length);
      continue;
    }
    const [whole, slash, name, list, end] = tag;
    rest = rest.slice(whole.length);
    if (slash === "/") {
      const closed = open.pop();
      if (closed?.name !== name) throw new Error(`</${name}> closes <${closed?.name}>`);
      continue;
    }
    const attributes: Record<string, string> = {};
    for (const [, key, value] of list!.matchAll(/([A-Za-z]+)="([^"<]*)"/g)) {
      if (key! in attributes) throw new Error(`${key} stands twice`);
      attributes[key!] = decoded(value!);
    }
    const element: XmlElement = { name: name!, attributes, children: [], text: "" };
    open.at(-1)!.children.push(element);
    if (end !== "/") open.push(element);
  }
  if (open.length !== 1 || root.children.length !== 1) throw new Error("not one closed root element");
  return root.children[0]!;
}

function decoded(text: string): string {
  if (text.includes("]]>")) throw new Error('"]]>" stands in text');
  return text.replace(/&([^;]*);/g, (_whole, name: string) => {
    const character = ENTITIES[name];
    if (character === undefined) throw new Error(`unknown entity ${name}`);
    return character;
  });
}
