import { visibleText } from "../visible-text.ts";

/** An attribute value: characters XML 1.0 cannot hold, not even escaped, are made visible first. */
export function xmlAttribute(text: string): string {
  return escapeXml(visibleText(text));
}

/** Text of an element: as an attribute value, but line ends of our own stay. */
export function xmlContent(text: string): string {
  return text
    .split("\n")
    .map((line) => escapeXml(visibleText(line)))
    .join("\n");
}

function escapeXml(text: string): string {
  return (
    text
      .replaceAll("&", "&amp;")
      .replaceAll("<", "&lt;")
      .replaceAll(">", "&gt;")
      .replaceAll('"', "&quot;")
      .replaceAll("'", "&apos;")
      // U+FFFE and U+FFFF are no characters of XML.
      .replace(/[\ufffe\uffff]/g, "\ufffd")
  );
}
