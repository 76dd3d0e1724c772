/** Points of the map by where they are: within a drawn shape, or near a place. */

/**
 * The points that a shape holds.
 *
 * @param {{type: string, path?: string}} shape One that Plotly let be drawn, in the points' coordinates: `rect` or `path`.
 * @param {{x: number[], y: number[]}} points
 * @returns {number[]} Places of those within.
 */
export function within(shape, { x, y }) {
  const corners = shape.type === "rect" ? rectangle(shape) : path(shape.path);
  const [least, most] = [Math.min, Math.max].map((end) =>
    [0, 1].map((axis) => end(...corners.map((corner) => corner[axis]))),
  );
  const found = [];
  for (let place = 0; place < x.length; place += 1) {
    const near = x[place] >= least[0] && x[place] <= most[0] && y[place] >= least[1] && y[place] <= most[1];
    if (near && inside(corners, x[place], y[place])) {
      found.push(place);
    }
  }
  return found;
}

function rectangle({ x0, x1, y0, y1 }) {
  return [
    [x0, y0],
    [x1, y0],
    [x1, y1],
    [x0, y1],
  ];
}

/** Corners of `M1,2L3,4L5,6Z`. */
function path(text) {
  return text.match(/[^MLZ]+/g).map((corner) => corner.split(",").map(Number));
}

/** A line from the point to the right crosses the outline an odd number of times. */
function inside(corners, x, y) {
  let odd = false;
  let [fromX, fromY] = corners.at(-1);
  for (const [toX, toY] of corners) {
    if (fromY > y !== toY > y && x < fromX + ((y - fromY) / (toY - fromY)) * (toX - fromX)) {
      odd = !odd;
    }
    [fromX, fromY] = [toX, toY];
  }
  return odd;
}

/** Place of the point nearest to (`x`, `y`), no farther than `reach`; null if there is none. */
export function nearest({ x: xs, y: ys }, x, y, reach) {
  let [best, least] = [null, reach];
  for (let place = 0; place < xs.length; place += 1) {
    const far = Math.hypot(xs[place] - x, ys[place] - y);
    if (far <= least) {
      [best, least] = [place, far];
    }
  }
  return best;
}
