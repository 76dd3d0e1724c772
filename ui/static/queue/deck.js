/** The cards to come: enough of them are in the browser already, and more are fetched well before they run out. */

import { get, post } from "../common/api.js";

const FIRST = 10; // so that the first card comes quickly
const PAGE = 50;
const WANTED = 120;
const LOW = 80;
/** Cards of the default queue that wait: few, since each verdict may change what comes next. */
const FEW = 4;
const WAITS = [500, 1000, 2000, 4000, 8000];

export class Deck {
  /** Cards that wait, next one first. */
  cards = [];
  /** Rows that the filter found when it was last asked, null before, and what was `settled` then. */
  found = null;
  settled = 0;
  /** Whether the server has no more cards than these. */
  ended = false;
  /** What hinders fetching, an ApiError; null while all is well. */
  trouble = null;

  #params = null;
  #feed = null;
  #cursor = null;
  #met = new Set();
  #stop = new AbortController();
  #filling = false;
  #failures = 0;
  #onChange;
  #settled;
  #onDecided;

  /**
   * @param {{onChange: () => void, settled: () => number, onDecided: (rows: number) => void}} options `onChange` is
   *   called whenever cards have come, or why none come; `settled` says how many of the decisions that were made here
   *   the server knows of; `onDecided` hears how many rows this reviewer has decided, as the server says.
   */
  constructor({ onChange, settled, onDecided }) {
    this.#onDecided = onDecided;
    this.#onChange = onChange;
    this.#settled = settled;
  }

  /**
   * Forget all cards, and fetch those that `params` find.
   *
   * @param {URLSearchParams} params Filter, sort and seed.
   * @param {string[]} except Ids of cards that are on the screen already.
   * @param {{run: string, reviewer: string, held: () => string[], skipped: () => string[],
   *   closing: boolean}|null} feed Of the default queue, whose cards the server chooses one by one.
   */
  start(params, except = [], feed = null) {
    this.#stop.abort();
    this.#stop = new AbortController();
    Object.assign(this, { cards: [], found: null, settled: 0, ended: false, trouble: null });
    this.#params = params;
    this.#feed = feed;
    this.#cursor = null;
    this.#met = new Set(except);
    this.#filling = false;
    this.#failures = 0;
    this.#fill();
  }

  /** The next card, which is then no longer here; undefined when there is none. */
  take() {
    const card = this.cards.shift();
    if (this.cards.length < (this.#feed ? FEW : LOW)) {
      this.#fill();
    }
    return card;
  }

  /** Lay a card on top: it is the next one. */
  putBack(card) {
    this.remove([card.id]);
    this.#met.add(card.id);
    this.cards.unshift(card);
  }

  remove(ids) {
    const gone = new Set(ids);
    this.cards = this.cards.filter((card) => !gone.has(card.id));
  }

  /** Try again after trouble. */
  retry() {
    this.#failures = 0;
    this.#fill();
  }

  /** Ask again how many rows the filter finds: some were decided elsewhere. */
  async recount() {
    const { signal } = this.#stop;
    const settled = this.#settled();
    const params = new URLSearchParams(this.#params ?? {});
    params.set("limit", "1");
    const page = this.#params && (await get("queue", params, { signal }).catch(() => null));
    if (page && !signal.aborted) {
      Object.assign(this, { found: page.left, settled });
      this.#onChange();
    }
  }

  async #fill() {
    if (this.#filling || this.ended || !this.#params) {
      return;
    }
    this.#filling = true;
    const { signal } = this.#stop;
    try {
      while (!this.ended && this.cards.length < (this.#feed ? FEW : WANTED)) {
        await (this.#feed ? this.#serve(signal) : this.#fetch(signal));
        this.#onChange();
      }
      this.#filling = false;
    } catch (error) {
      if (!signal.aborted) {
        this.#fail(error, signal);
      }
    }
  }

  async #fetch(signal) {
    const params = new URLSearchParams(this.#params);
    params.set("limit", String(this.#cursor === null ? FIRST : PAGE));
    if (this.#cursor !== null) {
      params.set("after", this.#cursor);
    }
    const settled = this.#settled();
    const asOf = performance.now();
    const page = await get("queue", params, { signal });
    signal.throwIfAborted();
    this.#failures = 0;
    this.trouble = null;
    Object.assign(this, { found: page.left, settled });
    this.#cursor = page.next;
    this.ended = page.next === null;
    const fresh = page.cards.filter((card) => !this.#met.has(card.id));
    fresh.forEach((card) => this.#met.add(card.id));
    this.cards.push(...fresh.map((card) => ({ ...card, as_of: asOf })));
    this.#onDecided(page.decided);
  }

  /** Have the server choose the next cards; one that was drawn at random is in the log before it is here. */
  async #serve(signal) {
    const { run, reviewer, held, skipped, closing } = this.#feed;
    const settled = this.#settled();
    const asOf = performance.now();
    const sent = { run, reviewer, held: held(), skipped: skipped(), limit: FEW - this.cards.length, closing };
    const page = await post("next", sent, { signal });
    signal.throwIfAborted();
    this.#failures = 0;
    this.trouble = null;
    Object.assign(this, { found: page.left, settled, ended: page.ended });
    this.cards.push(...page.cards.map((card) => ({ ...card, closing, unaided: card.hidden, as_of: asOf })));
    this.#onDecided(page.decided);
  }

  /** A filter that the server refuses stays refused; anything else is tried again. */
  #fail(error, signal) {
    this.trouble = error;
    this.#onChange();
    this.#filling = false;
    if (error.status >= 400 && error.status < 500 && error.status !== 429) {
      return;
    }
    const time = WAITS[Math.min(this.#failures, WAITS.length - 1)];
    this.#failures += 1;
    setTimeout(() => signal.aborted || this.#fill(), time);
  }
}
