// Files dropped on an upload form are sent as if they had been chosen in it.
const holdsFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
const dropOf = (event) => event.target.closest?.("[data-drop]");

export function startFiles() {
  if (!document.querySelector("[data-drop]")) return;
  document.querySelectorAll("[data-drop-hint]").forEach((each) => { each.hidden = false; });
  // A file dropped beside the form would otherwise replace the page.
  document.addEventListener("dragover", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    const drop = dropOf(event);
    document.querySelectorAll("[data-drop]").forEach((each) => each.classList.toggle("over", each === drop));
    event.dataTransfer.dropEffect = drop ? "copy" : "none";
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) document.querySelectorAll("[data-drop].over").forEach((each) => each.classList.remove("over"));
  });
  document.addEventListener("drop", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    const drop = dropOf(event);
    document.querySelectorAll("[data-drop].over").forEach((each) => each.classList.remove("over"));
    if (!drop || drop.dataset.sent) return;
    drop.querySelector("input[type=file]").files = event.dataTransfer.files;
    drop.requestSubmit();
  });
}
