/** A row on which people differ, as whoever settles it sees it: all verdicts with their notes, side by side. */

import { bdi, el } from "../common/dom.js";
import { moment, verdictWords } from "../common/words.js";

/**
 * @param {Object} card As the server sends it; `conflict` holds the verdicts that differ.
 * @param {function(Object): string|null} keyOf The key that decides as a verdict does.
 */
export function drawConflict({ conflict }, keyOf) {
  return (
    conflict &&
    el(
      "section",
      { class: "au-conflict", "aria-label": "Verdicts that differ" },
      el("h3", null, "Verdicts differ"),
      el("ol", { class: "au-sides" }, conflict.map((one) => side(one, keyOf(one)))),
      el("p", { class: "au-muted" }, "Your verdict settles this row: it outranks these. Skip the card to leave it open."),
    )
  );
}

function side(one, key) {
  return el(
    "li",
    null,
    el("p", { class: "au-side-verdict" }, el("strong", null, verdictWords(one)), key && el("kbd", { title: "Decide so, too" }, key)),
    one.note && el("p", null, bdi(one.note, { class: "au-note" })),
    el("p", { class: "au-muted" }, bdi(one.reviewer), " · ", moment(one.at)),
  );
}

/** Who has settled a row, and how. */
export function adjudicated({ adjudicated: found }) {
  return found && el("p", { class: "au-notice" }, "Settled by ", bdi(found.reviewer), ": ", el("strong", null, verdictWords(found)), ".");
}

/**
 * The way to the rows in conflict, for those who may settle them; hidden while there are none.
 *
 * @param {{count: function(): Promise<number|null>, isOpen: function(): boolean, toggle: function()}} parts
 */
export function conflictsButton({ count, isOpen, toggle }) {
  const button = el("button", { type: "button", class: "au-conflicts", hidden: true, onclick: toggle });
  const update = async () => {
    const number = await count();
    const open = isOpen();
    if (number !== null) {
      button.hidden = !number && !open;
      button.textContent = `Conflicts: ${number}`;
    }
    button.setAttribute("aria-pressed", String(open));
  };
  for (const event of ["auditor:moved", "auditor:decided"]) {
    document.addEventListener(event, update);
  }
  return { button, update };
}
