// What was typed outlives a sign-in that ended before the form was sent: kept in this tab, for the same person, until a
// page shows how the form fared.
import { note } from "./store.js";

const KEY = "draft";
const TOKENS = new Set(["csrf_token", "idempotency_key"]);
const LONGEST_MS = 24 * 3600 * 1000;
const here = () => location.pathname + location.search;
const person = () => document.querySelector(".frame")?.dataset.person;

function read() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY));
  } catch {
    return null;
  }
}

function write(draft) {
  try {
    if (draft) sessionStorage.setItem(KEY, JSON.stringify(draft));
    else sessionStorage.removeItem(KEY);
  } catch {
    // A browser that refuses storage keeps nothing.
  }
}

const isKept = (field) => field.name && !TOKENS.has(field.name) && !["password", "file", "submit"].includes(field.type)
  && field.autocomplete !== "one-time-code";

export function keep(form) {
  const fields = [...form.elements].filter(isKept);
  if (!form.closest(".frame main") || fields.every((field) => field.type === "hidden")) return;
  const values = fields.map((field) => ["checkbox", "radio"].includes(field.type) ? field.checked : field.value);
  write({ at: Date.now(), page: here(), action: form.action, names: fields.map((field) => field.name), values, person: person() });
}

function fill(draft) {
  const form = [...document.querySelectorAll("main form[method=post]")].find((each) => each.action === draft.action);
  const fields = form ? [...form.elements].filter(isKept) : [];
  if (String(fields.map((field) => field.name)) !== String(draft.names)) return;
  fields.forEach((field, index) => {
    if (["checkbox", "radio"].includes(field.type)) field.checked = draft.values[index];
    else field.value = draft.values[index];
  });
  form.dispatchEvent(new Event("input", { bubbles: true }));
  note("What you had typed stands here again. It was not sent yet.");
}

// Pages without a frame stand between a form and its answer: the sign-in, and what is said when a form came too late.
export function startDrafts() {
  const draft = read();
  if (!draft) return;
  if (!person()) {
    write({ ...draft, isWaiting: true });
    return;
  }
  write(null);
  const isOurs = draft.person === person() && Date.now() - draft.at < LONGEST_MS;
  if (draft.isWaiting && isOurs && draft.page === here()) fill(draft);
}
