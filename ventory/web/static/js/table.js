// Lists: rows by keys, the peek drawer, selection, columns that were hidden.
const drawer = () => document.querySelector("#drawer");
let current = -1;
let opener = null;

const rows = () => [...document.querySelectorAll("table.list tbody tr[data-href]")];

function mark(index) {
  const all = rows();
  if (!all.length) return;
  current = Math.max(0, Math.min(index, all.length - 1));
  for (const row of all) row.classList.remove("current");
  all[current].classList.add("current");
  all[current].scrollIntoView({ block: "nearest" });
}

async function peek(index) {
  mark(index);
  const row = rows()[current];
  if (!row?.dataset.peek) return;
  const box = drawer();
  if (box.hidden) opener = document.activeElement;
  const answer = await fetch(row.dataset.peek, { headers: { "X-Requested-With": "peek" } });
  box.querySelector(".content").innerHTML = answer.ok ? await answer.text() : "<p>This could not be loaded. Open the page instead.</p>";
  box.hidden = false;
  box.querySelector("[data-close]").focus();
}

function close() {
  drawer().hidden = true;
  opener?.focus();
}

function countPicked() {
  const bar = document.querySelector(".selection");
  if (!bar) return;
  const picked = document.querySelectorAll("td.pick input:checked").length;
  bar.hidden = picked === 0;
  bar.querySelector("[data-picked]").textContent = `${picked} selected`;
}

function hideColumns() {
  for (const table of document.querySelectorAll("table.list[data-list]")) {
    const key = `columns:${table.dataset.list}`;
    const hidden = new Set(JSON.parse(localStorage.getItem(key) || "[]"));
    const apply = () => {
      for (const cell of table.querySelectorAll("[data-column]")) cell.hidden = hidden.has(cell.dataset.column);
    };
    for (const box of document.querySelectorAll(`[data-columns-of="${table.dataset.list}"] input`)) {
      box.checked = !hidden.has(box.value);
      box.addEventListener("change", () => {
        if (box.checked) hidden.delete(box.value); else hidden.add(box.value);
        localStorage.setItem(key, JSON.stringify([...hidden]));
        apply();
      });
    }
    apply();
  }
}

export function startTables() {
  hideColumns();
  document.addEventListener("click", (event) => {
    const eye = event.target.closest("[data-peek-button]");
    if (eye) peek(rows().indexOf(eye.closest("tr")));
    if (event.target.closest("[data-close]")) close();
    const step = event.target.closest("[data-peek-step]");
    if (step) peek(current + Number(step.dataset.peekStep));
    if (event.target.matches("[data-pick-all]")) {
      for (const box of document.querySelectorAll("td.pick input")) box.checked = event.target.checked;
    }
    if (event.target.closest(".pick")) countPicked();
  });
  document.addEventListener("keydown", (event) => {
    const box = drawer();
    if (event.key === "Escape" && box && !box.hidden) { close(); return; }
    if (event.target.closest("input, select, textarea, dialog, button, summary") && !event.target.closest(".drawer")) return;
    if (event.metaKey || event.ctrlKey || event.altKey || localStorage.getItem("keys") === "off") return;
    const keys = {
      j: () => mark(current + 1),
      k: () => mark(current - 1),
      x: () => { const pick = rows()[current]?.querySelector(".pick input"); if (pick) { pick.checked = !pick.checked; countPicked(); } },
      " ": () => peek(Math.max(current, 0)),
      e: () => { const edit = rows()[current]?.dataset.edit; if (edit) location.assign(edit); },
      Enter: () => { if (!event.target.closest("a")) { const row = rows()[current]; if (row) location.assign(row.dataset.href); } },
    };
    if (keys[event.key] && rows().length && document.querySelector("table.list")) {
      if (event.key === " " || event.key === "Enter") {
        if (event.target.closest("a")) return;
        event.preventDefault();
      }
      keys[event.key]();
    }
  });
}
