// What every page does: menus, theme, forms that fire once, the effect before the click, keys.
import { startTables } from "./table.js";

const root = document.documentElement;

document.addEventListener("click", (event) => {
  const theme = event.target.closest("[data-set-theme]");
  if (theme) {
    root.dataset.theme = theme.dataset.setTheme;
    localStorage.setItem("theme", theme.dataset.setTheme);
  }
  if (event.target.closest("[data-fold-rail]")) {
    root.dataset.rail = root.dataset.rail === "folded" ? "open" : "folded";
    localStorage.setItem("rail", root.dataset.rail);
  }
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
  const dismiss = event.target.closest("[data-dismiss]");
  if (dismiss) dismiss.closest(".toast-note").remove();
  const copy = event.target.closest("[data-copy]");
  if (copy) copyText(copy);
});

async function copyText(button) {
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = "Copied";
  } catch {
    button.textContent = button.dataset.copy;
  }
  setTimeout(() => { button.textContent = label; }, 2000);
}

// A form fires once; its button keeps its width meanwhile.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "1";
  const button = event.submitter || form.querySelector("button[type=submit]");
  if (button) { button.style.width = `${button.offsetWidth}px`; button.setAttribute("aria-busy", "true"); }
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    form.querySelector("[aria-busy]")?.removeAttribute("aria-busy");
  }
});

// Selects marked so send their form at once (store switcher, filters).
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
});

// Steppers
document.addEventListener("click", (event) => {
  const step = event.target.closest("[data-step]");
  if (!step) return;
  const input = step.parentElement.querySelector("input");
  const value = Number(input.value || 0) + Number(step.dataset.step);
  input.value = String(Math.max(0, value));
  input.dispatchEvent(new Event("input", { bubbles: true }));
});

// The effect before the click: figures come with the form, in whole steps of the unit's smallest part, so that
// nothing is lost to floating point on the way to the sentence.
const effect = document.querySelector("[data-effect]");
if (effect) {
  const form = effect.closest("form");
  const levels = JSON.parse(effect.dataset.effect);
  const decimals = Number(effect.dataset.decimals);
  const scale = 10 ** decimals;
  const part = (text) => Math.round(Number(text || 0) * scale);
  const shown = (parts) => (parts / scale).toLocaleString("en-GB", { maximumFractionDigits: decimals }).replace("-", "−");
  const show = () => {
    const kind = form.dataset.kind;
    const here = levels[form.elements.store?.value];
    const amount = part(form.elements.quantity?.value);
    if (!here || !form.elements.quantity?.value) { effect.textContent = "Enter a quantity to see what it does."; effect.classList.remove("short"); return; }
    const signs = { restock: 1, return: 1, sale: -1, consumption: -1, transfer: -1 };
    const before = part(here.on_hand);
    let after = before + (signs[kind] || 0) * amount;
    if (kind === "adjustment") after = form.elements.way.value === "counted" ? amount : before + (form.elements.way.value === "more" ? amount : -amount);
    let text = `${here.name}: ${shown(before)} → ${shown(after)} ${effect.dataset.unit} on hand.`;
    const there = levels[form.elements.to_store?.value];
    if (kind === "transfer" && there) text += ` ${there.name}: ${shown(part(there.on_hand))} → ${shown(part(there.on_hand) + amount)}.`;
    const short = after - part(here.reserved) < 0;
    if (short) text += ` That is more than the ${shown(before - part(here.reserved))} available.`;
    effect.classList.toggle("short", short);
    effect.textContent = text;
  };
  form.addEventListener("input", show);
  show();
}

// Keys
let pending = "";
const places = { h: "/", s: "/stock", i: "/items", m: "/stock/movements", c: "/categories" };
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey && event.key === "Enter") { document.activeElement?.form?.requestSubmit(); return; }
  if (event.key === "Escape") {
    document.querySelector("details.menu[open]")?.removeAttribute("open");
    return;
  }
  if (event.target.closest("input, select, textarea, dialog") || event.metaKey || event.ctrlKey || event.altKey) return;
  if (localStorage.getItem("keys") === "off") return;
  if (pending === "g") {
    pending = "";
    if (places[event.key]) { location.assign(places[event.key]); event.preventDefault(); }
    return;
  }
  if (event.key === "g") { pending = "g"; setTimeout(() => { pending = ""; }, 1200); }
  else if (event.key === "/") { document.querySelector("input[name=q]")?.focus(); event.preventDefault(); }
  else if (event.key === "n") document.querySelector("[data-new]")?.click();
  else if (event.key === "?") document.querySelector("#keys")?.showModal();
});
document.querySelector("[data-show-keys]")?.addEventListener("click", () => document.querySelector("#keys").showModal());

startTables();
