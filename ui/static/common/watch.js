/** How long a card has been looked at: time passes only while it is on the screen. */
export class Watch {
  #seconds = 0;
  #since = null;
  #shown;

  /** @param {() => boolean} shown Whether the card is on the page; the page may be hidden, too. */
  constructor(shown) {
    this.#shown = shown;
    document.addEventListener("visibilitychange", () => this.check());
  }

  /** Begin anew. */
  restart() {
    this.#seconds = 0;
    this.#since = null;
    this.check();
  }

  /** Go or stand still, as the card is now seen or not. */
  check() {
    const now = performance.now();
    if (this.#since !== null) {
      this.#seconds += (now - this.#since) / 1000;
    }
    this.#since = document.hidden || !this.#shown() ? null : now;
  }

  seconds() {
    this.check();
    return Math.round(this.#seconds * 1000) / 1000;
  }
}
