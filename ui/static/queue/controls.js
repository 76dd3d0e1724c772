/** The buttons under the card, each with its key printed on it. */

import { className } from "../common/classes.js";
import { bdi, el, replace, set } from "../common/dom.js";
import { keyName, labelOf } from "./keys.js";
import { ends } from "../common/words.js";
import { t } from "../common/language.js";

const VERDICTS = [
  ["ambiguous", t("Ambiguous")],
  ["none", t("None fits")],
  ["exclude", t("Exclude")],
  ["unsure", t("Unsure")],
];
const MOVES = [
  ["skip", t("Skip")],
  ["back", t("Back")],
  ["undo", t("Undo")],
  ["redo", t("Redo")],
  ["note", t("Note")],
  ["ask", t("Ask")],
  ["guidelines", t("Guidelines")],
  ["evidence", t("Show what the models say")],
];
/** What a button is called where there is little room. */
const SHORT = { evidence: t("Models"), guidelines: t("Guide") };
const FIXED = { done: "Enter", "give-up": "Escape" };
const DIGITS = 10;
/** Characters of a label that a button shows. */
const LONGEST = 32;

export class Controls {
  element;

  #keys;
  #act;
  #buttons = {};
  #parts;
  #lineOf;

  /**
   * @param {string[]} labels All labels.
   * @param {import("./keys.js").Keys} keys
   * @param {(action: string) => void} act Do what a button stands for.
   * @param {(label: string) => string} lineOf What the guidelines say of a label.
   */
  constructor(labels, keys, act, lineOf) {
    this.#keys = keys;
    this.#act = act;
    this.#lineOf = lineOf;
    const some = Math.min(labels.length, DIGITS);
    const digits = Array.from({ length: some }, (_, at) => this.#button(`label${at + 1}`, ""));
    this.#parts = {
      first: group(t("Verdict"), "au-first", [this.#button("keep", t("Keep")), this.#button("suggest", t("Take"))]),
      labels: group(t("Labels"), "au-labels-row", [
        ...digits,
        this.#button("pick", labels.length > DIGITS ? t("Other…") : t("Find…")),
      ]),
      others: group(
        t("Other verdicts"),
        "au-row",
        VERDICTS.map(([action, name]) => this.#button(action, name)),
      ),
      marking: group(t("Ambiguous"), "au-row au-marking", [
        el("p", { id: "au-marking-hint" }, t("Mark the labels that fit.")),
        this.#button("done", t("Done"), { class: "au-primary" }),
        this.#button("give-up", t("Cancel")),
      ]),
      moves: group(t("Moves"), "au-row au-moves", [
        ...MOVES.map(([action, name]) => this.#button(action, name)),
        this.#button("help", t("Keys")),
      ]),
    };
    this.#parts.marking.hidden = true;
    this.element = el(
      "div",
      { class: "au-controls", role: "group", "aria-label": t("Verdicts and moves") },
      Object.values(this.#parts),
    );
    keys.subscribe(() => this.#printKeys());
    this.#printKeys();
  }

  #button(action, name, attributes) {
    const kbd = el("kbd", { "aria-hidden": "true" });
    const short = SHORT[action];
    const text = short ? [el("span", { class: "au-long" }, name), el("span", { class: "au-short" }, short)] : name;
    const named = { type: "button", data: { action }, "aria-label": short && name, ...attributes };
    const button = el("button", named, kbd, el("span", null, text));
    this.#listen(button, action);
    this.#buttons[action] = button;
    return button;
  }

  #listen(button, action) {
    // Enter held down presses a button again and again; one press is one decision.
    button.addEventListener("keydown", (event) => event.repeat && event.key === "Enter" && event.preventDefault());
    button.addEventListener("click", (event) => {
      if (event.detail > 0) {
        button.blur(); // clicked with a pointer: the space bar is again the queue's
      }
      this.#act(action);
    });
  }

  #printKeys() {
    for (const [action, button] of Object.entries(this.#buttons)) {
      const key = this.#keys.current[action] ?? FIXED[action];
      button.querySelector("kbd").textContent = keyName(key);
      button.setAttribute("aria-keyshortcuts", key === " " ? "Space" : key);
    }
  }

  /**
   * Say what the buttons mean for this card.
   *
   * @param {Object|null} card
   * @param {string[]} labels Those that the digits stand for.
   * @param {Set<string>|null} marks Labels marked as fitting; null when none are asked for.
   */
  update(card, labels, marks) {
    this.#name("keep", t("Keep "), card && className(card.given));
    const missing = whyNone(card);
    this.#name("suggest", ...(missing ? [missing] : [t("Take "), className(card.suggested)]));
    set(this.#buttons.suggest, "aria-disabled", missing ? "true" : null);
    this.#buttons.evidence.hidden = !card?.hidden;
    for (const [action, button] of Object.entries(this.#buttons)) {
      const at = labelOf(action);
      if (at >= 0) {
        this.#update(button, card, labels[at], marks);
      }
    }
    this.#reveal(marks !== null);
    this.#parts.labels.setAttribute("aria-label", marks ? t("Labels that fit") : t("Labels"));
    this.element.classList.toggle("au-idle", card === null);
  }

  /** While labels are marked, only what belongs to it is there; the focus does not get lost with a hidden button. */
  #reveal(marking) {
    for (const part of ["first", "others", "moves"]) {
      this.#parts[part].hidden = marking;
    }
    this.#parts.marking.hidden = !marking;
    if (marking) {
      this.element.scrollIntoView({ block: "nearest" }); // on a low screen it may be out of sight
    }
    const focused = document.activeElement;
    if (this.element.contains(focused) && focused.closest("[hidden]")) {
      (marking ? this.#buttons.label1 : this.#buttons.ambiguous).focus();
    }
  }

  #update(button, card, label, marks) {
    button.hidden = label === undefined;
    if (label === undefined) {
      return;
    }
    print(button, "", className(label));
    const line = this.#lineOf(label);
    line && set(button, "title", `${className(label)}${t(": ")}${line}`);
    set(button, "aria-pressed", marks ? String(marks.has(label)) : null);
    button.classList.toggle("au-is-given", label === card?.given);
    button.classList.toggle("au-is-suggested", !card?.hidden && label === card?.suggested);
  }

  #name(action, word, label = null) {
    print(this.#buttons[action], word, label);
  }
}

/** Why there is no suggestion to take; null where there is one. */
function whyNone(card) {
  if (!card) {
    return t("Take the suggestion");
  }
  if (card.hidden) {
    return t("The suggestion is hidden");
  }
  return card.suggested === null ? t("No other label is suggested") : null;
}

/** Print a label on a button, a long one by both its ends; the pointer and the focus show the whole of it. */
function print(button, word, label) {
  const printed = label === null ? null : ends(label, LONGEST);
  const whole = label === null || printed === label ? null : `${word}${label}`;
  const long = whole && [bdi(printed, { class: "au-ends" }), bdi(label, { class: "au-whole" })];
  replace(button.querySelector("span"), word, long ?? (printed !== null && bdi(printed)));
  set(button, "title", whole);
  set(button, "aria-label", whole);
}

function group(name, className, children) {
  return el("div", { class: className, role: "group", "aria-label": name }, children);
}
