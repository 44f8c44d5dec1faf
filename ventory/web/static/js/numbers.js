// Numbers as people type them: decimals follow a point, commas and blanks part thousands in threes. The server reads
// them so too: 1,5 is refused there, so no effect is told for it here.
const PLAIN = /^[+-]?(\d+\.?\d*|\.\d+)$/;
const GROUPED = /^[+-]?[1-9]\d{0,2}([, \u00a0\u202f])\d{3}(\1\d{3})*(\.\d*)?$/;

// The number without what parts its thousands, or undefined where it is none.
export function numeral(written) {
  const text = written.trim();
  if (PLAIN.test(text)) return text;
  return GROUPED.test(text) ? text.replace(/[, \u00a0\u202f]/g, "") : undefined;
}
