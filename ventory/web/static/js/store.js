// What this device remembers. A browser that refuses storage forgets, and everything else still works.
export function recall(key, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

export function remember(key, value) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // Private windows may refuse; the choice then lasts as long as the page.
  }
}

// One spoken line for people who do not see what changed.
export function say(text) {
  const region = document.querySelector("#spoken");
  if (region) region.textContent = text;
}

// A note at the edge of the page, as the ones after an action.
export function note(text) {
  const box = document.createElement("div");
  const words = document.createElement("span");
  const close = document.createElement("button");
  box.className = "toast-note";
  words.textContent = text;
  Object.assign(close, { type: "button", textContent: "Close" });
  close.dataset.dismiss = "";
  box.append(words, close);
  const notes = document.querySelector(".toasts");
  for (const each of notes.children) if (each.firstElementChild?.textContent === text) each.remove();
  notes.append(box);
}
