// The peek drawer: a row's hidden columns and what its page would say first, without leaving the list.
import { currentRow, mark, rows, step } from "./table.js";

const box = () => document.querySelector("#drawer");
let asked = 0;

export const isOpen = () => box() !== null && !box().hidden;

// The columns that this screen has no room for, or cuts short, as pairs; they never vanish.
function dropped(row) {
  const list = document.createElement("dl");
  list.className = "facts";
  for (const cell of row.querySelectorAll("td[data-column]")) {
    const label = cell.closest("table").querySelector(`th[data-column="${cell.dataset.column}"]`)?.dataset.label;
    const isShown = cell.offsetParent !== null && cell.scrollWidth <= cell.clientWidth;
    if (!label || isShown || cell.classList.contains("c-main") || !cell.textContent.trim()) continue;
    const name = document.createElement("dt");
    name.textContent = label;
    const value = document.createElement("dd");
    value.append(...[...cell.cloneNode(true).childNodes]);
    list.append(name, value);
  }
  return list;
}

// What the answer says itself is not said again below it.
function leaveOut(facts, told) {
  const labels = new Set([...told.querySelectorAll("dt")].map((name) => name.textContent));
  for (const name of facts.querySelectorAll("dt")) {
    if (labels.has(name.textContent)) { name.nextElementSibling.remove(); name.remove(); }
  }
}

function waiting() {
  const grey = document.createElement("div");
  grey.className = "waiting";
  grey.setAttribute("aria-hidden", "true");
  grey.append(...Array.from({ length: 6 }, () => document.createElement("span")));
  return grey;
}

function failed(row) {
  const text = document.createElement("p");
  const link = document.createElement("a");
  link.href = row.dataset.href;
  link.textContent = "Open the page";
  text.append("This could not be loaded. ", link, " instead.");
  return text;
}

export async function peek(row) {
  const drawer = box();
  if (!drawer || !row) return;
  const turn = ++asked;
  const content = drawer.querySelector(".content");
  const facts = dropped(row);
  drawer.querySelector("[data-open]").href = row.dataset.href;
  drawer.querySelector("[data-place]").textContent = `${rows().indexOf(row) + 1} of ${rows().length}`;
  const wasOpen = isOpen();
  drawer.hidden = false;
  if (!wasOpen) drawer.focus();
  if (!row.dataset.peek) {
    const title = document.createElement("h2");
    title.append(row.querySelector("td.c-main a, td.c-main b")?.cloneNode(true) ?? "");
    content.replaceChildren(title, facts);
    return;
  }
  // What stood there stays until the answer is here, unless that takes longer than a blink.
  const grey = setTimeout(() => content.replaceChildren(waiting()), 300);
  try {
    const answer = await fetch(row.dataset.peek, { headers: { "X-Requested-With": "peek" } });
    if (answer.redirected) { location.assign(answer.url); return; }
    const text = await answer.text();
    if (turn !== asked) return;
    if (!answer.ok) throw new Error(String(answer.status));
    const told = document.createRange().createContextualFragment(text);
    leaveOut(facts, told);
    content.replaceChildren(told, facts);
  } catch {
    if (turn === asked) content.replaceChildren(failed(row), facts);
  } finally {
    clearTimeout(grey);
  }
}

export function close() {
  if (!isOpen()) return false;
  box().hidden = true;
  asked += 1;
  const row = currentRow();
  if (row) mark(rows().indexOf(row));
  return true;
}

export const move = (by) => peek(step(by)).then(() => box().focus());

export function startDrawer() {
  document.addEventListener("click", (event) => {
    const eye = event.target.closest("[data-peek-button]");
    if (eye) {
      const row = eye.closest("tr");
      mark(rows().indexOf(row), { focus: false });
      peek(row);
    }
    if (event.target.closest("[data-close]")) close();
    const by = event.target.closest("[data-peek-step]");
    if (by) peek(mark(rows().indexOf(currentRow()) + Number(by.dataset.peekStep), { focus: false }));
  });
}
