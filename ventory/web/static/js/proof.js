// A check that runs: how far it came, once a second, until it is over. Without this, loading the page again shows it.
const EVERY = 1000;

export function startProof() {
  const box = document.querySelector("[data-proof]");
  if (box) window.setTimeout(() => follow(box), EVERY);
}

async function follow(box) {
  const answer = await fetch(box.dataset.proof, { headers: { Accept: "text/html" } }).catch(() => null);
  if (answer?.status === 204) {
    window.location.reload();
    return;
  }
  if (answer?.ok) {
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    box.replaceChildren(...page.body.childNodes);
  }
  window.setTimeout(() => follow(box), EVERY);
}
