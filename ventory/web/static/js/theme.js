// Runs before the page is painted: the chosen theme, or the device's, and the folded rail.
const stored = localStorage.getItem("theme");
const wanted = stored || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
document.documentElement.dataset.theme = wanted;
document.documentElement.dataset.rail = localStorage.getItem("rail") || "open";
