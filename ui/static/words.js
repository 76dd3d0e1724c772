/** How the page calls things. */

import { bdi } from "./dom.js";

const VERDICTS = {
  keep: "Keep",
  relabel: "Relabel",
  ambiguous: "Ambiguous",
  none_fits: "None fits",
  exclude: "Exclude",
  unsure: "Unsure",
};

/** What a verdict is called: `Keep`. */
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

const SORTS = {
  suspicion: "Most suspect first",
  random: "Random order",
  given: "Order of the dataset",
  pair: "By confusion pair",
};

/** What an order is called; `loss:features` is named after its model. */
export const sortName = (sort) => SORTS[sort] ?? sort.replace(/^loss:/, "Loss of ");

/** A share as whole percents, with its ends told apart: `<1 %`, `>99 %`. */
export function percent(share) {
  const whole = Math.round(share * 100);
  if (whole === 0 && share > 0) {
    return "<1\u202f%";
  }
  return whole === 100 && share < 1 ? ">99\u202f%" : `${whole}\u202f%`;
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
