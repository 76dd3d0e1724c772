/**
 * Drawing on the map: a lasso or a box, in an outline of its own above the points. It stays until something else is
 * drawn, or it is cleared.
 *
 * Plotly's own drawing looks for its points at each move, which takes half a second of 50,000; is taken apart when the
 * map is drawn again meanwhile; and cuts the corners that the pointer passes while the page is busy.
 */

import { svg } from "../common/dom.js";

/** Pixels that a pointer may move in a click. */
const CLICK = 5;

export class Lasso {
  /** What dragging does: `lasso`, `box`, or `pan`, which is left to whoever else listens. */
  mode = "lasso";
  /** The SVG element that shows the outline; it belongs above `element`, with the same top left corner. */
  outline = svg("svg", { class: "pg-outline", "aria-hidden": "true" });
  #element;
  #events;
  #line = svg("path");
  #corners = null; // [x, y] on the screen, from pressing to letting go
  #moved = false;

  /**
   * @param {HTMLElement} element
   * @param {Object} events `pick` is called with the corners of what was drawn, `[[x, y], …]` on the screen; `drop` when
   *   it is given up, or another is begun; `click` with the pointer's event where it was pressed and let go at one place;
   *   `start` when the pointer is pressed.
   */
  constructor(element, events) {
    this.#element = element;
    this.#events = events;
    this.outline.append(this.#line);
    element.addEventListener("pointerdown", (event) => this.#press(event), true);
    element.addEventListener("pointermove", (event) => this.#move(event));
    element.addEventListener("pointerup", (event) => this.#release(event));
    element.addEventListener("pointercancel", () => this.#drop());
    addEventListener("keydown", (event) => event.key === "Escape" && this.#drop());
    for (const name of ["mousedown", "touchstart"]) {
      element.addEventListener(name, (event) => this.mode !== "pan" && event.stopPropagation(), true);
    }
  }

  #press(event) {
    if (!event.isPrimary || event.button !== 0) {
      return;
    }
    this.#corners = [[event.clientX, event.clientY]];
    this.#moved = false;
    this.#element.setPointerCapture(event.pointerId); // also what is let go elsewhere is heard of here
    this.#events.start();
  }

  #move(event) {
    if (!this.#corners || !event.isPrimary) {
      return;
    }
    // A page that is busy hears of many moves at once.
    const moves = event.getCoalescedEvents?.() ?? [];
    this.#add(moves.length ? moves : [event]);
  }

  #add(moves) {
    const [x, y] = this.#corners[0];
    this.#corners.push(...moves.map((move) => [move.clientX, move.clientY]));
    const began = !this.#moved;
    this.#moved ||= moves.some((move) => Math.hypot(move.clientX - x, move.clientY - y) >= CLICK);
    if (this.#moved && this.mode !== "pan") {
      if (began) {
        this.#events.drop();
      }
      this.show(this.#drawn());
    }
  }

  /** Show an outline by its corners on the screen; none, by null. */
  show(corners) {
    if (corners === null) {
      this.#line.removeAttribute("d");
      return;
    }
    const { left, top } = this.#element.getBoundingClientRect();
    this.#line.setAttribute("d", `M${corners.map(([x, y]) => `${x - left},${y - top}`).join("L")}Z`);
  }

  #release(event) {
    if (!this.#corners || !event.isPrimary) {
      return;
    }
    this.#add([event]);
    const drawn = this.#drawn();
    this.#corners = null;
    if (!this.#moved) {
      this.#events.click(event);
    } else if (this.mode !== "pan") {
      this.#events.pick(drawn);
    }
  }

  /** Corners of the lasso, or of the box between where it began and where the pointer is. */
  #drawn() {
    if (this.mode === "lasso") {
      return this.#corners;
    }
    const [[left, top], [right, bottom]] = [this.#corners[0], this.#corners.at(-1)];
    return [
      [left, top],
      [right, top],
      [right, bottom],
      [left, bottom],
    ];
  }

  #drop() {
    this.#corners = null;
    this.show(null);
    this.#events.drop();
  }
}
