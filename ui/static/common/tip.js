/** What is under the pointer on the map: its labels at once, its text when the pointer rests there. */

import { get } from "./api.js";
import { el, prose, replace } from "./dom.js";
import { debounced } from "./live.js";
import { change } from "./parts.js";
import { shorten } from "./words.js";
import { t } from "./language.js";

const PAUSE = 350;
const LONGEST = 240;
const WIDTH = 270;

export class Tip {
  element = el("div", { class: "pg-tip", hidden: true });
  #row = null;
  #fetch = debounced((row) => this.#addText(row), PAUSE);

  /**
   * Say what a row is, beside the pointer.
   *
   * @param {{row: number, given: string, suggested: string, issue: boolean}} about
   * @param {MouseEvent} event
   */
  show({ row, given, suggested, issue }, event) {
    this.#row = row;
    replace(this.element, el("p", null, change(given, suggested), issue ? t(" · flagged") : ""));
    this.element.hidden = false;
    const frame = this.element.parentElement.getBoundingClientRect();
    const left = Math.min(event.clientX - frame.left + 12, frame.width - WIDTH);
    this.element.style.left = `${Math.max(0, left)}px`;
    this.element.style.top = `${event.clientY - frame.top + 16}px`;
    this.#fetch(row);
  }

  hide() {
    this.#row = null;
    this.element.hidden = true;
  }

  async #addText(row) {
    const card = row === this.#row ? await get("row", { row }).catch(() => null) : null;
    if (card && row === this.#row) {
      this.element.append(prose("p", shorten(card.text, LONGEST)));
    }
  }
}
