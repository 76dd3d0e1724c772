/** Pairs given → suggested as a ranked list: what a matrix of very many classes would hide. */

import { className } from "./classes.js";
import { count, el, plural } from "./dom.js";
import { pairWords } from "./words.js";
import { bar, button, change, scroller } from "./parts.js";
import { t } from "./language.js";

const STEP = 50;
let listed = STEP; // stays when the list is drawn anew

/**
 * @param {string[]} labels
 * @param {Array<[number, number, number, number]>} cells Given and suggested code, rows, and rows that nobody decided.
 * @param {Set<string>} picked Pairs as the filter writes them.
 * @param {(pair: string) => void} pick
 */
export function pairList(labels, cells, picked, pick) {
  const ranked = [...cells].sort((a, b) => b[2] - a[2]);
  const most = ranked[0][2];
  const body = el("tbody");
  const more = button(t("Show more"), () => add(STEP));
  const head = (name, side) => el("th", { scope: "col", class: side }, name);
  const add = (step) => {
    const begin = body.children.length;
    body.append(...ranked.slice(begin, begin + step).map((cell) => line(cell, labels, most, picked, pick)));
    listed = Math.max(listed, body.children.length);
    more.hidden = body.children.length === ranked.length;
    more.textContent = t("Show more of {pairs}", { pairs: plural(ranked.length, "pair") });
    if (begin) {
      body.children[begin]?.querySelector("button").focus();
    }
  };
  add(listed);
  const table = el(
    "table",
    { class: "pg-table pg-pairs" },
    el("caption", { class: "au-unseen" }, t("Pairs of given and suggested label, those with most rows first")),
    el("thead", null, el("tr", null, head(t("Rows")), head(t("Given → suggested")), head(t("Undecided"), "pg-number"))),
    body,
  );
  return el("div", null, scroller(t("Confusions"), table), el("p", { class: "pg-bar" }, more));
}

function line([given, suggested, rows, undecided], labels, most, picked, pick) {
  const pair = JSON.stringify([labels[given], labels[suggested]]);
  const words = pairWords(className(labels[given]), className(labels[suggested]), rows, undecided);
  const state = { "aria-pressed": String(picked.has(pair)), "aria-label": words, data: { pair } };
  return el(
    "tr",
    null,
    el(
      "td",
      null,
      button(count(rows), () => pick(pair), state),
      bar(rows / most, "differ"),
    ),
    el("td", null, change(labels[given], labels[suggested])),
    el("td", { class: "pg-number" }, count(undecided)),
  );
}
