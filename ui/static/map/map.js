/** The map: all rows, placed by the meaning of their texts; a lasso picks a part of it, a click opens a row. */

import { complain, get, post, say } from "../common/api.js";
import { count, el, plural } from "../common/dom.js";
import { Legend } from "./legend.js";
import { live } from "../common/live.js";
import { button } from "../common/parts.js";
import { Plot } from "./plot.js";
import { ranking } from "./scatter.js";
import { store } from "../common/store.js";
import { Tip } from "../common/tip.js";
import { t } from "../common/language.js";

const SIDES = { given: t("Given label"), suggested: t("Suggested label") };
const MODES = { lasso: t("Lasso"), box: t("Box"), pan: t("Move") };

export function mount(element, session) {
  if (!session.has.map) {
    element.append(el("p", { class: "pg-found" }, t("This run has no map: its audit was made without one.")));
    return;
  }
  new MapPage(element, session).open();
}

class MapPage {
  #session;
  #element;
  #points = null; // as the server sends them
  #side = "given";
  #alone = null; // code of the one class that is shown
  #summary = el("p", { class: "pg-found", role: "status" });
  #places = null; // of the points that the lasso holds
  #picked = el("p", { class: "pg-picked", role: "status" });
  #ways = el(
    "span",
    { class: "pg-row", hidden: true },
    button(t("Filter these rows"), () => this.#apply()),
    button(t("Clear"), () => this.#clear()),
  );
  #drop = button(t("Clear the selection"), () => store.set({ selection: null }));
  #canvas = el("div", { class: "pg-map", role: "img" });
  #tip = new Tip();
  #legend = new Legend((code) => this.#isolate(code));
  #plot = new Plot(this.#canvas, {
    pick: (places) => this.#pick(places),
    open: (place) => this.#open(place),
    hover: (place, event) => this.#hover(place, event),
  });

  constructor(element, session) {
    this.#element = element;
    this.#session = session;
  }

  /** Lay everything out, and draw the points when they have come. */
  open() {
    const table = button(t("Show as a table"), () => store.openTab("table"));
    this.#element.append(
      el("div", { class: "pg-bar" }, this.#summary, table),
      el("div", { class: "pg-bar" }, this.#tools()),
      el(
        "div",
        { class: "pg-bar pg-lasso" },
        this.#zooms(),
        el("div", { class: "pg-row", role: "group", "aria-label": t("Lasso") }, this.#picked, this.#ways, this.#drop),
      ),
      el(
        "div",
        { class: "pg-map-box" },
        el("div", { class: "pg-map-frame" }, this.#canvas, this.#plot.outline, this.#tip.element),
        this.#legend.element,
      ),
    );
    live(this.#element, {
      ask: (signal) => get("map", store.query, { signal }),
      draw: (points) => {
        this.#points = points;
        this.#count();
        this.#describe();
        return this.#draw();
      },
    });
    const redraw = new MutationObserver(() => this.#points && this.#draw());
    redraw.observe(document.body, { attributes: true, attributeFilter: ["class"] }); // light and dark
    this.#count();
  }

  #tools() {
    const colour = (side) => {
      this.#side = side;
      this.#isolate(null);
    };
    return [
      radios(t("Coloured by"), "pg-map-side", SIDES, colour),
      radios(t("Dragging"), "pg-map-mode", MODES, (mode) => (this.#plot.mode = mode)),
    ];
  }

  #zooms() {
    const zooms = [
      button("+", () => this.#plot.zoom(1.5), { "aria-label": t("Zoom in") }),
      button("−", () => this.#plot.zoom(1 / 1.5), { "aria-label": t("Zoom out") }),
      button(t("All"), () => this.#plot.reset(), { "aria-label": t("See the whole map") }),
    ];
    return el("span", { class: "pg-row", role: "group", "aria-label": t("Zoom") }, zooms);
  }

  #describe() {
    const { rows, found, issue } = this.#points;
    const issues = found.filter((isFound, place) => isFound && issue[place]).length;
    const figures = {
      found: count(found.filter(Boolean).length),
      rows: plural(rows.length, "row"),
      flagged: count(issues),
      all: count(this.#session.run.rows),
    };
    const summary =
      rows.length < this.#session.run.rows
        ? t("{found} of {rows} on the map (of {all} in the dataset) are found, {flagged} of them flagged", figures)
        : t("{found} of {rows} on the map are found, {flagged} of them flagged", figures);
    this.#summary.textContent = summary;
    const label = t("Map of the rows. {summary}. The table shows the same rows.", { summary });
    this.#canvas.setAttribute("aria-label", label);
  }

  async #draw() {
    const codes = this.#points[this.#side];
    const found = new Map(ranking(codes.filter((_, place) => this.#points.found[place])));
    const ranked = ranking(codes.filter((code) => code >= 0)).map(([code]) => [code, found.get(code) ?? 0]);
    const style = getComputedStyle(this.#element);
    const [ink, faint] = ["--ink", "--muted"].map((name) => style.getPropertyValue(name).trim());
    const looks = { alone: this.#alone, dark: document.body.classList.contains("dark"), ink };
    this.#legend.draw({ ...looks, names: this.#points.labels, ranked });
    try {
      await this.#plot.draw(this.#points, { ...looks, codes, ranked: ranked.map(([code]) => code), faint });
    } catch (error) {
      complain(error);
    }
  }

  #isolate(code) {
    this.#alone = code;
    this.#count();
    if (this.#points) {
      this.#draw();
    }
  }

  /** Places of the points within the lasso; of the class that is shown, if it is one. */
  #inside() {
    const codes = this.#points?.[this.#side];
    return (this.#places ?? []).filter((place) => this.#alone === null || codes[place] === this.#alone);
  }

  /** The lasso stays on the map, with what it holds and the ways on from there. */
  #pick(places) {
    this.#places = places;
    if (places && !this.#inside().length) {
      say(t("The selected area contains no rows."));
      this.#clear();
    }
    this.#count();
  }

  #clear() {
    this.#places = null;
    this.#plot.clear();
    this.#count();
  }

  #count() {
    const inside = this.#inside();
    const found = inside.filter((place) => this.#points.found[place]).length;
    const figures = { rows: plural(inside.length, "row"), found: count(found) };
    const some =
      found < inside.length
        ? t("{rows} in the lasso, {found} of them found by the filter", figures)
        : t("{rows} in the lasso", figures);
    // All stand in one line, which is always there: the map does not move away from under the pointer.
    this.#ways.hidden = this.#places === null;
    this.#drop.hidden = this.#places !== null || !store.query.has("selection");
    this.#picked.textContent = this.#places === null ? t("Draw around points to pick their rows.") : some;
  }

  /** Make a filter of what the lasso holds. */
  async #apply() {
    const rows = this.#inside().map((place) => this.#points.rows[place]);
    try {
      const made = await post("selection", { run: this.#session.run.id, rows });
      this.#clear();
      store.set({ selection: made.selection });
      say(t("{rows} picked on the map.", { rows: plural(made.count, "row") }));
    } catch (error) {
      complain(error);
    }
  }

  async #open(place) {
    try {
      const card = await get("row", { row: this.#points.rows[place] });
      store.openQueue(store.query, "map", { card: card.id });
    } catch (error) {
      complain(error);
    }
  }

  #hover(place, event) {
    if (place === null) {
      this.#tip.hide();
      return;
    }
    const { rows, labels, given, suggested, issue } = this.#points;
    const about = { row: rows[place], given: labels[given[place]], suggested: labels[suggested[place]] };
    this.#tip.show({ ...about, issue: issue[place] }, event);
  }
}

/** A choice of one; the first is chosen. */
function radios(legend, name, choices, choose) {
  const options = Object.entries(choices).map(([value, text], index) => {
    const input = el("input", { type: "radio", name, value, checked: index === 0, onchange: () => choose(value) });
    return el("label", { class: "pg-row" }, input, text);
  });
  return el("fieldset", { class: "pg-radios" }, el("legend", null, legend), options);
}
