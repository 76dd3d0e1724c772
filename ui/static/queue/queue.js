/** The queue: one card, its verdicts, and the next one. */

import { complain, get, post, say } from "../common/api.js";
import { askingLine } from "./asking.js";
import { settle } from "./bar.js";
import { Boundary } from "./boundary.js";
import { drawCard, history, ownVerdict } from "./card.js";
import { conflictsButton, settles } from "./conflict.js";
import { Controls } from "./controls.js";
import { Deck } from "./deck.js";
import { el, plural, replace, set } from "../common/dom.js";
import { drawEnd, drawWaiting } from "./empty.js";
import { Flow } from "./flow.js";
import { Guidelines } from "./guidelines.js";
import { Keys, isOurs, resting } from "./keys.js";
import { Note } from "./note.js";
import { Outbox } from "./outbox.js";
import { Presses } from "./presses.js";
import { rankingLine } from "../common/ranking.js";
import { Status } from "./status.js";
import { stopLine } from "./stopline.js";
import { store } from "../common/store.js";
import { Watch } from "../common/watch.js";
import { sortName } from "../common/words.js";
import { nodes, t } from "../common/language.js";

/** Milliseconds for which a card that was served is nobody else's. */
const HELD_FOR = 120000;
/** Skipped cards that the server hears of: more than anybody skips. */
const MOST_SKIPPED = 1000;

/** Build the queue within `element`. */
export function mount(element, session) {
  new Queue(element, session).open();
}

class Queue {
  #session;
  #element;
  #article = el("article", { class: "au-card", tabindex: "-1", "aria-label": t("Card") });
  #boundary;
  #note;
  #shown = null; // what the cards are from: filter, sort, seed, and whether they are a closing sample
  #params = null;
  #watch = new Watch(() => store.tab === "queue");
  #keys;
  #guidelines;
  #presses;
  #controls;
  #status;
  #outbox;
  #deck;
  #flow;
  #before = null; // rows that this reviewer has decided without this page's doing; null until the server has answered

  constructor(element, session) {
    this.#session = session;
    this.#element = element;
    this.#keys = new Keys(session.keys);
    this.#note = new Note({ run: session.run.id, reviewer: session.reviewer, keys: this.#keys });
    this.#status = new Status(() => this.#outbox.retry());
    this.#boundary = new Boundary(session.run);
    this.#guidelines = new Guidelines(session, () => this.#controls && this.#print());
    this.#deck = new Deck({
      onChange: () => this.#dealt(),
      onDecided: (decided) => this.#decidedElsewhere(decided),
    });
    this.#outbox = new Outbox({
      run: session.run.id,
      reviewer: session.reviewer,
      held: () => this.#held(),
      conflict: () => settles(this.#session),
      onResult: (event, result) => this.#answered(event, result),
      onGone: (gone, done) => this.#gone(gone, done),
      onDecided: (decided) => this.#counted(decided),
      onChange: () => this.#report(),
    });
    this.#flow = new Flow({
      outbox: this.#outbox,
      deck: this.#deck,
      watch: this.#watch,
      view: {
        show: () => this.#draw(),
        mark: (id, state, card) => this.#status.mark(id, state, card),
        reload: () => this.#reload(),
        decided: (card) => this.#note.decided(card),
        decidedElsewhere: () => this.#drawOwn(),
        colleaguesDecided: () => this.#drawPast(),
        evidence: () => this.#draw(),
        beyond: (card) => this.#boundary.pass(card, [...this.#flow.skipped.values()].filter(Boolean).length),
      },
      reviewer: session.reviewer,
      source: () => (store.sort === "random" && store.source === "queue" ? "random" : store.source),
      guideline: () => this.#guidelines.version,
    });
    this.#presses = new Presses({
      flow: this.#flow,
      labels: session.labels,
      keys: this.#keys,
      note: this.#note,
      guidelines: this.#guidelines,
      changed: () => this.#print(),
    });
    const act = (action) => this.#presses.act(action);
    this.#controls = new Controls(session.labels, this.#keys, act, (label) => this.#guidelines.lineOf(label));
  }

  /** Lay everything out, listen, and bring the first card. */
  open() {
    const sorts = this.#session.sorts.map((name) => el("option", { value: name }, sortName(name)));
    const sort = el("select", { onchange: () => store.set({}, { sort: sort.value }) }, sorts);
    const order = el("label", null, t("Order"), " ", sort);
    const bar = el("div", { class: "au-queue-bar" }, order, conflictsButton(this.#session), this.#status.element);
    const words = nodes("Keys are off while you write; {key} turns them on.", { key: el("kbd", null, "Esc") });
    const rest = el("p", { class: "au-resting", hidden: true }, words);
    this.#controls.element.prepend(this.#note.element, rest);
    const lines = [askingLine(), rankingLine(), stopLine()];
    const above = [bar, this.#status.trail, this.#guidelines.element, ...lines, this.#boundary.element];
    const parts = [...above, this.#article, this.#controls.element];
    const section = el("section", { class: "au-queue", "aria-label": t("Queue") }, parts);
    replace(this.#element, section);
    settle(section, this.#controls.element, [this.#note.element, rest]);
    document.addEventListener("keydown", (event) => this.#press(event));
    document.addEventListener("auditor:rename", (event) => this.#mayRename(event));
    document.addEventListener("auditor:bulk", ({ detail }) => this.#flow.bulkDone(detail.batch_id));
    document.addEventListener("auditor:undone", ({ detail }) => this.#flow.bulkUndone(detail.batch_id));
    document.addEventListener("auditor:moved", ({ detail }) => this.#moved(detail));
    document.addEventListener("auditor:classes", () => this.#renamed());
    document.addEventListener("auditor:ranked", () => this.#rankedAnew());
    this.#element.addEventListener("focusin", (event) => set(rest, "hidden", !resting(event.target)));
    this.#element.addEventListener("focusout", () => set(rest, "hidden", true));
    const follow = () => {
      sort.value = store.sort;
      this.#watch.check();
      this.#follow();
    };
    store.subscribe(follow);
    follow();
    setInterval(() => this.#hold(), HELD_FOR / 4);
  }

  // -- which cards -------------------------------------------------------------------------------------------------

  /** Follow the URL: another filter or order brings other cards, and `card` one of its own. */
  #follow() {
    const params = new URLSearchParams(store.query);
    params.set("sort", store.sort);
    if (store.seed !== null) {
      params.set("seed", store.seed);
    }
    const shown = `${params}${store.closing ? " closing" : ""}`;
    const changed = shown !== this.#shown;
    this.#shown = shown;
    this.#params = params;
    if (changed || (store.card !== null && store.card !== this.#flow.card?.id)) {
      this.#reload(store.card);
    }
  }

  /** Bring the cards to come in their new order, once the log has all that was decided; the one on the screen stays. */
  async #rankedAnew() {
    const shown = this.#shown;
    await this.#outbox.empty();
    if (shown === this.#shown) {
      this.#deck.start(this.#params, [this.#flow.card?.id], this.#feed());
    }
  }

  /** Bring the cards anew, once the log has all that was decided: none of those comes again. */
  async #reload(id = null) {
    const [shown, params] = [this.#shown, this.#params];
    this.#flow.clear();
    this.#deck.start(null);
    this.#draw();
    await this.#outbox.empty();
    const first = id === null ? null : await get("card", { id, conflict: settles(this.#session) }).catch(complain);
    if (shown === this.#shown) {
      this.#deck.start(params, [this.#flow.card?.id, first?.id], this.#feed());
      if (first) {
        this.#flow.show(first);
      }
    }
  }

  /** What the deck needs to be served card by card; null where it reads the rows that a filter finds. */
  #feed() {
    const { run, reviewer } = this.#session;
    const held = () => [...this.#hand, ...this.#outbox.ids];
    const skipped = () => [...this.#flow.skipped.keys()].slice(-MOST_SKIPPED);
    return store.isFeed ? { run: run.id, reviewer, held, skipped, closing: store.closing } : null;
  }

  /** Ids of the card on the screen and of those that wait. */
  get #hand() {
    return [this.#flow.card, ...this.#deck.cards].filter(Boolean).map(({ id }) => id);
  }

  /** Keep the cards that are here from being served to others, while somebody looks at them. */
  #hold() {
    if (store.isFeed && store.tab === "queue" && !document.hidden && this.#flow.card) {
      const { run, reviewer } = this.#session;
      post("hold", { run: run.id, reviewer, held: this.#hand }).catch(() => null); // a lease is no lock: without, all goes on
    }
  }

  /** Ids of the cards that need not come once they are decided, if the filter looks for undecided rows. */
  #held() {
    return store.query.has("undecided") || settles(this.#session) ? this.#hand : [];
  }

  /** Some of them have been decided: by others, and by this reviewer. */
  #gone(gone, done) {
    const settled = store.query.get("undecided") === "anyone" || settles(this.#session);
    settled && this.#flow.gone(gone);
    store.query.has("undecided") && this.#flow.done(done);
    this.#report();
  }

  /** Something was decided elsewhere: by this reviewer in another window, or by a colleague. */
  async #moved({ decided, guideline }) {
    this.#guidelines.follow(guideline);
    this.#flow.moved();
    (await this.#outbox.look()) || this.#counted(decided);
    this.#deck.recount();
  }

  /** More rows are decided than this page knows of: their cards leave the deck before the figures count them. */
  async #decidedElsewhere(decided) {
    const more = this.#before !== null && decided !== this.#decided;
    (more && (await this.#outbox.look())) || this.#counted(decided);
  }

  /** The server has counted this reviewer's rows; while a press is on its way, it does not know of all of them. */
  #counted(decided) {
    if (!this.#outbox.size) {
      this.#before = decided - this.#flow.decided;
      this.#report();
    }
  }

  #dealt() {
    this.#flow.fill();
    this.#report();
  }

  #answered(event, result) {
    this.#flow.answered(event, result);
    this.#announcing ??= setTimeout(() => {
      this.#announcing = undefined;
      document.dispatchEvent(new CustomEvent("auditor:decided"));
    }, 1000);
  }

  #announcing;

  // -- what is shown -----------------------------------------------------------------------------------------------

  #draw() {
    const { card } = this.#flow;
    this.#presses.marks = null;
    this.#note.show(card);
    this.#boundary.show(card);
    replace(this.#article, card ? this.#drawn(card) : this.#empty());
    this.#article.classList.toggle("au-empty", card === null);
    this.#article.classList.toggle("au-alone", Boolean(card?.hidden));
    if (this.#article.dataset.id !== (card?.id ?? "")) {
      this.#article.dataset.id = card?.id ?? "";
      this.#toTop();
    }
    this.#print();
    this.#report();
    this.#announce();
    if (card && store.card !== null && store.card !== card.id) {
      store.set({}, { replace: true }); // the card that the URL asked for is done with
    }
  }

  #drawn(card) {
    return drawCard(card, (action) => this.#presses.keyOf(card, action));
  }

  /** A new card is read from its beginning. */
  #toTop() {
    const top = this.#article.firstElementChild ?? this.#article; // where all is one column, the card has no box
    if (top.getBoundingClientRect().top < 0) {
      top.scrollIntoView({ block: "start" });
    }
  }

  /** The verdict has changed elsewhere; the rest stays as it is: what one reads does not move. */
  #drawOwn() {
    const own = this.#article.querySelector(".au-own");
    own && replace(own, ownVerdict(this.#flow.card));
  }

  /** Classes have other names; what one reads and writes stays where it is. */
  #renamed() {
    const { card } = this.#flow;
    card && replace(this.#article, this.#drawn(card));
    this.#print();
    say(t("The classes have changed: labels show their new names."), { quiet: true });
  }

  /** What colleagues decided may be seen, since the reviewer has decided. */
  #drawPast() {
    const past = this.#article.querySelector(".au-past");
    past && replace(past, history(this.#flow.card));
  }

  #announce() {
    if (this.#flow.card) {
      this.#flow.announce();
    } else {
      const what = this.#deck.ended ? t("This queue is at its end.") : t("The next cards are on their way.");
      say(what, { quiet: true, about: "card" });
    }
  }

  #empty() {
    const { ended, trouble } = this.#deck;
    if (!ended) {
      return drawWaiting(trouble, () => this.#deck.retry());
    }
    const about = { decided: this.#decided, skipped: this.#flow.skipped.size, query: store.query };
    return drawEnd({ ...about, restart: () => this.#restart() });
  }

  #restart() {
    this.#flow.skipped.clear();
    this.#reload();
  }

  /** Rows that this reviewer has decided, those on their way to the server included. */
  get #decided() {
    return Math.max(0, (this.#before ?? 0) + this.#flow.decided);
  }

  #report() {
    const { size: waiting, trouble } = this.#outbox;
    this.#status.report({ found: this.#deck.found, left: this.#left(), decided: this.#decided, waiting, trouble });
    this.#flow.card || replace(this.#article, this.#empty());
  }

  /** Cards to come; null where the filter does not look for undecided rows, so that deciding makes none fewer. */
  #left() {
    const { found, decided, ended, cards } = this.#deck;
    if (found === null || !store.query.has("undecided")) {
      return null;
    }
    return ended ? cards.length + Number(this.#flow.card !== null) : Math.max(0, found + decided - this.#decided);
  }

  #print() {
    const { card } = this.#flow;
    this.#controls.update(card, this.#presses.labelsOf(card), this.#presses.marks);
  }

  // -- what is pressed ---------------------------------------------------------------------------------------------

  #press(event) {
    if (store.tab !== "queue") {
      this.#turn(event);
      return;
    }
    if (event.key === "Escape" && this.#element.contains(event.target) && resting(event.target)) {
      event.target.blur();
      return;
    }
    if (!isOurs(event)) {
      return;
    }
    const fixed = this.#presses.marks && { Enter: "done", Escape: "give-up" }[event.key];
    const action = fixed || this.#keys.actionOf(event);
    if (action) {
      event.preventDefault(); // the space bar does not scroll
      if (!event.repeat) {
        this.#presses.act(action);
      }
    }
  }

  /** On the other tabs, undo and redo are the only keys of the queue. */
  #turn(event) {
    const action = isOurs(event) && !event.repeat ? this.#keys.actionOf(event) : null;
    if (action === "undo" || action === "redo") {
      event.preventDefault();
      say(action === "undo" ? t("Undoing your latest action.") : t("Redoing what you undid."));
      this.#flow[action]();
    }
  }

  /** What is not saved yet is its reviewer's: the name stays until the server has it. */
  #mayRename(event) {
    if (this.#outbox.size) {
      event.preventDefault();
      const decisions = plural(this.#outbox.size, "decision");
      say(t("{decisions} must be saved first, under the name that you have now.", { decisions }));
    }
  }
}
