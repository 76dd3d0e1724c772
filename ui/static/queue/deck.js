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
  /** Rows that the filter found when it was last asked, null before, and those that this reviewer had decided then. */
  found = null;
  decided = 0;
  /** Whether the server has no more cards than these. */
  ended = false;
  /** What hinders fetching, an ApiError; null while all is well. */
  trouble = null;

  #params = null;
  #feed = null;
  #cursor = null;
  #met = new Set();
  /** Ids of the cards that have left the deck since the server was last asked to choose some. */
  #left = new Set();
  #stop = new AbortController();
  #filling = false;
  #failures = 0;
  #onChange;
  #onDecided;

  /**
   * @param {{onChange: () => void, onDecided: (rows: number) => void}} options `onChange` is called whenever cards have
   *   come, or why none come; `onDecided` hears how many rows this reviewer has decided, as the server says.
   */
  constructor({ onChange, onDecided }) {
    this.#onDecided = onDecided;
    this.#onChange = onChange;
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
    Object.assign(this, { cards: [], found: null, decided: 0, ended: false, trouble: null });
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
    card && this.#left.add(card.id);
    return card;
  }

  /** Fetch more cards if few are left. Call it once a card that was taken is on the screen, and so among those held. */
  refill() {
    if (this.cards.length < (this.#feed ? FEW : LOW)) {
      this.#fill();
    }
  }

  /** Lay a card on top: it is the next one. */
  putBack(card) {
    this.remove([card.id]);
    this.#met.add(card.id);
    this.cards.unshift(card);
  }

  remove(ids) {
    const gone = new Set(ids);
    gone.forEach((id) => this.#left.add(id));
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
    const params = new URLSearchParams(this.#params ?? {});
    params.set("limit", "1");
    const page = this.#params && (await get("queue", params, { signal }).catch(() => null));
    if (page && !signal.aborted) {
      Object.assign(this, { found: page.left, decided: page.decided });
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
    const asOf = performance.now();
    const page = await get("queue", params, { signal });
    signal.throwIfAborted();
    this.#failures = 0;
    this.trouble = null;
    Object.assign(this, { found: page.left, decided: page.decided });
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
    const asOf = performance.now();
    const sent = { run, reviewer, held: held(), skipped: skipped(), limit: FEW - this.cards.length, closing };
    this.#left = new Set();
    const page = await post("next", sent, { signal });
    signal.throwIfAborted();
    this.#failures = 0;
    this.trouble = null;
    Object.assign(this, { found: page.left, decided: page.decided, ended: page.ended });
    // An undo may have brought a card to the screen while the server chose it.
    const here = new Set([...held(), ...this.#left]);
    const fresh = page.cards.filter((card) => !here.has(card.id));
    this.cards.push(...fresh.map((card) => ({ ...card, closing, unaided: card.hidden, as_of: asOf })));
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
