// Runs before the page is painted: what this person chose for this device. Nothing chosen: the device's own theme.
const chosen = { theme: localStorage.getItem("theme"), rail: localStorage.getItem("rail"), density: localStorage.getItem("density") };
for (const [name, value] of Object.entries(chosen)) {
  if (value) document.documentElement.dataset[name] = value;
}
