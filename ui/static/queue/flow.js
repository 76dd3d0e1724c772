/**
 * How one goes through the queue: the card on the screen, those to come, those left behind, and what can be undone.
 *
 * A decision is about the card that is on the screen at that moment, and carries its id and hash. It knows nothing of
 * elements: what is to be shown it tells its `view`.
 */

import { get, say } from "../common/api.js";
import { plural } from "../common/dom.js";
import { standing } from "../common/elsewhere.js";
import { newId, remove } from "./outbox.js";
import { cardText, verdictText } from "../common/words.js";
import { t, translated } from "../common/language.js";

const SEEN = 500;
const NOTHING = { undo: t("There is nothing to undo."), redo: t("There is nothing to redo.") };
/** Stands for the time at which a card was fetched if its reviewer has judged it since. */
const JUDGED_SINCE = -1;

export class Flow {
  /** The card on the screen. */
  card = null;
  /** Rows decided since the page was opened; ids of those skipped, and whether they are flagged. */
  decided = 0;
  skipped = new Map();

  #outbox;
  #deck;
  #watch;
  #view;
  #reviewer;
  #source;
  #guideline;
  #seen = []; // cards left behind, latest last: what `back` goes through
  #done = []; // own actions that undo takes back, latest last: {id, card, before, after}; no card of a bulk action
  #undone = []; // those that redo does again
  #movedAt = 0; // when something was last decided elsewhere
  #shownAlready = new Set(); // undos and redos whose effect was on the screen before the server answered

  /**
   * @param {{outbox: import("./outbox.js").Outbox, deck: import("./deck.js").Deck,
   *   watch: import("../common/watch.js").Watch, reviewer: string, source: () => string,
   *   guideline?: () => string|null, view: {show: (card: Object|null) => void,
   *   mark: (id: string, state: string, card?: Object) => void, reload: () => void, evidence: () => void,
   *   decided: (card: Object) => void, decidedElsewhere: () => void, colleaguesDecided: () => void,
   *   beyond: (card: Object) => void}}} parts `beyond` hears of each card that comes in its turn.
   */
  constructor({ outbox, deck, watch, view, reviewer, source, guideline = () => null }) {
    this.#outbox = outbox;
    this.#deck = deck;
    this.#watch = watch;
    this.#view = view;
    this.#reviewer = reviewer;
    this.#source = source;
    this.#guideline = guideline;
  }

  /** Bring the next card, if none is on the screen. */
  fill() {
    if (!this.card) {
      this.#next();
    }
  }

  /** Bring this card now; the one on the screen comes after it, unless it was decided in another window. */
  show(card) {
    const left = this.card;
    this.#seen = this.#seen.filter((seen) => seen.id !== card.id);
    if (left && left.id !== card.id) {
      left.done_elsewhere ? this.#seen.push(left) : this.#deck.putBack(left);
    }
    this.#deck.remove([card.id]);
    this.card = card;
    this.#watch.restart();
    this.#view.show(card);
    this.#renew();
  }

  /** Take everything off the screen; what was decided can still be undone. */
  clear() {
    this.card = null;
    this.#seen = [];
  }

  #next() {
    if (this.card) {
      this.#seen = [...this.#seen.slice(-SEEN), this.card];
    }
    this.card = this.#deck.take() ?? null;
    this.#deck.refill();
    this.#watch.restart();
    this.card && this.#view.beyond(this.card);
    this.#view.show(this.card);
    this.#renew();
  }

  decide(verdict, labels = [], note = "") {
    const { card } = this;
    const event = {
      event_id: newId(),
      kind: "decide",
      item_id: card.id,
      item_hash: card.hash,
      verdict,
      new_labels: labels,
      note,
      seconds: this.#watch.seconds(),
      source: this.#source(),
      suggestion_shown: card.hidden ? null : card.suggested,
      suspicion_seen: card.hidden ? null : card.suspicion,
      evidence_seen: !card.hidden,
      hidden: Boolean(card.unaided && !card.mine),
      guideline: this.#guideline(),
      judged_twice: Boolean(card.judged_twice),
      adjudication: Boolean(card.conflict),
    };
    Object.assign(card, { hidden: false, settling: false, asked_by: [] }); // from now on, it shows all
    const action = { id: event.event_id, card, before: card.mine, after: { verdict, new_labels: labels, note } };
    this.#outbox.add(event);
    this.#done.push(action);
    this.#undone = [];
    this.#count(action, 1);
    this.skipped.delete(card.id);
    this.#view.decided(card);
    this.#become(card, action.after, "decide", event);
    this.#view.mark(event.event_id, "saving", card);
    this.#next();
  }

  /** Show the evidence of a card that came without it; that it was seen goes into the log. */
  showEvidence() {
    if (this.card?.hidden) {
      this.card.hidden = false;
      this.#view.evidence();
      say(t("What the models say is shown."));
    } else {
      say(t("All that the models say is shown already."));
    }
  }

  skip() {
    if (!this.card.mine) {
      this.skipped.set(this.card.id, this.card.issue);
    }
    this.#next();
  }

  /** Look at the card before, without undoing anything; it can be decided again. */
  back() {
    const card = this.#seen.at(-1);
    if (card) {
      this.show(card);
    } else {
      say(t("There is no card before this one."));
    }
  }

  /** Take back the latest own action; its card is on the screen at once, if this page has it. */
  undo() {
    const action = this.#done.pop();
    this.#send("undo", action);
    if (action?.card) {
      this.#undone.push(action);
      this.#view.mark(action.id, "undoing", action.card);
      this.#undid(action);
    }
  }

  /** Do again what was undone last, unless something has been decided since. */
  redo() {
    const action = this.#undone.pop();
    this.#send("redo", action);
    if (action?.card) {
      this.#done.push(action);
      this.#view.mark(action.id, "saving", action.card);
      this.#redid(action);
    }
  }

  #send(kind, action) {
    const event = { event_id: newId(), kind, ...(action ? { undoes: action.id } : {}) };
    if (action?.card) {
      this.#shownAlready.add(event.event_id);
    }
    this.#outbox.add(event);
  }

  #undid(action) {
    this.#count(action, -1);
    this.#become(action.card, action.before, "undo");
    this.show(action.card);
  }

  #redid(action) {
    this.#count(action, 1);
    this.#become(action.card, action.after, "redo");
    this.#leave(action.card);
  }

  /** A row that is decided again is not one more. */
  #count({ card, before }, by) {
    this.decided += before || card?.conflict ? 0 : by; // settling a row is no vote
  }

  /** Put a card behind, wherever it is. */
  #leave(card) {
    if (this.card?.id === card.id) {
      this.#next();
    } else {
      this.#deck.remove([card.id]);
      this.#seen = [...this.#seen.filter((seen) => seen.id !== card.id), card];
    }
  }

  #become(card, mine, kind, { source = null } = {}) {
    card.as_of = JUDGED_SINCE; // what colleagues decided may be shown from now on
    card.mine = mine;
    const outcome = kind === "undo" ? { verdict: null, new_labels: [], note: "" } : mine;
    const entry = { kind, reviewer: this.#reviewer, at: new Date().toISOString(), source, ...outcome };
    card.history = [...(card.history ?? []), entry];
  }

  // -- what the server answers -------------------------------------------------------------------------------------

  /** Take note of what the server says of an event. */
  answered(event, result) {
    if (event.kind === "decide") {
      this.#decideAnswered(event, result);
    } else if (result.status === "saved") {
      this.#moveAnswered(event, result);
    } else {
      this.#moveFailed(event, result);
    }
    this.#renew();
  }

  #decideAnswered(event, result) {
    if (result.status === "saved" && result.before) {
      this.#judgedTwice(event, result.before);
    } else if (result.status === "saved") {
      this.#view.mark(event.event_id, "saved");
      say(t("Saved."), { quiet: true, about: "saved" });
    } else {
      this.#refused(event, result);
    }
  }

  /** The same card, judged a second time, was judged otherwise: both verdicts are shown, and the reviewer decides. */
  async #judgedTwice(event, before) {
    this.#view.mark(event.event_id, "saved");
    const card = await get("card", { id: event.item_id }).catch(() => null);
    if (!card) {
      return;
    }
    const now = { verdict: event.verdict, new_labels: event.new_labels };
    Object.assign(card, { judged_twice: { before, now }, settling: true, mine: before });
    this.#seen = this.#seen.filter((seen) => seen.id !== card.id);
    const both = { before: verdictText(before), now: verdictText(now) };
    say(t("You have judged this text before: {before}, now {now}. Decide which holds.", both));
    this.#deck.putBack(card);
  }

  /** A decision was not taken: say why, and let the row, as it is now, be the next card. */
  async #refused(event, { what, todo }) {
    const action = remove(this.#done, event.event_id);
    if (action) {
      this.#count(action, -1);
    }
    remove(this.#undone, event.event_id);
    this.#view.mark(event.event_id, "refused");
    say(t("Not saved: {why}", { why: `${translated(what)} ${translated(todo)}` }), { error: true });
    const conflict = Boolean(event.adjudication);
    const card = await get("card", { id: event.item_id, conflict }).catch(() => null);
    if (!card) {
      return;
    }
    card.came_back = translated(what);
    this.#seen = this.#seen.filter((seen) => seen.id !== card.id);
    if (!this.card || this.card.id === card.id) {
      this.card = null;
      this.show(card);
    } else {
      this.#deck.putBack(card);
    }
  }

  #moveAnswered(event, { undoes, items, card }) {
    const done = event.kind === "undo" ? t("Undone.") : t("Redone.");
    if (this.#shownAlready.delete(event.event_id)) {
      this.#view.mark(event.undoes, event.kind === "undo" ? "undone" : "saved");
      say(done, { quiet: true, about: "moved" });
      return;
    }
    // Done before this page was opened, or elsewhere on it: the server alone knows what it was.
    const [from, to] = event.kind === "undo" ? [this.#done, this.#undone] : [this.#undone, this.#done];
    remove(from, undoes);
    to.push({ id: undoes, card: null });
    if (!card) {
      const rows = plural(items, "row");
      say(
        event.kind === "undo"
          ? t("Undone: one action on {rows}.", { rows })
          : t("Redone: one action on {rows}.", { rows }),
      );
      this.#view.reload();
    } else {
      say(done);
      event.kind === "undo" ? this.show(card) : this.#leave(card);
    }
  }

  #moveFailed(event, result) {
    this.#shownAlready.delete(event.event_id);
    remove(this.#done, event.undoes);
    remove(this.#undone, event.undoes);
    if (result.status === "nothing") {
      say(event.undoes ? t("That was done elsewhere already.") : NOTHING[event.kind]);
    } else {
      say(`${translated(result.what)} ${translated(result.todo)}`, { error: true });
    }
  }

  /** An action on many rows, done elsewhere on the page, is the next that undo takes back. */
  bulkDone(id) {
    this.#done.push({ id, card: null });
    this.#undone = [];
    this.#view.reload();
  }

  /** It was taken back elsewhere on the page: redo can do it again. */
  bulkUndone(id) {
    remove(this.#done, id);
    this.#undone.push({ id, card: null });
    this.#view.reload();
  }

  /** Somebody else has decided these meanwhile: they need not come any more. */
  gone(ids) {
    this.#deck.remove(ids);
    if (this.card && ids.includes(this.card.id)) {
      say(
        this.card.conflict
          ? t("This row is no longer in conflict; your verdict would still settle it.")
          : t("Somebody else has decided this row meanwhile; you can still give your own verdict."),
      );
    }
  }

  /** This reviewer has decided these; those of which this page knows nothing, in another window. */
  done(ids) {
    const elsewhere = ({ id, mine }) => (!mine || mine.elsewhere) && ids.includes(id);
    this.#deck.remove(this.#deck.cards.filter(elsewhere).map(({ id }) => id));
    if (this.card?.hidden && elsewhere(this.card)) {
      say(t("You have decided this row in another window meanwhile."));
      this.card = null; // it was to be judged without any verdict in sight
      this.#next();
    } else if (this.card && elsewhere(this.card) && !this.card.done_elsewhere) {
      this.card.done_elsewhere = true;
      this.moved();
    }
  }

  /** Something was decided elsewhere: what was known of a card before may no longer hold. */
  moved() {
    this.#movedAt = performance.now();
    this.#renew();
  }

  /** Ask how the card on the screen stands, if its own or another verdict came since it was fetched. */
  async #renew() {
    const { card } = this;
    if (!card || (card.unaided && !card.mine) || (card.as_of ?? 0) >= this.#movedAt || this.#outbox.size) {
      return;
    }
    const judgedHere = card.as_of === JUDGED_SINCE;
    card.as_of = performance.now();
    const changed = await standing(card);
    if (!changed || this.card !== card || this.#outbox.size) {
      return;
    }
    Object.assign(card, changed.news);
    this.#view.decidedElsewhere();
    if (judgedHere) {
      this.#view.colleaguesDecided();
    }
    if (changed.turned) {
      say(
        card.mine
          ? t("You have decided this row in another window meanwhile: {verdict}.", { verdict: verdictText(card.mine) })
          : t("You undid your verdict on this row in another window."),
      );
    }
  }

  /** Say what is on the screen. */
  announce() {
    this.card && say(cardText(this.card), { quiet: true, about: "card" });
  }
}
