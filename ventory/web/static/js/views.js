// A person's own views of a list: its filters under a name, kept on this device, as tabs beside the given ones.
import { recall, remember } from "./store.js";

function tab(list, view, redraw) {
  const link = document.createElement("a");
  link.href = location.pathname + view.query;
  link.textContent = view.name;
  if (location.search === view.query) link.setAttribute("aria-current", "page");
  const item = document.createElement("span");
  item.className = "own";
  const away = document.createElement("button");
  away.type = "button";
  away.className = "btn plain icon-only";
  away.textContent = "×";
  away.setAttribute("aria-label", `Remove the view ${view.name}`);
  away.addEventListener("click", () => {
    remember(`views:${list}`, recall(`views:${list}`, []).filter((each) => each.name !== view.name));
    redraw();
  });
  item.append(link, away);
  return item;
}

export function startViews() {
  const bar = document.querySelector("[data-views-of]");
  const dialog = document.querySelector("#new-view");
  if (!bar || !dialog) return;
  const list = bar.dataset.viewsOf;
  const redraw = () => {
    bar.querySelectorAll(".own").forEach((each) => each.remove());
    bar.append(...recall(`views:${list}`, []).map((view) => tab(list, view, redraw)));
    const own = bar.querySelector(".own a[aria-current]");
    if (own) bar.querySelectorAll(":scope > a[aria-current]").forEach((each) => each.removeAttribute("aria-current"));
  };
  document.querySelector("[data-save-view]")?.addEventListener("click", () => dialog.showModal());
  dialog.addEventListener("close", () => {
    const name = dialog.querySelector("input").value.trim().slice(0, 40);
    if (dialog.returnValue !== "save" || !name) return;
    const query = new URLSearchParams(location.search);
    query.delete("cursor");
    const others = recall(`views:${list}`, []).filter((each) => each.name !== name);
    remember(`views:${list}`, [...others, { name, query: query.size ? `?${query}` : "" }]);
    redraw();
  });
  redraw();
}
