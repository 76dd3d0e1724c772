/** The people who review: a row each, by day, and what the time that is left would reach. */

import { bdi, count, el, plural } from "../common/dom.js";
import { button, scroller, table } from "../common/parts.js";
import { store } from "../common/store.js";
import { decimal, percent } from "../common/words.js";

/** The longest time whose budget is said in a sentence. */
const HOURS = 2;

/**
 * @param {Object} answer As the server sends it: everyone's figures to those who may settle conflicts, to others their own.
 * @param {Object} session
 */
export function drawPeople({ people, budgets, conflicts, adjudicated }, { role, reviewer }) {
  const leads = role !== "reviewer";
  const budget = budgets.filter(({ hours }) => hours <= HOURS).at(-1);
  return el(
    "section",
    { class: "pg-people", "aria-label": leads ? "People" : "Your figures" },
    el("h2", null, leads ? "People" : "Your figures"),
    budget && el("p", { class: "pg-lead" }, bdi(budget.sentence)),
    leads && conflictLine(conflicts, adjudicated),
    known(people, reviewer),
    people.length > 0 && [figures(people), byDay(people)],
    leads && budgets.length > 0 && hours(budgets),
  );
}

function conflictLine(conflicts, adjudicated) {
  const settled = adjudicated ? `; ${plural(adjudicated, "row")} settled so far` : "";
  return conflicts + adjudicated === 0
    ? null
    : el(
        "p",
        { class: "pg-row pg-stop" },
        el("span", null, `${plural(conflicts, "row")} on which people differ${settled}.`),
        conflicts > 0 && button("Settle conflicts", () => store.openQueue({ conflict: "1" }, "queue", { sort: "suspicion" })),
      );
}

/** How this reviewer did on the cards whose answers are known. */
function known(people, me) {
  const mine = people.find((one) => one.reviewer === me)?.qualification;
  return (
    mine &&
    el(
      "p",
      { class: "pg-row pg-stop" },
      el("span", null, `Of ${plural(mine.right.of, "card")} whose answer is known, you chose it on ${count(mine.right.count)}.`),
      mine.missed.length > 0 && button("Look at the others", () => store.openQueue(new URLSearchParams(mine.missed.map((id) => ["ids", id])))),
    )
  );
}

const share = ({ count: part, of }) => (of ? `${percent(part / of)} of ${count(of)}` : "–");

function figures(people) {
  const name = "Figures of each person";
  const columns = [
    "Reviewer",
    "Judged",
    "In bulk",
    "An hour",
    "Median seconds",
    "As colleagues",
    "As before",
    "Took the suggestion",
    "Undone",
    "Known answers",
  ];
  const rows = people.map((one) => [
    bdi(one.reviewer),
    count(one.judged),
    count(one.bulk),
    one.rate_per_hour === null ? "–" : count(Math.round(one.rate_per_hour)),
    decimal(one.median_seconds, 1),
    share(one.same),
    share(one.self_agreement),
    share(one.followed),
    count(one.undone),
    one.qualification ? share(one.qualification.right) : "–",
  ]);
  return scroller(name, table(name, columns, rows, [1, 2, 3, 4, 5, 6, 7, 8, 9]));
}

function byDay(people) {
  const days = [...new Set(people.flatMap((one) => one.days.map(({ day }) => day)))].sort().slice(-7);
  const name = "Rows judged by day (UTC), and the minutes recorded";
  const cell = (one, day) => {
    const found = one.days.find((entry) => entry.day === day);
    return found ? `${count(found.judged)} · ${count(Math.round(found.minutes))} min` : "·";
  };
  const rows = people.map((one) => [bdi(one.reviewer), ...days.map((day) => cell(one, day))]);
  return days.length > 0 && scroller(name, table(name, ["Reviewer", ...days.map((day) => el("span", { class: "pg-day" }, day))], rows, days.map((_, at) => at + 1)));
}

function hours(budgets) {
  const name = "Time budget";
  const rows = budgets.map(({ hours: some, rows: number, share: part }) => [plural(some, "hour"), count(number), percent(part)]);
  const columns = ["Time", "Rows", "Of the errors expected by the models’ suspicion"];
  return scroller(name, table(name, columns, rows, [1, 2]));
}
