import { expect, test } from "vitest";
import { embeddedJson, html, Markup } from "../../../src/reports/html/markup.ts";

test("what comes from outside is text, between tags and inside attributes", () => {
  const symbol = `<script>alert("x")</script>'&`;
  expect(html`<td title="${symbol}">${symbol}</td>`.text).toBe(
    '<td title="&#60;script&#62;alert(&#34;x&#34;)&#60;/script&#62;&#39;&#38;">&#60;script&#62;alert(&#34;x&#34;)&#60;/script&#62;&#39;&#38;</td>',
  );
});

test("characters that hide or turn text are shown as what they are", () => {
  expect(html`<p>${"BTC\u202eTDSU\u0000"}</p>`.text).toBe("<p>BTC\\u202eTDSU\\x00</p>");
});

test("markup made here is not escaped again; nothing and false leave nothing", () => {
  expect(html`<p>${[new Markup("<b>1</b>"), null, false, 0]}</p>`.text).toBe("<p><b>1</b>0</p>");
});

test("embedded JSON has no way out of its script element and reads back equal", () => {
  const value = { text: "</script><!-- \u2028 &amp;" };
  const { text } = embeddedJson(value);
  expect(text).not.toMatch(/[<>&\u2028]/);
  expect(JSON.parse(text)).toEqual(value);
});
