/**
 * The note to a verdict: a field within the bar of verdicts, so that it never lies behind that bar.
 *
 * What is being written is kept in the browser until its row is decided: a reload loses nothing of it.
 */

import { el, replace } from "../common/dom.js";
import { store } from "../common/store.js";
import { t } from "../common/language.js";

export class Note {
  element;

  #input = el("textarea", {
    rows: "1",
    maxlength: "10000",
    dir: "auto",
    placeholder: t("Reason for your decision, for later readers"),
  });
  #drafts;
  #card = null;

  /**
   * @param {{run: string, reviewer: string, keys: import("./keys.js").Keys}} whose Whose notes these are, and the key
   *   printed beside.
   */
  constructor({ run, reviewer, keys }) {
    this.#drafts = `auditor:draft:${encodeURIComponent(run)}:${encodeURIComponent(reviewer)}:`;
    const key = el("kbd", { "aria-hidden": "true" }, keys.current.note);
    keys.subscribe(() => replace(key, keys.current.note));
    this.element = el(
      "label",
      { class: "au-note-field", hidden: true },
      el("span", null, t("Note"), " ", key),
      this.#input,
    );
    this.#input.addEventListener("input", () => this.#card && this.#keep());
  }

  get value() {
    return this.#input.value.trim();
  }

  /** Write one. */
  open() {
    this.element.hidden = false;
    this.#input.focus();
  }

  /** Add some words, and go on writing after them. */
  add(words) {
    const { value } = this.#input;
    this.#input.value = `${value}${value && !/\s$/.test(value) ? " " : ""}${words} `;
    this.#card && this.#keep();
    this.open();
    this.#input.setSelectionRange(this.#input.value.length, this.#input.value.length);
  }

  /** Show what was noted on a card, and make room for it only if there is something. */
  show(card) {
    this.#card = card;
    this.#input.value = card ? (card.draft ?? this.#read(card.id) ?? card.mine?.note ?? "") : "";
    this.element.hidden = this.#input.value === "";
  }

  /** The row is decided: what was written is in the log, or on its way there. */
  decided({ id }) {
    this.#store((kept) => kept.removeItem(this.#drafts + id));
  }

  #keep() {
    const { id } = this.#card;
    this.#card.draft = this.#input.value;
    this.#store((kept) => kept.setItem(this.#drafts + id, this.#input.value));
    if (store.card !== id) {
      store.set({}, { card: id, replace: true }); // so that a reload brings this card again
    }
  }

  #read(id) {
    return this.#store((kept) => kept.getItem(this.#drafts + id));
  }

  #store(use) {
    try {
      return use(localStorage);
    } catch {
      return null; // no room, or not allowed: the draft is kept in the page alone
    }
  }
}
