/** A matrix of counts as a table: each number is a button; the arrow keys go from one to the next. */

import { className } from "../common/classes.js";
import { bdi, count, el } from "../common/dom.js";
import { pairWords } from "../common/words.js";
import { button } from "../common/parts.js";
import { t } from "../common/language.js";

const STEPS = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };

/**
 * Make the table of the pairs that have rows, labels with most rows first.
 *
 * @param {string[]} labels
 * @param {Array<[number, number, number, number]>} cells Given and suggested code, rows, and rows that nobody decided.
 * @param {Set<string>} picked Pairs as the filter writes them.
 * @param {(pair: string) => void} pick
 */
export function matrix(labels, cells, picked, pick) {
  const [given, suggested] = [ranked(cells, 0), ranked(cells, 1)];
  const byPair = new Map(cells.map((cell) => [`${cell[0]},${cell[1]}`, cell]));
  const most = Math.max(...cells.map((cell) => cell[2]));
  const number = (value) => el("td", { class: "pg-number" }, count(value));
  const line = ([code, all]) => {
    const squares = suggested.map(([other]) => square(byPair.get(`${code},${other}`), labels, most, picked, pick));
    return el("tr", null, el("th", { scope: "row" }, bdi(className(labels[code]))), squares, number(all));
  };
  const corner = el("td", { class: "pg-corner" }, el("div", null, t("given ↓")), el("div", null, t("suggested →")));
  const heads = suggested.map(([code]) => el("th", { scope: "col" }, bdi(className(labels[code]))));
  const element = el(
    "table",
    { class: "pg-table pg-matrix", onkeydown: move },
    el("caption", { class: "au-unseen" }, t("Rows by given label (down) and suggested label (across)")),
    el("thead", null, el("tr", null, corner, heads, el("th", { scope: "col" }, t("All||total")))),
    el("tbody", null, given.map(line)),
    el(
      "tfoot",
      null,
      el(
        "tr",
        null,
        el("th", { scope: "row" }, t("All||total")),
        suggested.map(([, all]) => number(all)),
        number(given.reduce((sum, [, all]) => sum + all, 0)),
      ),
    ),
  );
  rove(element, element.querySelector("button"));
  element.addEventListener(
    "focusin",
    (event) => /** @type {Element} */ (event.target).matches("button") && rove(element, event.target),
  );
  return element;
}

/** Codes on one side of the pairs, with their rows, those with most first. */
function ranked(cells, side) {
  const rows = new Map();
  cells.forEach((cell) => rows.set(cell[side], (rows.get(cell[side]) ?? 0) + cell[2]));
  return [...rows].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
}

function square(cell, labels, most, picked, pick) {
  if (!cell) {
    return el("td", null, el("span", { class: "au-unseen" }, "0"));
  }
  const [given, suggested, rows, undecided] = cell;
  const pair = JSON.stringify([labels[given], labels[suggested]]);
  const words = pairWords(className(labels[given]), className(labels[suggested]), rows, undecided);
  const state = { "aria-pressed": String(picked.has(pair)), "aria-label": words, title: words };
  return el(
    "td",
    null,
    button(count(rows), () => pick(pair), { ...state, tabindex: "-1", data: { pair }, vars: { part: rows / most } }),
  );
}

/** Of very many buttons the Tab key finds one: the one that had the focus last. */
function rove(table, button) {
  table.querySelector("button[tabindex='0']")?.setAttribute("tabindex", "-1");
  button?.setAttribute("tabindex", "0");
}

/** Go to the next number in the direction of an arrow, past what is empty. */
function move(event) {
  const step = STEPS[event.key];
  if (!step || !(/** @type {Element} */ (event.target).matches("button"))) {
    return;
  }
  event.preventDefault();
  const rows = [...event.currentTarget.tBodies[0].rows];
  let [down, across] = [rows.indexOf(event.target.closest("tr")), event.target.closest("td").cellIndex];
  do {
    down += step[0];
    across += step[1];
  } while (rows[down]?.cells[across] && !rows[down].cells[across].querySelector("button"));
  rows[down]?.cells[across]?.querySelector("button").focus();
}
