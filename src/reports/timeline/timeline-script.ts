/**
 * What the page of a timeline does. It knows no pipeline: it unpacks chunks, assigns what changed, and shows text as text.
 * Nothing is stored, and nothing is asked of the network.
 */
export const TIMELINE_SCRIPT = `
"use strict";
(() => {
  const LIST_EACH_SIDE = 9;
  const KEPT_CHUNKS = 24;
  const $ = (id) => document.getElementById(id);
  const data = JSON.parse($("timeline-data").textContent);
  const sides = data.sides.map((side, number) => ({ ...side, number, place: 0, cache: new Map() }));
  const lead = sides[0];
  const root = document.documentElement;
  $("plain").hidden = true;
  $("walk").hidden = false;
  const theme = document.querySelector(".theme");
  theme.hidden = false;
  theme.addEventListener("click", () => {
    const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme:dark)").matches;
    root.dataset.theme = isDark ? "light" : "dark";
  });

  async function chunkOf(side, index) {
    const known = side.cache.get(index);
    if (known) return known;
    const packed = $("chunk-" + side.number + "-" + index).textContent;
    const bytes = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    const chunk = JSON.parse(await new Response(stream).text());
    side.cache.set(index, chunk);
    if (side.cache.size > KEPT_CHUNKS) side.cache.delete(side.cache.keys().next().value);
    return chunk;
  }
  function lastBelow(items, isBelow) {
    let low = 0;
    let high = items.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isBelow(items[middle])) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
  const indexOf = (side, place) => Math.max(0, lastBelow(side.chunks, (chunk) => chunk.from <= place));
  async function rowAt(side, place) {
    const index = indexOf(side, place);
    const chunk = await chunkOf(side, index);
    const meta = side.chunks[index];
    const row = chunk.rows[place - meta.from];
    const text = (at) => chunk.texts[at];
    return {
      place,
      tsMs: meta.firstTsMs + row[0],
      seq: meta.firstSeq + row[1],
      head: text(row[2]),
      lines: row[3].map(text),
      symbols: row[4].map(text),
      ids: row[5].map(text),
      isDecision: row[7] === 1,
    };
  }
  async function stateAt(side, place) {
    const index = indexOf(side, place);
    const chunk = await chunkOf(side, index);
    const state = new Map();
    const keyOf = (symbol, field) => chunk.texts[symbol] + "\\n" + chunk.texts[field];
    for (const [symbol, field, value] of chunk.state) state.set(keyOf(symbol, field), chunk.texts[value]);
    const until = place - side.chunks[index].from;
    let changed = new Set();
    for (let at = 0; at <= until; at++) {
      const changes = chunk.rows[at][6];
      if (at === until) changed = new Set();
      for (let each = 0; each < changes.length; each += 3) {
        const key = keyOf(changes[each], changes[each + 1]);
        if (changes[each + 2] < 0) state.delete(key);
        else state.set(key, chunk.texts[changes[each + 2]]);
        if (at === until) changed.add(key);
      }
    }
    return { state, changed };
  }
  /** The last entry at or before a time; of several at that time the one with these words, if there is one. */
  async function placeAtTime(side, tsMs, head = null) {
    const index = lastBelow(side.chunks, (chunk) => chunk.firstTsMs <= tsMs);
    if (index < 0) return 0;
    const chunk = await chunkOf(side, index);
    const meta = side.chunks[index];
    const last = Math.max(0, lastBelow(chunk.rows, (row) => meta.firstTsMs + row[0] <= tsMs));
    for (let at = last; at >= 0 && meta.firstTsMs + chunk.rows[at][0] === tsMs; at--) {
      if (chunk.texts[chunk.rows[at][2]] === head) return meta.from + at;
    }
    return meta.from + last;
  }
  /** The next entry that a test likes, from a place in a direction; -1 when there is none. */
  async function search(side, from, step, isWanted, mayHave = () => true) {
    let place = from + step;
    while (place >= 0 && place < side.entries) {
      const index = indexOf(side, place);
      const meta = side.chunks[index];
      const end = index + 1 < side.chunks.length ? side.chunks[index + 1].from : side.entries;
      if (mayHave(meta)) {
        const chunk = await chunkOf(side, index);
        for (; place >= meta.from && place < end; place += step) {
          if (isWanted(chunk.rows[place - meta.from], chunk.texts)) return place;
        }
      }
      place = step > 0 ? Math.max(place, end) : Math.min(place, meta.from - 1);
    }
    return -1;
  }

  const element = (name, text, attributes = {}) => {
    const made = document.createElement(name);
    if (text !== null) made.textContent = text;
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };
  const timeText = (tsMs) => new Date(tsMs).toISOString().replace("T", " ").replace("Z", "");
  const grouped = (count) => String(count).replace(/\\B(?=(\\d{3})+$)/g, " ");

  function tableOf(caption, heads, rows) {
    const table = element("table", null);
    table.append(element("caption", caption));
    const head = element("tr", null);
    for (const each of heads) head.append(element("th", each, { scope: "col" }));
    const top = element("thead", null);
    top.append(head);
    const body = element("tbody", null);
    for (const cells of rows) {
      const row = element("tr", null);
      cells.forEach(({ text, isChanged }, column) => {
        const cell = column === 0 ? element("th", text, { scope: "row" }) : element("td", text);
        if (isChanged) {
          cell.className = "changed";
          cell.setAttribute("title", "changed by this event");
        }
        row.append(cell);
      });
      body.append(row);
    }
    table.append(top, body);
    const wide = element("div", null, { class: "wide", tabindex: "0", role: "region", "aria-label": caption });
    wide.append(table);
    return wide;
  }

  async function show(side, focus) {
    const name = side.runId + " " + side.variant;
    const [now, { state, changed }] = await Promise.all([rowAt(side, side.place), stateAt(side, side.place)]);
    const list = $("list-" + side.number);
    const from = Math.max(0, Math.min(side.place - LIST_EACH_SIDE, side.entries - 2 * LIST_EACH_SIDE - 1));
    const until = Math.min(side.entries, from + 2 * LIST_EACH_SIDE + 1);
    const rows = [];
    for (let place = from; place < until; place++) rows.push(await rowAt(side, place));
    list.replaceChildren(
      ...rows.map((row) => {
        const item = element("li", null);
        const button = element("button", timeText(row.tsMs).slice(11) + "  " + [row.head, ...row.lines].join("; "), {
          type: "button",
          class: row.isDecision ? "decision" : "quiet",
        });
        if (row.place === side.place) button.setAttribute("aria-current", "step");
        button.addEventListener("click", () => go(side, row.place));
        item.append(button);
        return item;
      }),
    );
    $("now-" + side.number).replaceChildren(
      element("p", row(now), { class: "head" }),
      ...(now.lines.length === 0 ? [element("p", "nothing was decided", { class: "quiet" })] : []),
      ...now.lines.map((line) => element("p", line)),
    );
    const cell = (key) => ({ text: state.get(key) ?? "-", isChanged: changed.has(key) });
    const symbols = [...new Set([...state.keys()].map((key) => key.split("\\n")[0]))].filter((each) => each !== "");
    symbols.sort((a, b) => (focus.includes(b) - focus.includes(a)) || (a < b ? -1 : 1));
    $("state-" + side.number).replaceChildren(
      tableOf("Account, " + name, ["account", ...data.accountFields], [
        [{ text: "USDT" }, ...data.accountFields.map((field) => cell("\\n" + field))],
      ]),
      tableOf(
        "Symbols, " + name,
        ["symbol", ...data.symbolFields],
        symbols.map((symbol) => [{ text: symbol }, ...data.symbolFields.map((field) => cell(symbol + "\\n" + field))]),
      ),
    );
  }
  const row = (now) => timeText(now.tsMs) + " · seq " + now.seq + " · " + now.head;

  let showing = Promise.resolve();
  let wanted = null;
  function go(side, place) {
    wanted = { side, place: Math.max(0, Math.min(side.entries - 1, place)) };
    showing = showing.then(async () => {
      if (wanted === null) return;
      const { side: moved, place: target } = wanted;
      wanted = null;
      moved.place = target;
      const { tsMs, head, symbols } = await rowAt(moved, target);
      for (const other of sides) if (other !== moved) other.place = await placeAtTime(other, tsMs, head);
      for (const each of sides) await show(each, symbols);
      const now = await rowAt(lead, lead.place);
      $("slider").value = String(lead.place);
      $("slider").setAttribute("aria-valuetext", "event " + (lead.place + 1) + ", " + timeText(now.tsMs));
      $("where").textContent = "event " + grouped(lead.place + 1) + " of " + grouped(lead.entries) + " · " + row(now);
    });
    return showing;
  }
  const say = (text) => { $("where").textContent = text; };
  async function goTo(step, isWanted, mayHave, what) {
    const place = await search(lead, lead.place, step, isWanted, mayHave);
    if (place < 0) say("no " + what + (step > 0 ? " after this event" : " before this event"));
    else await go(lead, place);
  }
  const isDecided = (meta) => meta.decisions > 0;
  const decision = (step) => goTo(step, (each) => each[7] === 1, isDecided, "decision");
  async function sameSymbol(step) {
    const chosen = $("symbol").value;
    const own = chosen === "" ? (await rowAt(lead, lead.place)).symbols : [chosen];
    if (own.length === 0) return decision(step);
    const isOwn = (each, texts) => each[7] === 1 && each[4].some((at) => own.includes(texts[at]));
    return goTo(step, isOwn, isDecided, "decision on " + own.join(", "));
  }
  async function find(step) {
    const query = $("find").value.trim().toLowerCase();
    if (query === "") return;
    const isFound = (each, texts) =>
      each[5].some((at) => texts[at].toLowerCase().startsWith(query)) ||
      (query.length >= 3 && [each[2], ...each[3]].some((at) => texts[at].toLowerCase().includes(query)));
    say("looking for " + query);
    let place = await search(lead, lead.place, step, isFound);
    if (place < 0) place = await search(lead, step > 0 ? -1 : lead.entries, step, isFound);
    if (place < 0) say("nothing begins with " + query + " or says it");
    else await go(lead, place);
  }
  async function divergence(step) {
    const { tsMs } = await rowAt(lead, lead.place);
    const places = [];
    for (const each of data.divergences) places.push(await placeAtTime(lead, each.tsMs));
    const index = step > 0 ? places.findIndex((place) => place > lead.place) : places.findLastIndex((place) => place < lead.place);
    if (index < 0) return say("no divergence " + (step > 0 ? "after" : "before") + " " + timeText(tsMs));
    await go(lead, places[index]);
    say("divergence " + (index + 1) + " of " + data.divergences.length + ": " + data.divergences[index].text);
  }
  const ACTIONS = {
    first: () => go(lead, 0),
    last: () => go(lead, lead.entries - 1),
    back: () => go(lead, lead.place - 1),
    on: () => go(lead, lead.place + 1),
    "decision-back": () => decision(-1),
    "decision-on": () => decision(1),
    "symbol-back": () => sameSymbol(-1),
    "symbol-on": () => sameSymbol(1),
    "divergence-back": () => divergence(-1),
    "divergence-on": () => divergence(1),
    find: () => find(1),
  };
  for (const button of document.querySelectorAll("[data-action]")) {
    button.addEventListener("click", () => ACTIONS[button.dataset.action]());
  }
  $("slider").addEventListener("input", () => go(lead, Number($("slider").value)));
  $("find").addEventListener("keydown", (event) => {
    if (event.key === "Enter") find(event.shiftKey ? -1 : 1);
  });
  $("symbol").addEventListener("change", () => sameSymbol(1));
  const KEYS = {
    ArrowRight: "on", ArrowLeft: "back", Home: "first", End: "last", n: "decision-on", p: "decision-back",
    d: "divergence-on", D: "divergence-back",
  };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (/^(INPUT|SELECT)$/.test(event.target.tagName) && event.target.id !== "slider") return;
    if (event.key === "/") {
      event.preventDefault();
      $("find").focus();
      return;
    }
    const isSame = event.shiftKey && /^Arrow(Right|Left)$/.test(event.key);
    const action = isSame ? (event.key === "ArrowRight" ? "symbol-on" : "symbol-back") : KEYS[event.key];
    if (action === undefined || ACTIONS[action] === undefined) return;
    event.preventDefault();
    ACTIONS[action]();
  });
  const asked = Number(/^#(\\d+)$/.exec(location.hash)?.[1] ?? "1") - 1;
  go(lead, asked);
})();
`.trim();
