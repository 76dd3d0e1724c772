/** How the page calls things. */

import { className } from "./classes.js";
import { bdi, count, plural } from "./dom.js";
import { DATES, nodes, t } from "./language.js";

const VERDICTS = {
  keep: t("Keep"),
  relabel: t("Relabel"),
  ambiguous: t("Ambiguous"),
  none_fits: t("None fits"),
  exclude: t("Exclude"),
  unsure: t("Unsure"),
  tie: t("Tie"),
};

/** What a verdict is called, or what several come to: `Keep`, `Tie`. */
export const verdictName = (verdict) => VERDICTS[verdict] ?? verdict;

/** A verdict with its labels, as nodes: Relabel to *love*. */
export function verdictWords({ verdict, new_labels: labels = [] }) {
  const between = { relabel: t(" to "), none_fits: t(", proposed: ") }[verdict] ?? t(": ");
  const name = verdict === "none_fits" ? String : className; // a proposed class is none of the dataset's
  return [verdictName(verdict), labels.map((label, at) => [at ? t(", ") : between, bdi(name(label))])];
}

/** The same as one string, to be read aloud. */
export const verdictText = (decision) =>
  verdictWords(decision)
    .flat(2)
    .map((part) => part.textContent ?? part)
    .join("");

/** What a card says, to be read aloud: the beginning of its text, its labels, and one's own verdict. */
export function cardText({ text, given, suggested, hidden, mine }) {
  const parts = [text.slice(0, 300), t("Given: {label}.", { label: className(given) })];
  if (!hidden && suggested !== null) {
    parts.push(t("Suggested: {label}.", { label: className(suggested) }));
  }
  if (mine) {
    parts.push(t("You decided: {verdict}.", { verdict: verdictText(mine) }));
  }
  return parts.join(" ");
}

const KINDS = {
  mislabelled: t("The models prefer another label"),
  ambiguous: t("The models are divided"),
  none_fits: t("The models prefer no single label"),
  duplicate_conflict: t("The same text has another label"),
  unclear: t("Not clear"),
};

/** What the models say of a row, in a few words: `The models are divided`. None says that a label is wrong. */
export const kindName = (kind) => KINDS[kind] ?? kind;

const TIERS = {
  high: t("High: flagged in every repeat"),
  medium: t("Medium: flagged, but not in every repeat"),
  low: t("Low: not flagged, but in some repeat"),
};

const TIER = { high: t("high"), medium: t("medium"), low: t("low") };

/** A tier by its name. */
export const tierWord = (tier) => TIER[tier] ?? tier;

/** What a tier means. */
export const tierName = (tier) => TIERS[tier] ?? tier;

/**
 * What the models say of a row, and how steadily, as nodes; nothing where no kind and no tier is known. No share stands
 * beside it: it would be read as the chance that the label is wrong.
 */
export function kindWords(card) {
  const { kind, tier, stability, repeats } = card;
  const hasKind = kind !== null && kind !== undefined;
  if (!hasKind && !tier) {
    return null;
  }
  const what = hasKind ? preference(card) : t("The models prefer the given label");
  return [what, ` · ${stabilityWords(stability, repeats)}`];
}

/** What the models prefer, with the labels by their names. */
function preference({ kind, given, suggested }) {
  if (suggested !== null && kind === "mislabelled") {
    return nodes("The models prefer {label}", { label: bdi(className(suggested)) });
  }
  if (suggested !== null && kind === "ambiguous") {
    const classes = { given: bdi(className(given)), suggested: bdi(className(suggested)) };
    return nodes("The models are divided between {given} and {suggested}", classes);
  }
  return kindName(kind);
}

/** How many repeats of the audit flag a row. */
function stabilityWords(stability, repeats) {
  if (stability === null || stability === undefined) {
    return t("no repeats to test whether the flag is stable");
  }
  const flagged = Math.round(stability * repeats);
  // Not every repeat may have judged the row.
  const whole = Math.abs(stability * repeats - flagged) < 1e-3;
  if (!whole) {
    return t("flagged in some of its repeats");
  }
  const all = plural(repeats, "repeat");
  return flagged
    ? t("flagged in {some} of {repeats}", { some: flagged, repeats: all })
    : t("flagged in none of {repeats}", { repeats: all });
}

const SORTS = {
  learnt: t("Learnt from your verdicts"),
  "fixes-per-minute": t("Most expected fixes a minute"),
  suspicion: t("Most suspect first"),
  random: t("Random order"),
  given: t("Order of the dataset"),
  pair: t("By given and suggested label"),
};
const MODELS = {
  lexical: t("words model (lexical)"),
  features: t("meaning model (features)"),
  finetuned: t("fine-tuned model (finetuned)"),
};

/** What an order is called: `loss:lexical` puts those first whose given label that model expects least. */
export function sortName(sort) {
  const model = sort.replace(/^loss:/, "");
  return (
    SORTS[sort] ?? t("Least expected by the {model}", { model: MODELS[model] ?? t("model {name}", { name: model }) })
  );
}

/** A number in per cent, with the sign. */
export const percentOf = (number) => t("{number}\u202f%", { number });

/** A share as whole percents, with its ends told apart: `<1 %`, `>99 %`. */
export function percent(share) {
  const whole = Math.round(share * 100);
  if (whole === 0 && share > 0) {
    return percentOf("<1");
  }
  return percentOf(whole === 100 && share < 1 ? ">99" : whole);
}

/** A share in per cent with one decimal, `7.9`, without its sign. */
export const points = (share) => (100 * share).toFixed(1);

/** The ends of an interval in per cent, `6.6 to 10.1`, rounded outwards: what is written holds what was found. */
export function ends95({ low, high }) {
  const ends = { low: (Math.floor(1000 * low) / 10).toFixed(1), high: (Math.ceil(1000 * high) / 10).toFixed(1) };
  return t("{low} to {high}", ends);
}

/** At least so much, in whole percents: `58 %`. */
export const atLeast = (share) => percentOf(Math.floor(100 * share));

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

const MOMENT = new Intl.DateTimeFormat(DATES, { dateStyle: "medium", timeStyle: "short" });

/** A cell of a matrix of labels, to be read aloud. */
export const pairWords = (given, suggested, rows, undecided) =>
  t("given {given}, suggested {suggested}: {rows}, {undecided} undecided", {
    given,
    suggested,
    rows: plural(rows, "row"),
    undecided: count(undecided),
  });

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
