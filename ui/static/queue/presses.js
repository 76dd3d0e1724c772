/** What a key or a button does to the card on the screen. */

import { complain, say } from "../common/api.js";
import { className, isClass } from "../common/classes.js";
import { askColleague } from "./ask.js";
import { askProposal } from "../common/dialog.js";
import { openKeyList } from "./keylist.js";
import { keyName, labelOf } from "./keys.js";
import { pickLabel } from "./picker.js";
import { t } from "../common/language.js";

const DIGITS = 10;
const UNSETTLED = t("Unsure settles nothing: skip the card to leave it open.");
const HOW_TO_MARK = t("Mark the labels that fit with their keys. Enter confirms, Esc cancels.");

export class Presses {
  /** Labels marked as fitting, while an ambiguous row is being judged; else null. */
  marks = null;

  #flow;
  #labels;
  #keys;
  #note;
  #guidelines;
  #changed;

  /**
   * @param {{flow: import("./flow.js").Flow, labels: string[], keys: import("./keys.js").Keys,
   *   note: import("./note.js").Note, guidelines: import("./guidelines.js").Guidelines,
   *   changed: () => void}} parts `changed` is called when other labels are marked.
   */
  constructor({ flow, labels, keys, note, guidelines, changed }) {
    this.#flow = flow;
    this.#labels = labels;
    this.#keys = keys;
    this.#note = note;
    this.#guidelines = guidelines;
    this.#changed = changed;
  }

  /**
   * Labels that the digits stand for: all, or where there are too many, the most likely ones of the card. In the place
   * of one that is no class any more there is none, so that the others keep their keys.
   */
  labelsOf(card) {
    if (this.#labels.length <= DIGITS) {
      return this.#labels.map((label) => (isClass(label) ? label : undefined));
    }
    if (card?.hidden) {
      return [card.given, ...this.#classes().filter((label) => label !== card.given)].slice(0, DIGITS);
    }
    return (
      card?.models[0]?.probabilities
        .map(({ label }) => label)
        .filter(isClass)
        .slice(0, DIGITS) ?? []
    );
  }

  #classes() {
    return this.#labels.filter(isClass);
  }

  /** The key that decides as a verdict does; null where that takes more than one key. */
  keyOf(card, { verdict, new_labels: [label] }) {
    const at = verdict === "relabel" ? this.labelsOf(card).indexOf(label) : -1;
    const taken = at >= 0 ? `label${at + 1}` : label === card.suggested ? "suggest" : null;
    const action = { keep: "keep", exclude: "exclude", relabel: taken }[verdict];
    return action ? keyName(this.#keys.current[action]) : null;
  }

  /** Do what `action` stands for. */
  act(action) {
    const { card } = this.#flow;
    if (action === "help") {
      openKeyList(this.#keys);
    } else if (action === "guidelines") {
      this.#guidelines.toggle();
    } else if (this.marks) {
      this.#mark(action, card);
    } else if (action === "undo" || action === "redo" || action === "back") {
      this.#flow[action]();
    } else if (!card) {
      say(t("No card is shown: nothing was decided."));
    } else {
      this.#judge(action, card);
    }
  }

  #judge(action, card) {
    const decide = (verdict, fitting) => this.#decide(card, verdict, fitting);
    const actions = {
      keep: () => decide("keep"),
      suggest: () => this.#suggest(card),
      ambiguous: () => this.#startMarking(),
      none: () => askProposal(this.#labels, (proposed) => decide("none_fits", proposed)),
      exclude: () => decide("exclude"),
      unsure: () => (card.conflict ? say(UNSETTLED) : decide("unsure")),
      skip: () => this.#flow.skip(),
      evidence: () => this.#flow.showEvidence(),
      pick: () => pickLabel(t("Which label fits?"), this.#classes(), (label) => this.#relabel(card, label)),
      note: () => this.#note.open(),
      ask: () => askColleague((name) => this.#note.add(name)).catch(complain),
    };
    const label = this.labelsOf(card)[labelOf(action)];
    if (actions[action]) {
      actions[action]();
    } else if (label === undefined) {
      say(t("No label has this key."));
    } else {
      this.#relabel(card, label);
    }
  }

  #suggest(card) {
    if (card.hidden) {
      const key = keyName(this.#keys.current.evidence);
      say(t("The suggestion is hidden, so that your verdict is your own; {key} shows it.", { key }));
    } else if (card.suggested === null) {
      say(t("The models suggest no other label."));
    } else {
      this.#relabel(card, card.suggested);
    }
  }

  /** The given label, chosen again, is kept. */
  #relabel(card, label) {
    return label === card.given ? this.#decide(card, "keep") : this.#decide(card, "relabel", [label]);
  }

  /** Decide the card that was on the screen when this was asked for, and no other. */
  #decide(card, verdict, labels = []) {
    if (this.#flow.card === card) {
      this.#flow.decide(verdict, labels, this.#note.value);
    } else {
      say(t("Another card appeared in the meantime: nothing was decided."));
    }
  }

  #startMarking() {
    this.marks = new Set();
    this.#changed();
    say(HOW_TO_MARK, { quiet: true });
  }

  #mark(action, card) {
    const label = this.labelsOf(card)[labelOf(action)];
    if (action === "done" && this.marks.size > 1) {
      this.#decide(card, "ambiguous", [...this.marks]);
    } else if (action === "done") {
      say(t("Mark at least two labels that fit."));
    } else if (action === "give-up") {
      this.marks = null;
      this.#changed();
    } else if (action === "pick") {
      pickLabel(t("Which other label fits?"), this.#classes(), (label) => this.#toggle(label));
    } else if (label !== undefined) {
      this.#toggle(label);
    } else {
      say(HOW_TO_MARK);
    }
  }

  #toggle(label) {
    if (!this.marks?.delete(label)) {
      this.marks?.add(label);
    }
    this.#changed();
    const name = { label: className(label) };
    say(this.marks?.has(label) ? t("{label}: marked.", name) : t("{label}: not marked.", name), { quiet: true });
  }
}
