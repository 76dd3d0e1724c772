/**
 * The map's points as Plotly's traces.
 *
 * Points of one look stand in one trace, so that no look is kept a point, and 50,000 are drawn at once. Plotly is given
 * numbers and our own colours alone: it would take labels and texts for HTML.
 */

import { look, OWN } from "./palette.js";

const FAINT = 0.25;
/** Diameters in pixels; of many issues, large ones would hide each other. */
const LARGE = { faint: 4, plain: 6, issue: 10 };
const SMALL = { faint: 3, plain: 5, issue: 7 };
const MANY = 600;

/**
 * @param {Object} points The server's: `{rows, x, y, given, suggested, issue, found}`, arrays of N.
 * @param {Object} view
 * @param {number[]} view.codes (N) code of the label that colours each point.
 * @param {number[]} view.ranked Codes by size, the largest first.
 * @param {number|null} view.alone Code of the one class that is shown; null for all.
 * @param {boolean} view.dark
 * @param {string} view.ink Colour of the ring around issues.
 * @param {string} view.faint Colour of what is not found.
 * @returns {{traces: Object[], points: Int32Array[]}} And for each trace which points it draws.
 */
export function makeTraces(points, { codes, ranked, alone, dark, ink, faint }) {
  const place = new Map(ranked.map((code, index) => [code, Math.min(index, OWN)]));
  const shown = (index) => points.found[index] && (alone === null || codes[index] === alone);
  // What is drawn later lies above: first what is not shown, then the looks from the shared one to the largest class's,
  // and the issues in the same order.
  const bucketOf = (index) => {
    const depth = OWN - (place.get(codes[index]) ?? OWN);
    return shown(index) ? 1 + depth + (points.issue[index] ? OWN + 1 : 0) : 0;
  };
  const buckets = Array.from({ length: 1 + 2 * (OWN + 1) }, () => []);
  let issues = 0;
  for (let index = 0; index < points.x.length; index += 1) {
    const bucket = bucketOf(index);
    buckets[bucket].push(index);
    issues += Number(bucket > OWN + 1);
  }
  const sizes = issues > MANY ? SMALL : LARGE;
  const marker = (bucket) => {
    if (bucket === 0) {
      return { color: faint, symbol: "circle", size: sizes.faint, opacity: FAINT };
    }
    const isIssue = bucket > OWN + 1;
    const { colour, shape } = look(OWN - ((bucket - 1) % (OWN + 1)), dark);
    const looks = isIssue ? { size: sizes.issue, opacity: 1 } : { size: sizes.plain, opacity: 0.75 };
    return { color: colour, symbol: shape, ...looks, line: { color: ink, width: isIssue ? 1.5 : 0 } };
  };
  const indices = buckets.map((bucket) => Int32Array.from(bucket));
  const traces = indices.map((bucket, number) => ({
    type: "scattergl",
    mode: "markers",
    x: Float32Array.from(bucket, (index) => points.x[index]),
    y: Float32Array.from(bucket, (index) => points.y[index]),
    marker: marker(number),
    hoverinfo: "none", // our own says it, as text
    showlegend: false,
  }));
  return { traces, points: indices };
}

/** Codes of the points, the most frequent first. */
export function ranking(codes) {
  const rows = new Map();
  for (const code of codes) {
    rows.set(code, (rows.get(code) ?? 0) + 1);
  }
  return [...rows].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
}
