// Menus, theme, density, the folded rail, copying, notes that go away.
import { say } from "./store.js";

const root = document.documentElement;

function choose(name, value) {
  if (value) root.dataset[name] = value;
  else delete root.dataset[name];
  try {
    if (value) localStorage.setItem(name, value);
    else localStorage.removeItem(name);
  } catch {
    // A browser that refuses storage forgets the choice with the page.
  }
}

async function copy(button) {
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = "Copied";
    say("Copied");
    setTimeout(() => { button.textContent = label; }, 2000);
  } catch {
    // Without a secure connection the clipboard is closed: show the text to copy by hand.
    window.prompt("Copy this:", button.dataset.copy);
  }
}

export function startMenus() {
  // A row of tabs that is wider than a phone begins where the chosen one can be seen.
  for (const tab of document.querySelectorAll(".tabs a[aria-current]")) {
    const row = tab.parentElement;
    row.scrollLeft = Math.max(0, tab.offsetLeft + tab.offsetWidth - row.offsetLeft - row.clientWidth + 12);
  }
  document.addEventListener("click", (event) => {
    const target = event.target;
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(target)) menu.open = false;
    }
    const choice = target.closest("[data-choose]");
    if (choice) choose(choice.dataset.choose, choice.dataset.value);
    if (target.closest("[data-fold-rail]")) choose("rail", root.dataset.rail === "folded" ? "" : "folded");
    target.closest("[data-dismiss]")?.closest(".toast-note").remove();
    const copied = target.closest("[data-copy]");
    if (copied) copy(copied);
    if (target.closest("[data-print]")) window.print();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = document.querySelector("details.menu[open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}
