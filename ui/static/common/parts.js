/** Small pieces that several pages show. */

import { className } from "./classes.js";
import { bdi, el } from "./dom.js";
import { verdictWords } from "./words.js";
import { nodes, t } from "./language.js";

/** A label of the dataset by the name that its class has now; null where a row has none. */
export const label = (name) => asWritten(name === null || name === undefined ? null : className(name));

/** A name as it stands. */
export function asWritten(name) {
  return name === null ? el("span", { class: "au-muted" }, t("none")) : bdi(name, { class: "pg-label" });
}

/** `given → to`: labels of the dataset, or names that are `shown` in another way. */
export function change(given, to, shown = label) {
  return el("span", { class: "pg-change" }, shown(given), el("span", { class: "pg-arrow" }, "→"), shown(to));
}

/** A bar that fills `part` of its place; screen readers skip it, so its number must stand next to it. */
export function bar(part, kind = "agree") {
  return el("span", { class: `pg-meter pg-meter-${kind}`, "aria-hidden": "true" }, el("span", { vars: { part } }));
}

/** A button; `more` are further attributes. */
export function button(text, onclick, more) {
  return el("button", { type: "button", onclick, ...more }, text);
}

/** Verdicts that stand on a row, each with its reviewer. */
export function standing(verdicts) {
  return verdicts.map((verdict) =>
    el("div", null, verdictWords(verdict), " ", el("span", { class: "au-muted" }, byWhom(verdict))),
  );
}

/** Who has given a verdict, or settled a row. */
function byWhom({ adjudication, reviewer }) {
  const who = { name: bdi(reviewer) };
  return adjudication ? nodes("settled by {name}", who) : nodes("by {name}", who);
}

/** A table in a box of its own that scrolls, so that the page never does sideways. */
export function scroller(name, table) {
  return el("div", { class: "au-scroll", role: "region", "aria-label": name, tabindex: "0" }, table);
}

/**
 * A plain table.
 *
 * @param {string} caption May be empty where a heading says it.
 * @param {Array<string|Node>} columns
 * @param {Array[]} rows Cells of each row; the first is its heading.
 * @param {number[]} [numbers] Columns that hold numbers.
 */
export function table(caption, columns, rows, numbers = []) {
  const side = (index) => (numbers.includes(index) ? "pg-number" : null);
  const cell = (content, index) =>
    index ? el("td", { class: side(index) }, content) : el("th", { scope: "row" }, content);
  return el(
    "table",
    { class: "pg-table" },
    caption && el("caption", null, caption),
    el(
      "thead",
      null,
      el(
        "tr",
        null,
        columns.map((name, index) => el("th", { scope: "col", class: side(index) }, name)),
      ),
    ),
    el(
      "tbody",
      null,
      rows.map((cells) => el("tr", null, cells.map(cell))),
    ),
  );
}
