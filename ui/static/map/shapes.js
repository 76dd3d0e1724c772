/** Points of the map by where they are: within an outline, or near a place. */

/**
 * The points that an outline holds.
 *
 * @param {Array<[number, number]>} corners In the points' coordinates; the last is joined to the first.
 * @param {{x: number[], y: number[]}} points
 * @returns {number[]} Places of those within.
 */
export function within(corners, { x, y }) {
  const [least, most] = [Math.min, Math.max].map((end) =>
    [0, 1].map((axis) => corners.map((corner) => corner[axis]).reduce((best, other) => end(best, other))),
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
