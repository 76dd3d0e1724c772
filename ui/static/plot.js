/** Plotly, fetched when it is first needed, and one plot of points drawn with it. */

import { makeTraces } from "./scatter.js";
import { nearest, within } from "./shapes.js";

const CONFIG = { displayModeBar: false, scrollZoom: true, doubleClick: "reset" };
const MARGIN = 0.04;
/** Pixels that a pointer may move in a click, and that a finger may be beside its point. */
const [CLICK, FINGER] = [5, 16];

let loading;

/** Plotly itself, from our own server. */
function plotly() {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL("./plotly.min.js", import.meta.url).href;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => {
      loading = undefined;
      reject(Object.assign(new Error("The map’s drawing library did not load."), { todo: "Try again." }));
    };
    document.head.append(script);
  });
  return loading;
}

export class Plot {
  #plotly = null;
  #points = null;
  #indices = [];
  #under = null;
  #mode = "drawclosedpath";
  #events;

  /**
   * @param {HTMLElement} element
   * @param {Object} events Each is called with places of points: `pick` with all that a lasso or box holds, `open` with
   *   the one clicked on, `hover` with the one under the pointer, or null, and with the pointer's event.
   */
  constructor(element, events) {
    this.element = element;
    this.#events = events;
  }

  /** Draw the points as `view` says; see `makeTraces`. The part that is looked at stays. */
  async draw(points, view) {
    const Plotly = await plotly();
    const { traces, points: indices } = makeTraces(points, view);
    const first = this.#plotly === null;
    this.#plotly = Plotly;
    this.#points = points;
    this.#indices = indices;
    await Plotly.react(this.element, traces, this.#layout(points, view.ink), CONFIG);
    if (first) {
      this.#listen();
    }
  }

  #layout(points, ink) {
    const drawn = this.element._fullLayout;
    const axis = (name, values) => ({ visible: false, range: drawn?.[name].range ?? span(values) });
    return {
      xaxis: axis("xaxis", points.x),
      yaxis: { ...axis("yaxis", points.y), scaleanchor: "x" },
      margin: { l: 0, r: 0, t: 0, b: 0 },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      dragmode: this.#mode,
      hovermode: "closest",
      hoverdistance: 12,
      showlegend: false,
      newshape: {
        line: { color: ink, width: 2, dash: "dot" },
        fillcolor: `${ink}22`, // see-through
        opacity: 1,
        drawdirection: "diagonal",
      },
    };
  }

  /**
   * A lasso is a shape that is drawn and taken away again: Plotly's own would look for its points at each move of the
   * pointer, which takes half a second of 50,000.
   */
  #listen() {
    const place = ({ curveNumber, pointNumber }) => this.#indices[curveNumber][pointNumber];
    this.element.on("plotly_relayout", ({ shapes }) => {
      if (shapes?.length) {
        this.#plotly.relayout(this.element, { shapes: [] });
        this.#events.pick(within(shapes.at(-1), this.#points));
      }
    });
    this.element.on("plotly_hover", ({ points, event }) => {
      this.#under = place(points[0]);
      this.#events.hover(this.#under, event);
    });
    this.element.on("plotly_unhover", () => {
      this.#under = null;
      this.#events.hover(null);
    });
    // Not only the window's size changes its place, but also the filter's panel.
    new ResizeObserver(() => this.element.clientWidth && this.#plotly.Plots.resize(this.element)).observe(this.element);
    clicked(this.element, (event) => {
      const under = this.#under ?? this.#near(event);
      if (under !== null) {
        this.#events.open(under);
      }
    });
  }

  /** The point next to where a finger has tapped: a finger does not hover. */
  #near({ clientX, clientY }) {
    const frame = this.element.getBoundingClientRect();
    const { xaxis, yaxis } = this.element._fullLayout;
    const scale = (xaxis.range[1] - xaxis.range[0]) / frame.width; // the same of both axes
    const x = xaxis.range[0] + (clientX - frame.left) * scale;
    return nearest(this.#points, x, yaxis.range[1] - (clientY - frame.top) * scale, FINGER * scale);
  }

  /** What dragging does: `drawclosedpath` (a lasso), `drawrect` (a box) or `pan`. */
  set mode(mode) {
    this.#mode = mode;
    this.#plotly?.relayout(this.element, { dragmode: mode });
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

/** Call `action` when the pointer is pressed and let go at one place; Plotly says nothing of it while one draws. */
function clicked(element, action) {
  let from = null;
  element.addEventListener("pointerdown", (event) => (from = [event.clientX, event.clientY]), true);
  // Plotly takes the release to itself, at the window.
  addEventListener(
    "pointerup",
    (event) => {
      if (from !== null && Math.hypot(event.clientX - from[0], event.clientY - from[1]) < CLICK) {
        action(event);
      }
      from = null;
    },
    true,
  );
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
