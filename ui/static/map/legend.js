/** The map's legend: a button a class, which shows that class alone. */

import { count, el, replace, set } from "../common/dom.js";
import { look, mark, OWN } from "./palette.js";
import { button, label } from "../common/parts.js";
import { t } from "../common/language.js";

export class Legend {
  #classes = el("ul", { class: "pg-legend-list" });
  #more = button("", () => this.#fold(!this.#all), { class: "pg-link" });
  #signs = el("ul", { class: "pg-signs" });
  #all = false;
  #isolate;
  element = el("div", { role: "group", "aria-label": t("Classes") }, this.#classes, this.#more, this.#signs);

  /** @param {(code: number|null) => void} isolate Called with the one class to show, or null for all. */
  constructor(isolate) {
    this.#isolate = isolate;
  }

  /**
   * @param {{names: string[], ranked: number[][], alone: number|null, dark: boolean, ink: string}} view
   *   `ranked`: code and rows found of each class, in the order of their looks.
   */
  draw({ names, ranked, alone, dark, ink }) {
    const focus = /** @type {HTMLElement} */ (document.activeElement);
    const focused = this.#classes.contains(focus) ? focus.dataset.code : null;
    const item = (/** @type {number[]} */ [code, rows], place) => {
      const parts = [mark(look(place, dark)), label(names[code]), el("span", { class: "pg-count" }, count(rows))];
      const state = { class: "pg-key", "aria-pressed": String(code === alone), data: { code } };
      return el(
        "li",
        null,
        button(parts, () => this.#isolate(code === alone ? null : code), state),
      );
    };
    replace(this.#classes, ranked.map(item));
    [...this.#classes.querySelectorAll("button")].find((button) => button.dataset.code === focused)?.focus();
    replace(
      this.#signs,
      el("li", null, mark(look(OWN, dark), ink), t("flagged: larger, with a ring")),
      el("li", { class: "pg-faint" }, mark(look(OWN, dark)), t("faint: outside the filter")),
    );
    this.#fold(this.#all);
  }

  /** Show all classes, or those that have a look of their own and the one that is shown alone. */
  #fold(all) {
    this.#all = all;
    const rows = /** @type {HTMLElement[]} */ ([...this.#classes.children]);
    for (const [place, row] of rows.entries()) {
      row.hidden = !all && place >= OWN && row.querySelector("[aria-pressed=true]") === null;
    }
    this.#more.hidden = rows.length <= OWN;
    this.#more.textContent = all ? t("Show the largest") : t("Show all {number}", { number: count(rows.length) });
    set(this.#more, "aria-expanded", String(all));
  }
}
