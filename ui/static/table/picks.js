/** Rows that are picked in the table, by their ids, over as many pages as one likes. */

import { el } from "../common/dom.js";
import { t } from "../common/language.js";

export class Picks {
  #ids = new Set();
  #boxes = [];
  #last = null;
  #changed;

  /** @param {(number: number) => void} changed Called with the number of rows picked. */
  constructor(changed) {
    this.#changed = changed;
    this.wholePage = el("input", { type: "checkbox", onchange: () => this.#pick(this.#boxes, this.wholePage.checked) });
  }

  get ids() {
    return [...this.#ids];
  }

  /** Make the boxes of a page's rows. */
  boxes(rows) {
    this.#last = null;
    this.#boxes = rows.map((row, index) => {
      const attributes = {
        type: "checkbox",
        "aria-label": t("Pick row {rank}", { rank: row.rank }),
        onclick: (event) => this.#click(event, index),
      };
      const box = el("input", attributes);
      return { box, id: row.id };
    });
    this.#announce();
    return this.#boxes.map(({ box }) => box);
  }

  clear() {
    this.#ids.clear();
    this.#announce();
  }

  /** With the shift key, all from the box that was clicked before to this one become as this one. */
  #click(event, index) {
    const from = event.shiftKey && this.#last !== null ? this.#last : index;
    this.#last = index;
    this.#pick(this.#boxes.slice(Math.min(from, index), Math.max(from, index) + 1), event.target.checked);
  }

  #pick(boxes, picked) {
    boxes.forEach(({ id }) => (picked ? this.#ids.add(id) : this.#ids.delete(id)));
    this.#announce();
  }

  #announce() {
    this.#boxes.forEach(({ box, id }) => (box.checked = this.#ids.has(id)));
    const here = this.#boxes.filter(({ box }) => box.checked).length;
    this.wholePage.checked = here > 0 && here === this.#boxes.length;
    this.wholePage.indeterminate = here > 0 && here < this.#boxes.length;
    this.#changed(this.#ids.size);
  }
}
