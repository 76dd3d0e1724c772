/** Colours and shapes of classes on the map: told apart by people of any colour vision, and by shape besides. */

import { svg } from "../common/dom.js";

/** After Okabe and Ito; the one of them that a background swallows is changed for it. */
const LIGHT = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#5b3f95"];
const DARK = ["#56b4e9", "#e69f00", "#2bbf95", "#cc79a7", "#d55e00", "#f0e442", "#a78bfa"];
const SHAPES = ["circle", "square", "diamond", "triangle-up", "triangle-down", "cross", "hexagon"];
const OTHERS = { shape: "circle", light: "#767d8a", dark: "#8b94a4" };

/** Classes with a colour of their own; those after them share one. */
export const OWN = LIGHT.length;

/** Look of the class at `place`, the largest at 0: `{colour, shape}`. */
export function look(place, dark) {
  if (place >= OWN) {
    return { colour: dark ? OTHERS.dark : OTHERS.light, shape: OTHERS.shape };
  }
  return { colour: (dark ? DARK : LIGHT)[place], shape: SHAPES[place] };
}

/** Paths of the shapes in a box of 16 by 16, as the legend draws them. */
const PATHS = {
  circle: "M8 2a6 6 0 1 0 0 12a6 6 0 1 0 0-12z",
  square: "M3 3h10v10H3z",
  diamond: "M8 1l7 7-7 7-7-7z",
  "triangle-up": "M8 2l7 12H1z",
  "triangle-down": "M8 14L1 2h14z",
  cross: "M6 2h4v4h4v4h-4v4H6v-4H2V6h4z",
  hexagon: "M8 1l6 3.5v7L8 15l-6-3.5v-7z",
};

/** A mark for the legend, for the eye alone; that of an issue has a ring, of the colour `ring`. */
export function mark({ colour, shape }, ring = null) {
  const line = ring === null ? {} : { stroke: ring, "stroke-width": "2" };
  const path = svg("path", { d: PATHS[shape], fill: colour, ...line });
  return svg("svg", { viewBox: "0 0 16 16", width: "14", height: "14", "aria-hidden": "true" }, path);
}
