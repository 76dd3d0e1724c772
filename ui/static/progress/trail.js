/** The interval narrowing with each blind card: a drawing, and the same as a table. */

import { count, el, plural, svg } from "../common/dom.js";
import { scroller, table } from "../common/parts.js";
import { ends95, percentOf, points } from "../common/words.js";
import { t } from "../common/language.js";

const WIDTH = 640;
const HEIGHT = 200;
const EDGE = { left: 48, right: 12, top: 10, bottom: 34 };
const STEPS = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5];
/** The first intervals are wide: what is drawn ends at so many times the last one's upper end. */
const TIMES = 3;
const LINES = 12;

/** @param {{trail: Array[], rate: Object|null}} estimate `trail`: blind cards, and both ends of the interval after them. */
export function trail({ trail: points_, rate }) {
  if (!rate || points_.length < 2) {
    return null;
  }
  const [cards, low, high] = points_.at(-1);
  const title = t("How the interval has narrowed");
  const values = { cards: plural(cards, "blind card"), range: ends95({ low, high }) };
  const text = t("After {cards}, {range} per cent of the labels are wrong (95\u202f%).", values);
  return el(
    "figure",
    { class: "pg-trail" },
    el("figcaption", null, title),
    drawing(points_, rate, title, text),
    el("details", null, el("summary", null, t("The same as a table")), asTable(points_, title)),
  );
}

function asTable(all, title) {
  const every = Math.ceil(all.length / LINES);
  const some = all.filter((_, at) => (all.length - 1 - at) % every === 0);
  const rows = some.map(([cards, low, high]) => [count(cards), ends95({ low, high })]);
  return scroller(title, table("", [t("Blind cards"), t("% wrong (95 %)")], rows, [1]));
}

function drawing(all, rate, title, text) {
  const [last, , high] = all.at(-1);
  const step = STEPS.find((size) => TIMES * high <= 5 * size) ?? STEPS.at(-1);
  const top = Math.min(1, step * Math.ceil((TIMES * high) / step));
  const x = (cards) => EDGE.left + ((WIDTH - EDGE.left - EDGE.right) * cards) / last;
  const y = (share) => HEIGHT - EDGE.bottom - (HEIGHT - EDGE.top - EDGE.bottom) * Math.min(1, share / top);
  const at = (share) => (point) => `${x(point[0]).toFixed(1)},${y(point[share]).toFixed(1)}`;
  const [lows, highs] = [all.map(at(1)), all.map(at(2))];
  const grid = Array.from({ length: Math.floor(top / step + 1e-9) + 1 }, (_, number) => number * step);
  return svg(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-labelledby": "pg-trail-title pg-trail-text" },
    svg("title", { id: "pg-trail-title" }, title),
    svg("desc", { id: "pg-trail-text" }, text),
    grid.map((share) => [
      svg("line", { class: "pg-grid", x1: EDGE.left, x2: WIDTH - EDGE.right, y1: y(share), y2: y(share) }),
      svg("text", { x: EDGE.left - 8, y: y(share) + 4, "text-anchor": "end" }, percentOf(tidy(share))),
    ]),
    svg("polygon", { class: "pg-band", points: [...highs, ...lows.toReversed()].join(" ") }),
    svg("polyline", { class: "pg-edge", points: highs.join(" ") }),
    svg("polyline", { class: "pg-edge", points: lows.join(" ") }),
    rate.value !== null && svg("circle", { class: "pg-now", cx: x(last), cy: y(rate.value), r: 4 }),
    svg("text", { x: x(all[0][0]), y: HEIGHT - 10 }, count(all[0][0])),
    svg("text", { x: WIDTH - EDGE.right, y: HEIGHT - 10, "text-anchor": "end" }, plural(last, "blind card")),
  );
}

/** `2.5`, `10`. */
const tidy = (share) => points(share).replace(/\.0$/, "");
