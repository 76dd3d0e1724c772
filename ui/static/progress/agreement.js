/** How far the people who judged the same rows agree. */

import { bdi, count, el, plural } from "../common/dom.js";
import { change, label, scroller, table } from "../common/parts.js";
import { decimal, percent } from "../common/words.js";
import { t, translated } from "../common/language.js";

const MOST = 50;
/** Minimum number of rows for a share. */
const FEW = 10;

/** @param {Object} found As the server sends it. */
export function drawAgreement(found) {
  return el(
    "section",
    { class: "pg-agreement", "aria-label": t("Agreement between reviewers") },
    el("h2", null, t("Agreement between reviewers")),
    el("p", { class: "pg-lead" }, bdi(translated(found.sentence))),
    found.same.of > 0 && el("p", { class: "au-muted" }, translated(found.meaning)),
    found.same.of > 0 && el("div", { class: "pg-columns" }, people(found), classes(found), changes(found), days(found)),
  );
}

function people({ by_people: pairs }) {
  const name = t("Agreement by pair of reviewers");
  const rows = pairs
    .slice(0, MOST)
    .map(({ first, second, same, kappa }) => [
      [bdi(first), t(", "), bdi(second)],
      count(same.of),
      agreed(same),
      kappa === null && same.of < FEW ? t("not enough") : decimal(kappa),
    ]);
  if (pairs.length > MOST) {
    rows.push([plural(pairs.length - MOST, "more pair"), "", "", ""]);
  }
  return scroller(name, table(name, [t("People"), t("Rows"), t("The same"), t("Cohen’s κ")], rows, [1, 2, 3]));
}

const agreed = ({ count: same, of }) =>
  of < FEW ? t("{some} of {all}", { some: count(same), all: count(of) }) : percent(same / of);

const classes = ({ by_class: found }) => parts(t("Agreement by given label"), t("Given label"), found, label);

function parts(name, head, found, named) {
  const rows = found.map((part) => [named(part.name), count(part.same.of), agreed(part.same), alpha(part.alpha)]);
  return scroller(name, table(name, [head, t("Rows"), t("All agree"), t("α (95 %)")], rows, [1, 2, 3]));
}

const day = (name) => el("span", { class: "pg-day" }, name);
const days = ({ by_day: found }) => found.length > 1 && parts(t("Agreement by day"), t("Day"), found, day);

function changes({ by_change: found }) {
  const name = t("Agreement on each new label");
  const rows = found
    .slice(0, MOST)
    .map(({ given, new: chosen, rows: some, same }) => [
      change(given, chosen),
      count(some),
      same === null ? t("not enough") : percent(same),
    ]);
  const columns = [t("Given → new"), t("Rows"), t("Same label from another reviewer")];
  return rows.length > 0 && scroller(name, table(name, columns, rows, [1, 2]));
}

/** `0.71 (0.60 to 0.81)`, rounded outwards. */
function alpha(found) {
  if (!found) {
    return t("not enough");
  }
  const [low, high] = [decimal(Math.floor(100 * found.low) / 100), decimal(Math.ceil(100 * found.high) / 100)];
  const ends = found.low === null ? "" : t("({low} to {high})", { low, high });
  return `${decimal(found.value)} ${ends}`;
}
