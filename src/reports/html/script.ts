/**
 * What the page does when scripts may run; without them everything is there and nothing is lost. Kept in memory only: the
 * page stores nothing and asks the network for nothing.
 */
export const SCRIPT = `
"use strict";
(() => {
  const root = document.documentElement;
  const theme = document.querySelector(".theme");
  theme.hidden = false;
  theme.addEventListener("click", () => {
    const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme:dark)").matches;
    root.dataset.theme = isDark ? "light" : "dark";
  });
  const numberOf = (text) => {
    const number = Number(text.replace(/[\\s%]/g, ""));
    return text.trim() === "" || Number.isNaN(number) ? null : number;
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    const body = table.tBodies[0];
    if (!body || body.rows.length < 2) continue;
    table.querySelectorAll("thead th").forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const isUp = head.getAttribute("aria-sort") !== "ascending";
        for (const other of table.querySelectorAll("thead th")) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", isUp ? "ascending" : "descending");
        const rows = [...body.rows].map((row, place) => ({ row, place, text: row.cells[column].textContent }));
        rows.sort((a, b) => {
          const [x, y] = [numberOf(a.text), numberOf(b.text)];
          const order = x !== null && y !== null ? x - y : a.text < b.text ? -1 : a.text > b.text ? 1 : 0;
          return (isUp ? order : -order) || a.place - b.place;
        });
        body.append(...rows.map(({ row }) => row));
      });
    });
  }
  for (const picker of document.querySelectorAll(".picker")) {
    const select = picker.querySelector("select");
    const items = [...document.querySelectorAll('[data-picked-by="' + select.id + '"]')];
    const show = () => items.forEach((item) => { item.hidden = item.dataset.name !== select.value; });
    select.addEventListener("change", show);
    picker.hidden = false;
    show();
  }
  addEventListener("beforeprint", () => {
    for (const item of document.querySelectorAll("[data-picked-by]")) item.dataset.shown = item.hidden ? "" : "1";
  });
})();
`.trim();
