// The effect before the click. Figures come with the form and are counted in the unit's smallest part, as whole
// numbers, so that nothing is lost to floating point on the way to the sentence.
import { numeral } from "./numbers.js";

const SIGNS = { restock: 1, return: 1, sale: -1, consumption: -1, transfer: -1 };

export function startEffect() {
  const effect = document.querySelector("[data-effect]");
  if (!effect) return;
  const form = effect.closest("form");
  const levels = JSON.parse(effect.dataset.effect);
  const decimals = Number(effect.dataset.decimals);
  const scale = 10 ** decimals;
  const part = (text) => Math.round(Number(text || 0) * scale);
  const shown = (parts) => (parts / scale).toLocaleString("en-GB", { maximumFractionDigits: decimals }).replace("-", "−");

  const sentence = () => {
    const fields = form.elements;
    const here = levels[fields.store?.value];
    const written = fields.quantity?.value.trim();
    if (!here || !written) return ["Enter a quantity to see what it does.", false];
    const amount = part(numeral(written) ?? "none");
    if (!Number.isFinite(amount)) return ["Enter a number to see what it does.", false];
    if (fields.unit && fields.unit.selectedIndex > 0 && fields.unit.options.length > 1 && fields.unit.value !== effect.dataset.unit) {
      return [`${written} × ${fields.unit.selectedOptions[0].text}, booked in ${effect.dataset.unit}, in ${here.name}.`, false];
    }
    const before = part(here.on_hand);
    let after = before + (SIGNS[form.dataset.kind] || 0) * amount;
    if (form.dataset.kind === "adjustment") {
      const way = fields.way.value;
      after = way === "counted" ? amount : before + (way === "more" ? amount : -amount);
    }
    let text = `${here.name}: ${shown(before)} → ${shown(after)} ${effect.dataset.unit} on hand.`;
    const there = levels[fields.to_store?.value];
    if (form.dataset.kind === "transfer" && there) {
      text += ` ${there.name}: ${shown(part(there.on_hand))} → ${shown(part(there.on_hand) + amount)}.`;
    }
    const free = before - part(here.reserved);
    const isShort = after < before && after - part(here.reserved) < 0;
    if (isShort) text += ` That is more than the ${shown(free)} available.`;
    return [text, isShort];
  };

  const show = () => {
    const [text, isShort] = sentence();
    effect.classList.toggle("short", isShort);
    effect.textContent = text;
  };
  form.addEventListener("input", show);
  show();
}
