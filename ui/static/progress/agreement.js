/** How far the people who judged the same rows agree. */

import { bdi, count, el, plural } from "../common/dom.js";
import { change, label, scroller, table } from "../common/parts.js";
import { decimal, percent } from "../common/words.js";

const MOST = 50;

/** @param {Object} found As the server sends it. */
export function drawAgreement(found) {
  return el(
    "section",
    { class: "pg-agreement", "aria-label": "Agreement of the people" },
    el("h2", null, "Agreement of the people"),
    el("p", { class: "pg-lead" }, bdi(found.sentence)),
    found.same.of > 0 && el("p", { class: "au-muted" }, found.meaning),
    found.same.of > 0 && el("div", { class: "pg-columns" }, people(found), parts("Given label", found.by_class), changes(found), days(found)),
  );
}

function people({ by_people: pairs }) {
  const name = "Agreement of every two people";
  const rows = pairs
    .slice(0, MOST)
    .map(({ first, second, same, kappa }) => [
      [bdi(first), ", ", bdi(second)],
      count(same.of),
      percent(same.count / same.of),
      decimal(kappa),
    ]);
  if (pairs.length > MOST) {
    rows.push([`${plural(pairs.length - MOST, "more pair")}`, "", "", ""]);
  }
  return scroller(name, table(name, ["People", "Rows", "The same", "Cohen’s κ"], rows, [1, 2, 3]));
}

function parts(head, found) {
  const name = `Agreement by ${head.toLowerCase()}`;
  const rows = found.map((part) => [
    head === "Day" ? el("span", { class: "pg-day" }, part.name) : label(part.name),
    count(part.same.of),
    percent(part.same.count / part.same.of),
    alpha(part.alpha),
  ]);
  return scroller(name, table(name, [head, "Rows", "All the same", "α (95 %)"], rows, [1, 2, 3]));
}

const days = ({ by_day: found }) => found.length > 1 && parts("Day", found);

function changes({ by_change: found }) {
  const name = "Agreement on each new label";
  const rows = found.slice(0, MOST).map((one) => [change(one.given, one.new), count(one.rows), percent(one.same)]);
  const columns = ["Given → new", "Rows", "The same from another person"];
  return rows.length > 0 && scroller(name, table(name, columns, rows, [1, 2]));
}

/** `0.71 (0.60 to 0.81)`, rounded outwards. */
function alpha(found) {
  if (!found) {
    return "not enough";
  }
  const ends = `(${decimal(Math.floor(100 * found.low) / 100)} to ${decimal(Math.ceil(100 * found.high) / 100)})`;
  return `${decimal(found.value)} ${found.low === null ? "" : ends}`;
}
