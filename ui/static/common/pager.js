/** From page to page of a long list. */

import { count, el } from "./dom.js";
import { button } from "./parts.js";
import { t } from "./language.js";

const SIZES = [25, 50, 100, 200];

export class Pager {
  page = 0;
  size = 50;
  #found = 0;
  #changed;

  /** @param {() => void} changed Called when another page is asked for. */
  constructor(changed) {
    this.#changed = changed;
    this.first = button(t("First"), () => this.#turn(0));
    this.previous = button(t("Previous"), () => this.#turn(this.page - 1));
    this.next = button(t("Next"), () => this.#turn(this.page + 1));
    this.last = button(t("Last"), () => this.#turn(this.#pages - 1));
    this.where = el("span", { class: "au-muted", role: "status" });
    this.sizes = el(
      "select",
      { onchange: () => this.#resize() },
      SIZES.map((size) => el("option", { selected: size === this.size }, size)),
    );
    this.element = el(
      "nav",
      { class: "pg-bar", "aria-label": t("Pages") },
      el("span", { class: "pg-row" }, this.first, this.previous, this.next, this.last),
      this.where,
      el("label", { class: "pg-row" }, t("Rows per page"), this.sizes),
    );
  }

  get #pages() {
    return Math.max(1, Math.ceil(this.#found / this.size));
  }

  /** Show where one is, of so many rows. A page that is no more gives way to the last one: then true. */
  show(found) {
    this.#found = found;
    const beyond = this.page >= this.#pages;
    this.page = Math.min(this.page, this.#pages - 1);
    this.first.disabled = this.previous.disabled = this.page === 0;
    this.last.disabled = this.next.disabled = this.page === this.#pages - 1;
    const begin = this.page * this.size;
    this.where.textContent = found
      ? t("{from}–{to} of {all}", {
          from: count(begin + 1),
          to: count(Math.min(found, begin + this.size)),
          all: count(found),
        })
      : "";
    return beyond;
  }

  #turn(page) {
    this.page = page;
    this.#changed();
  }

  #resize() {
    const begin = this.page * this.size;
    this.size = Number(this.sizes.value);
    this.page = Math.floor(begin / this.size);
    this.#changed();
  }
}
