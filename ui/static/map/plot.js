/** Plotly, fetched when it is first needed, and one plot of points drawn with it. */

import { Lasso } from "./lasso.js";
import { makeTraces } from "./scatter.js";
import { nearest, within } from "./shapes.js";
import { t } from "../common/language.js";

const CONFIG = { displayModeBar: false, scrollZoom: true, doubleClick: false };
const MARGIN = 0.04;
/** Pixels that a finger may be beside its point. */
const FINGER = 16;

let loading;

/** Plotly itself, from our own server. */
function plotly() {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL("../plotly.min.js", import.meta.url).href;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => {
      loading = undefined;
      reject(Object.assign(new Error(t("The map’s drawing library did not load.")), { todo: t("Try again.") }));
    };
    document.head.append(script);
  });
  return loading;
}

export class Plot {
  #plotly = null;
  #points = null;
  #indices = [];
  #lasso;
  #drawn = Promise.resolve();
  #picked = null; // corners of the lasso that is shown, in the points' coordinates
  #events;

  /**
   * @param {HTMLElement} element
   * @param {Object} events Each is called with places of points: `pick` with all that a lasso or box holds, or null when
   *   it holds them no longer, `open` with
   *   the one clicked on, `hover` with the one under the pointer, or null, and with the pointer's event.
   */
  constructor(element, events) {
    this.element = /** @type {PlotlyElement} */ (element);
    this.#events = events;
    this.#lasso = new Lasso(element, {
      start: () => events.hover(null),
      click: (event) => this.#click(event),
      pick: (corners) => this.#pick(corners),
      drop: () => {
        this.#picked = null;
        events.pick(null);
      },
    });
  }

  #pick(corners) {
    if (this.#points) {
      this.#picked = corners.map(this.#scale().place);
      this.#events.pick(within(this.#picked, this.#points));
    }
  }

  /** Take the lasso off the map. */
  clear() {
    this.#picked = null;
    this.#lasso.show(null);
  }

  /** The lasso is about points: it moves with them. */
  #follow() {
    if (this.#picked) {
      this.#lasso.show(this.#picked.map(this.#scale().onScreen));
    }
  }

  /** What belongs above `element`: the outline of what is drawn on it. */
  get outline() {
    return this.#lasso.outline;
  }

  /** Draw the points as `view` says, after what was to be drawn before; see `makeTraces`. The part that is looked at stays. */
  draw(points, view) {
    const draw = () => this.#draw(points, view);
    this.#drawn = this.#drawn.then(draw, draw);
    return this.#drawn;
  }

  async #draw(points, view) {
    const Plotly = await plotly();
    const { traces, points: indices } = makeTraces(points, view);
    const first = this.#plotly === null;
    this.#plotly = Plotly;
    this.#points = points;
    this.#indices = indices;
    await Plotly.react(this.element, traces, this.#layout(points), CONFIG);
    if (first) {
      this.#listen();
    }
  }

  #layout(points) {
    const drawn = this.element._fullLayout;
    const axis = (name, values) => ({ visible: false, range: drawn?.[name].range ?? span(values) });
    return {
      xaxis: axis("xaxis", points.x),
      yaxis: { ...axis("yaxis", points.y), scaleanchor: "x" },
      margin: { l: 0, r: 0, t: 0, b: 0 },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      dragmode: "pan",
      hovermode: "closest",
      hoverdistance: 12,
      showlegend: false,
    };
  }

  #listen() {
    this.element.on("plotly_hover", ({ points: [{ curveNumber, pointNumber }], event }) => {
      this.#events.hover(this.#indices[curveNumber][pointNumber], event);
    });
    this.element.on("plotly_unhover", () => this.#events.hover(null));
    this.element.on("plotly_relayouting", () => this.#follow());
    this.element.on("plotly_afterplot", () => this.#follow());
    this.element.addEventListener("dblclick", () => this.reset());
    // Not only the window's size changes its place, but also the filter's panel.
    new ResizeObserver(() => this.element.clientWidth && this.#plotly.Plots.resize(this.element)).observe(this.element);
  }

  /** Open the point under the pointer, or next to where a finger has tapped. */
  #click({ clientX, clientY }) {
    const { place, unit } = this.#scale();
    const under = this.#points && nearest(this.#points, ...place([clientX, clientY]), FINGER * unit);
    if (under !== null) {
      this.#events.open(under);
    }
  }

  /** From the screen to the points' coordinates and back: `place([x, y])`, `onScreen([x, y])`, `unit`, a pixel's width. */
  #scale() {
    const { left, top, width } = this.element.getBoundingClientRect();
    const { xaxis, yaxis } = this.element._fullLayout;
    const unit = (xaxis.range[1] - xaxis.range[0]) / width; // the same of both axes
    return {
      place: ([x, y]) => [xaxis.range[0] + (x - left) * unit, yaxis.range[1] - (y - top) * unit],
      onScreen: ([x, y]) => [left + (x - xaxis.range[0]) / unit, top + (yaxis.range[1] - y) / unit],
      unit,
    };
  }

  /** What dragging does: `lasso`, `box` or `pan`. */
  set mode(mode) {
    this.#lasso.mode = mode;
  }

  /** Look closer by a `factor` above 1, or at more. */
  zoom(factor) {
    const range = (name) => {
      const [from, to] = this.element._fullLayout[name].range;
      const [middle, half] = [(from + to) / 2, (to - from) / 2 / factor];
      return [middle - half, middle + half];
    };
    this.#plotly?.relayout(this.element, { "xaxis.range": range("xaxis"), "yaxis.range": range("yaxis") });
  }

  /** Look at all of it again. */
  reset() {
    const ranges = () => ({ "xaxis.range": span(this.#points.x), "yaxis.range": span(this.#points.y) });
    this.#plotly?.relayout(this.element, ranges());
  }
}

/** From the least to the most, with a margin. */
function span(values) {
  let [least, most] = [Infinity, -Infinity];
  for (const value of values) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  const margin = (most - least || 1) * MARGIN;
  return [least - margin, most + margin];
}
