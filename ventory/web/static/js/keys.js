// Keys. Off while typing, and for good where a person switched them off.
import { close, isOpen, move, peek } from "./drawer.js";
import { recall, remember } from "./store.js";
import { currentRow, mark, pick, rows, step } from "./table.js";

const PLACES = { h: "/", s: "/stock", i: "/items/", m: "/stock/movements", c: "/categories/" };
let pending = "";

const isTyping = (target) => target.closest("textarea, select, dialog, [contenteditable]")
  || (target.closest("input") && !target.matches("[type=checkbox], [type=radio]"));

function go(key) {
  pending = "";
  if (!PLACES[key] || !document.querySelector(`.rail a[href="${PLACES[key]}"]`)) return false;
  location.assign(PLACES[key]);
  return true;
}

function startNew() {
  const first = document.querySelector("[data-new]") || document.querySelector("[data-new-menu]");
  first?.click();
}

const ACTIONS = {
  g: () => { pending = "g"; setTimeout(() => { pending = ""; }, 1200); },
  "/": () => (document.querySelector("main input[type=search]") || document.querySelector("#q"))?.focus(),
  n: startNew,
  u: () => document.querySelector(".toast-note form button")?.focus(),
  "?": () => document.querySelector("#keys")?.showModal(),
};
const ON_ROWS = {
  j: () => step(1),
  k: () => step(-1),
  x: () => pick(currentRow()),
  e: () => { const edit = currentRow()?.dataset.edit; if (edit) location.assign(edit); },
  " ": () => peek(currentRow() || mark(0)),
};

function inDrawer(event) {
  const by = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
  if (by === undefined || isTyping(event.target)) return false;
  move(by);
  return true;
}

function answer(event) {
  if (isOpen() && inDrawer(event)) return true;
  if (isTyping(event.target)) return false;
  if (pending === "g") return go(event.key);
  // Space belongs to the button, box or summary that has focus; on a row's name it peeks.
  const isOwn = event.target.closest("button, summary, input, .drawer");
  const action = ACTIONS[event.key] || (rows().length && !(event.key === " " && isOwn) && ON_ROWS[event.key]);
  if (!action) return false;
  action();
  return true;
}

export function startKeys() {
  const box = document.querySelector("[data-keys]");
  if (box) {
    box.checked = recall("keys", true);
    box.addEventListener("change", () => remember("keys", box.checked));
  }
  document.querySelector("[data-show-keys]")?.addEventListener("click", () => document.querySelector("#keys").showModal());
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.target.form?.requestSubmit(); return; }
    if (event.key === "Escape" && !event.target.closest("dialog") && close()) return;
    if (event.ctrlKey || event.metaKey || event.altKey || !recall("keys", true)) return;
    if (answer(event)) event.preventDefault();
  });
}
