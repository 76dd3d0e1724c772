/** How the page calls things. */

import { bdi, plural } from "./dom.js";

const VERDICTS = {
  keep: "Keep",
  relabel: "Relabel",
  ambiguous: "Ambiguous",
  none_fits: "None fits",
  exclude: "Exclude",
  unsure: "Unsure",
  tie: "Tie",
};

/** What a verdict is called, or what several come to: `Keep`, `Tie`. */
export const verdictName = (verdict) => VERDICTS[verdict] ?? verdict;

/** A verdict with its labels, as nodes: Relabel to *love*. */
export function verdictWords({ verdict, new_labels: labels = [] }) {
  const between = { relabel: " to ", none_fits: ", proposed: " }[verdict] ?? ": ";
  return [verdictName(verdict), labels.map((label, at) => [at ? ", " : between, bdi(label)])];
}

/** The same as one string, to be read aloud. */
export const verdictText = (decision) =>
  verdictWords(decision)
    .flat(2)
    .map((part) => part.textContent ?? part)
    .join("");

const KINDS = {
  mislabelled: "The models prefer another label",
  ambiguous: "The models are divided",
  none_fits: "The models prefer no single label",
  duplicate_conflict: "The same text has another label",
  unclear: "Not clear",
};

/** What the models say of a row, in a few words: `The models are divided`. None says that a label is wrong. */
export const kindName = (kind) => KINDS[kind] ?? kind;

const TIERS = {
  high: "High: flagged in every repeat",
  medium: "Medium: flagged, but not in every repeat",
  low: "Low: not flagged, but in some repeat",
};

/** What a tier means. */
export const tierName = (tier) => TIERS[tier] ?? tier;

/**
 * What the models say of a row, and how steadily, as nodes; nothing where no kind and no tier is known. No share stands
 * beside it: it would be read as the chance that the label is wrong.
 */
export function kindWords(card) {
  const { kind, tier, stability, repeats } = card;
  const known = kind !== null && kind !== undefined;
  if (!known && !tier) {
    return null;
  }
  const what = known ? preference(card) : "The models prefer the given label";
  return [what, ` · ${stabilityWords(stability, repeats)}`];
}

/** What the models prefer, with the labels by their names. */
function preference({ kind, given, suggested }) {
  if (suggested !== null && kind === "mislabelled") {
    return ["The models prefer ", bdi(suggested)];
  }
  if (suggested !== null && kind === "ambiguous") {
    return ["The models are divided between ", bdi(given), " and ", bdi(suggested)];
  }
  return kindName(kind);
}

/** How many repeats of the audit flag a row. */
function stabilityWords(stability, repeats) {
  if (stability === null || stability === undefined) {
    return "no repeats to tell whether its flag stays";
  }
  const flagged = Math.round(stability * repeats);
  // Not every repeat may have judged the row.
  const whole = Math.abs(stability * repeats - flagged) < 1e-3;
  return whole ? `flagged in ${flagged || "none"} of ${plural(repeats, "repeat")}` : "flagged in some of its repeats";
}

const SORTS = {
  learnt: "Learnt from your verdicts",
  "fixes-per-minute": "Most expected fixes a minute",
  suspicion: "Most suspect first",
  random: "Random order",
  given: "Order of the dataset",
  pair: "By given and suggested label",
};
const MODELS = { lexical: "words model", features: "meaning model", finetuned: "fine-tuned model" };

/** What an order is called: `loss:lexical` puts those first whose given label that model expects least. */
export function sortName(sort) {
  const model = sort.replace(/^loss:/, "");
  return SORTS[sort] ?? `Least expected by the ${MODELS[model] ?? `model ${model}`}`;
}

/** A share as whole percents, with its ends told apart: `<1 %`, `>99 %`. */
export function percent(share) {
  const whole = Math.round(share * 100);
  if (whole === 0 && share > 0) {
    return "<1\u202f%";
  }
  return whole === 100 && share < 1 ? ">99\u202f%" : `${whole}\u202f%`;
}

/** A share in per cent with one decimal, `7.9`, without its sign. */
export const points = (share) => (100 * share).toFixed(1);

/** The ends of an interval in per cent, `6.6 to 10.1`, rounded outwards: what is written holds what was found. */
export function ends95({ low, high }) {
  return `${(Math.floor(1000 * low) / 10).toFixed(1)} to ${(Math.ceil(1000 * high) / 10).toFixed(1)}`;
}

/** At least so much, in whole percents: `58 %`. */
export const atLeast = (share) => `${Math.floor(100 * share)}\u202f%`;

/** A suspicion; one that is not quite 1 or 0 is never shown as if it were: `> 0.99`, `< 0.01`. */
export function suspicionText(share) {
  const shown = decimal(share);
  if (shown === "1.00" && share < 1) {
    return ">\u00a00.99";
  }
  return shown === "0.00" && share > 0 ? "<\u00a00.01" : shown;
}

/** Number with `digits` decimals, or a dash. */
export const decimal = (number, digits = 2) => (number === null || number === undefined ? "–" : number.toFixed(digits));

const MOMENT = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });

/** When something was, in the reader's own time. */
export function moment(at) {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? "" : MOMENT.format(date);
}

/** At most `length` characters, the last of which is then an ellipsis. */
export function shorten(text, length) {
  const letters = [...text];
  return letters.length <= length
    ? text
    : `${letters
        .slice(0, length - 1)
        .join("")
        .trimEnd()}…`;
}

/** The beginning and the end of a text, of at most `length` characters with the ellipsis between them. */
export function ends(text, length) {
  const letters = [...text];
  const side = (length - 1) / 2;
  return letters.length <= length
    ? text
    : `${letters.slice(0, Math.ceil(side)).join("")}…${letters.slice(-Math.floor(side)).join("")}`;
}
