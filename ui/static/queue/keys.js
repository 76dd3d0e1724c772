/** Which key does what: the server's keys, changed by the reader's own, which the browser keeps. */

import { t } from "../common/language.js";

const KEPT = "auditor:keys";
const NUMBER = /^label(\d+)$/;

/** All actions in the order in which they are listed, with the keys they have unless somebody changes them. */
const ACTIONS = {
  keep: ["k", t("Keep the given label")],
  suggest: ["s", t("Take the suggestion")],
  ...Object.fromEntries([..."1234567890"].map((digit, at) => [`label${at + 1}`, [digit, relabel(at + 1)]])),
  pick: ["/", t("Choose a label by typing")],
  ambiguous: ["a", t("Ambiguous: several labels fit")],
  none: ["n", t("None of the labels fits")],
  exclude: ["x", t("Exclude the row")],
  unsure: ["i", t("Unsure")],
  skip: [" ", t("Skip, without a decision")],
  undo: ["u", t("Undo")],
  redo: ["r", t("Redo")],
  back: ["b", t("Back to the card before")],
  note: ["e", t("Write a note")],
  evidence: ["v", t("Show what the models say, where it is hidden")],
  guidelines: ["d", t("Guidelines: what the labels mean")],
  ask: ["c", t("Ask a colleague to look at this row")],
  help: ["h", t("This list")],
};

function relabel(number) {
  const first = { 1: t("Relabel: 1st label"), 2: t("Relabel: 2nd label"), 3: t("Relabel: 3rd label") };
  return first[number] ?? t("Relabel: {number}th label", { number });
}

/** What an action is called. */
export const actionName = (action) => ACTIONS[action][1];

/** Place of the label that an action stands for, from 0; -1 if it stands for none. */
export const labelOf = (action) => Number(NUMBER.exec(action)?.[1] ?? 0) - 1;

const NAMES = { " ": t("space"), Escape: "Esc", ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓" };

/** How a key is printed. */
export const keyName = (key) => NAMES[key] ?? key;

const TAKEN = /^(?:.|Backspace|Delete|Insert|Home|End|Page(?:Up|Down)|Arrow(?:Left|Right|Up|Down))$/u;

/** The key that was pressed, whatever Caps Lock says. */
const pressed = (event) => (event.key.length === 1 ? event.key.toLowerCase() : event.key);

/** What the key writes on an English keyboard, where it writes no Latin letter and needs Shift for its digit. */
function placed(event) {
  const [, kind, sign] = /^(Key|Digit)(.)$/.exec(event.code) ?? [];
  const other = kind === "Key" ? event.key > "\u007f" : !event.shiftKey;
  return kind && other ? sign.toLowerCase() : null;
}

/** Keys that somebody's settings may hold: known actions, each key once. */
function merged(...layers) {
  const keys = Object.fromEntries(Object.entries(ACTIONS).map(([action, [key]]) => [action, key]));
  for (const layer of layers) {
    for (const [action, key] of Object.entries(layer ?? {})) {
      if (action in keys && typeof key === "string") {
        keys[action] = key === "space" ? " " : key;
      }
    }
  }
  return new Set(Object.values(keys)).size === Object.keys(keys).length ? keys : null;
}

export class Keys {
  /** Key by action. */
  current;

  #server;
  #own = {};
  #listeners = new Set();

  /** @param {Object<string, string>} server Keys of the session; where they are at odds, the usual ones hold. */
  constructor(server) {
    this.#server = merged(server) ?? merged();
    try {
      this.#own = JSON.parse(localStorage.getItem(KEPT)) ?? {};
    } catch {
      // None are kept, or they cannot be read.
    }
    this.current = merged(this.#server, this.#own) ?? this.#server;
  }

  /** The action of a key that was pressed, or null; a key's place counts where no action has the key itself. */
  actionOf(event) {
    const named = (key) => Object.keys(this.current).find((action) => this.current[action] === key) ?? null;
    return named(pressed(event)) ?? named(placed(event));
  }

  /**
   * Give `action` the key that was pressed.
   *
   * @returns {string|null} Why it cannot be had; null when it was taken.
   */
  change(action, event) {
    const key = pressed(event);
    const other = Object.keys(this.current).find((name) => name !== action && this.current[name] === key);
    if (!TAKEN.test(key)) {
      return t("{key} cannot be used: choose a letter, a digit, a symbol or an arrow key.", { key: event.key });
    }
    if (other) {
      return t("{key} is taken: {name}.", { key: keyName(key), name: actionName(other) });
    }
    this.#keep({ ...this.#own, [action]: key });
    return null;
  }

  /** Forget the reader's own keys. */
  reset() {
    this.#keep({});
  }

  #keep(own) {
    this.#own = own;
    this.current = merged(this.#server, own);
    try {
      localStorage.setItem(KEPT, JSON.stringify(own));
    } catch {
      // They hold until the page is closed.
    }
    this.#listeners.forEach((listener) => listener());
  }

  subscribe(listener) {
    this.#listeners.add(listener);
  }
}

const WRITES =
  "input:not([type=checkbox], [type=radio], [type=button], [type=range]), textarea, select, [contenteditable]";
const PRESSES = "button, summary, a[href], input, [role=button], [role=tab]";

/** Whether somebody is writing, or a dialog is open: then keys are not ours. */
export function resting(target) {
  return Boolean(document.querySelector("dialog[open]") || target?.closest?.(WRITES));
}

/** Whether a key that was pressed is meant for the queue, and not for a field, a button or the browser. */
export function isOurs(event) {
  if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.altKey || event.metaKey) {
    return false;
  }
  const forControl = event.key === " " || event.key === "Enter" || event.key.startsWith("Arrow");
  return !resting(event.target) && !(forControl && event.target.closest?.(PRESSES));
}
