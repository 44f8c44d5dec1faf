// Lists: the current row, selection, columns that were hidden, density.
import { recall, remember, say } from "./store.js";

const LISTED = "table.list tbody tr[data-href]";
let current = -1;

export const rows = () => [...document.querySelectorAll(LISTED)];
export const currentRow = () => rows()[current];

// Makes a row the current one and puts focus on its name, so that Enter, middle click and the ring are the link's own.
export function mark(index, { focus = true } = {}) {
  const all = rows();
  if (!all.length) return undefined;
  current = Math.max(0, Math.min(index, all.length - 1));
  for (const row of all) row.classList.toggle("current", row === all[current]);
  all[current].scrollIntoView({ block: "nearest" });
  if (focus) all[current].querySelector("td.c-main a, th a")?.focus({ preventScroll: true });
  return all[current];
}

export const step = (by) => mark(current + by);
export const markRow = (row, options) => mark(rows().indexOf(row), options);

function countPicked(form) {
  const bar = form?.querySelector(".selection");
  if (!bar) return;
  const boxes = [...form.querySelectorAll("td.pick input")];
  const picked = boxes.filter((box) => box.checked).length;
  const all = form.querySelector("[data-pick-all]");
  all.checked = picked === boxes.length;
  all.indeterminate = picked > 0 && picked < boxes.length;
  bar.hidden = picked === 0;
  bar.querySelector("[data-picked]").textContent = `${picked} selected`;
  for (const box of boxes) box.closest("tr").classList.toggle("picked", box.checked);
  const more = bar.querySelector("[data-pick-matching]");
  if (more) {
    more.hidden = picked < boxes.length;
    if (more.hidden) more.querySelector("input").checked = false;
  }
}

export function pick(row) {
  const box = row?.querySelector("td.pick input");
  if (!box) return;
  box.checked = !box.checked;
  countPicked(box.form);
}

function hideColumns(table) {
  const key = `columns:${table.dataset.list}`;
  const byDefault = [...table.querySelectorAll("th[data-off]")].map((cell) => cell.dataset.column);
  const hidden = new Set(recall(key, byDefault));
  const apply = () => {
    for (const cell of table.querySelectorAll("[data-column]")) cell.hidden = hidden.has(cell.dataset.column);
  };
  for (const box of document.querySelectorAll(`[data-columns-of="${table.dataset.list}"] input`)) {
    box.checked = !hidden.has(box.value);
    box.addEventListener("change", () => {
      if (box.checked) hidden.delete(box.value);
      else hidden.add(box.value);
      remember(key, [...hidden]);
      apply();
    });
  }
  apply();
}

export function startTables() {
  document.querySelectorAll("table.list[data-list]").forEach(hideColumns);
  document.addEventListener("change", (event) => {
    const box = event.target;
    if (box.matches("[data-pick-all]")) {
      for (const each of box.form.querySelectorAll("td.pick input")) each.checked = box.checked;
    }
    if (box.matches("[data-pick-matching] input") && box.checked) say("All that match are selected");
    if (box.closest(".pick")) countPicked(box.form);
  });
  document.addEventListener("focusin", (event) => {
    const row = event.target.closest(LISTED);
    if (row) markRow(row, { focus: false });
  });
  // Back to a list restores its ticks; the bar must say so.
  window.addEventListener("pageshow", () => { document.querySelectorAll("form.bulk").forEach(countPicked); });
}
