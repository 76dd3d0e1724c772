/** Whether decisions are saved, how many rows are left, and a trail of the latest decisions. */

import { say } from "../common/api.js";
import { bdi, count, el, replace } from "../common/dom.js";
import { shorten, verdictWords } from "../common/words.js";
import { nodes, t } from "../common/language.js";

const STATES = {
  saving: t("saving…"),
  saved: t("✓ saved"),
  undoing: t("undoing…"),
  undone: t("↶ undone"),
  refused: t("✗ not saved"),
};
const TRAIL = 5;

export class Status {
  #figures = el("p", { class: "au-figures" });
  #saved = el("p", { class: "au-saved" });
  #retry;
  #announced = null; // the trouble that was announced
  element = el("div", { class: "au-status" }, this.#figures, this.#saved);
  /** The latest decisions, newest first. */
  trail = el("ol", { class: "au-trail", "aria-label": t("Your latest decisions") });

  /** @param {() => void} retry Send again now. */
  constructor(retry) {
    this.#retry = el("button", { type: "button", onclick: retry }, t("Try now"));
  }

  /**
   * @param {{found: number|null, left: number|null, decided: number, waiting: number,
   *   trouble: import("../common/api.js").ApiError|null}} figures
   */
  report({ found, left, decided, waiting, trouble }) {
    const rest =
      left !== null
        ? t(" · {rows} left", { rows: count(left) })
        : found !== null && t(" · {rows} found", { rows: count(found) });
    replace(this.#figures, t("{rows} decided", { rows: count(decided) }), rest);
    const state = !waiting ? "saved" : trouble ? "trouble" : "saving";
    this.#announce(state, trouble);
    this.#saved.dataset.state = state;
    this.#saved.dataset.waiting = String(waiting);
    if (state === "trouble") {
      replace(
        this.#saved,
        nodes("{number} not saved yet: {why}", { number: count(waiting), why: bdi(trouble.what) }),
        " ",
        bdi(trouble.todo),
        " ",
        this.#retry,
      );
    } else {
      replace(this.#saved, state === "saved" ? t("✓ All saved") : t("Saving {number}…", { number: count(waiting) }));
    }
  }

  /** Say aloud when something begins to hinder saving, and when it no longer does. */
  #announce(state, trouble) {
    if (state === "trouble" && this.#announced !== trouble.what) {
      this.#announced = trouble.what;
      const next = trouble.status === 409 ? trouble.todo : t("What you decide is kept in this browser and sent again.");
      say(t("Not saved yet: {why}", { why: `${trouble.what} ${next}` }));
    } else if (state === "saved" && this.#announced) {
      this.#announced = null;
      say(t("All saved."));
    }
  }

  /** Show the state of a decision; `card` when it is new. */
  mark(id, state, card) {
    let line = /** @type {HTMLElement[]} */ ([...this.trail.children]).find((entry) => entry.dataset.event === id);
    if (!line && card) {
      line = el(
        "li",
        { data: { event: id } },
        el("span", { class: "au-state" }),
        " ",
        verdictWords(card.mine),
        " · ",
        bdi(shorten(card.text, 60)),
      );
      this.trail.prepend(line);
      [...this.trail.children].slice(TRAIL).forEach((old) => old.remove());
    }
    if (line) {
      line.dataset.state = state;
      line.firstChild.textContent = STATES[state];
    }
  }
}
