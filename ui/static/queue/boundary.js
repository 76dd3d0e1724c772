/** The end of the flagged rows: announced once, above the first card beyond them. */

import { say } from "../common/api.js";
import { count, el, replace } from "../common/dom.js";
import { t } from "../common/language.js";
import { store } from "../common/store.js";

export class Boundary {
  element = el("p", { class: "au-boundary", hidden: true });
  #run;
  #announced = false;

  /** @param {Object} run The session's. */
  constructor(run) {
    this.#run = run;
  }

  /** Another card is on the screen, or none. */
  show(card) {
    this.element.hidden = !card || this.element.dataset.id !== card.id;
  }

  /**
   * Say it if this card, which comes in its turn, is the first beyond.
   *
   * @param {Object} card
   * @param {number} skipped Flagged rows that were skipped.
   */
  pass(card, skipped) {
    const { flagged_to: last } = this.#run;
    if (
      this.#announced ||
      !last ||
      card.rank <= last ||
      store.sort !== "suspicion" ||
      store.query.get("issue") === "0"
    ) {
      return;
    }
    this.#announced = true;
    const read = skipped
      ? t("The flagged rows end here; you have skipped {skipped} of them. What follows is less suspect.", {
          skipped: count(skipped),
        })
      : t("You have read all flagged rows; what follows is less suspect.");
    this.element.dataset.id = card.id;
    replace(this.element, read);
    say(read, { quiet: true });
  }
}
