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
