// Forms fire once; steppers step; marked selects send their form at once.
import { keep } from "./drafts.js";
import { numeral } from "./numbers.js";
import { note } from "./store.js";

// Browsers call a device offline that still reaches a server of its own, so the server is asked.
async function askFirst(form, submitter) {
  const reaches = await fetch("/healthz", { method: "HEAD", cache: "no-store" }).then(() => true, () => false);
  if (!reaches) {
    note("This device is offline. Nothing was sent, and what you typed stays here.");
    return;
  }
  form.dataset.reaches = "1";
  form.requestSubmit(submitter);
}

function release(form) {
  delete form.dataset.sent;
  delete form.dataset.reaches;
  for (const button of form.querySelectorAll("[aria-busy]")) {
    button.removeAttribute("aria-busy");
    button.style.width = "";
  }
}

export function startForms() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    if (!navigator.onLine && !form.dataset.reaches) {
      event.preventDefault();
      askFirst(form, event.submitter);
      return;
    }
    form.dataset.sent = "1";
    keep(form);
    const button = event.submitter || form.querySelector("button[type=submit]");
    if (button) { button.style.width = `${button.offsetWidth}px`; button.setAttribute("aria-busy", "true"); }
  });
  // Back from the next page shows this one as it was left.
  window.addEventListener("pageshow", () => { document.querySelectorAll("form[data-sent]").forEach(release); });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
  });
  document.addEventListener("click", (event) => {
    const step = event.target.closest("[data-step]");
    if (!step) return;
    const input = step.parentElement.querySelector("input");
    input.value = stepped(input.value, Number(step.dataset.step));
    input.dispatchEvent(new Event("input", { bubbles: true }));
  });
  for (const group of document.querySelectorAll(".field .words")) startWords(group);
  // A form that came back with a fault starts at the field to blame.
  document.querySelector("[aria-invalid=true]")?.focus();
}

// Steps the whole part and leaves typed decimals as they are: 0.3 + 1 stays 1.3.
export function stepped(written, step) {
  const [whole, fraction] = (numeral(written) ?? (written.trim() || "0")).split(".");
  const next = Number(whole) + step;
  if (!Number.isSafeInteger(next)) return written;
  if (next < 0) return "0";
  return fraction ? `${next}.${fraction}` : String(next);
}

// Words in use, offered below a field of words with commas between them: a click adds one or takes it away.
function startWords(group) {
  const input = group.closest(".field").querySelector("input");
  const words = () => input.value.split(",").map((word) => word.trim()).filter(Boolean);
  const is = (button) => (word) => word.toLowerCase() === button.dataset.word.toLowerCase();
  const show = () => {
    for (const button of group.children) button.setAttribute("aria-pressed", String(words().some(is(button))));
  };
  group.addEventListener("click", (event) => {
    const button = event.target.closest("[data-word]");
    if (!button) return;
    const here = words();
    const rest = here.filter((word) => !is(button)(word));
    input.value = (rest.length < here.length ? rest : [...here, button.dataset.word]).join(", ");
    show();
  });
  input.addEventListener("input", show);
  show();
}
