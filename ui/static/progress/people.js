/** The people who review: a row each, by day, and what the time that is left would reach. */

import { bdi, count, el, plural } from "../common/dom.js";
import { button, scroller, table } from "../common/parts.js";
import { store } from "../common/store.js";
import { decimal, percent } from "../common/words.js";
import { t, translated } from "../common/language.js";

/** The sentence on the budget is for at most so many hours. */
const HOURS = 2;
/** Minimum number of cards for a share. */
const FEW = 10;

/**
 * @param {Object} answer As the server sends it: everyone's figures to those who may settle conflicts, to others their own.
 * @param {Object} session
 */
export function drawPeople({ people, budgets, conflicts, adjudicated }, { role, reviewer }) {
  const leads = role !== "reviewer";
  const budget = budgets.filter(({ hours }) => hours <= HOURS).at(-1);
  return el(
    "section",
    { class: "pg-people", "aria-label": leads ? t("People") : t("Your figures") },
    el("h2", null, leads ? t("People") : t("Your figures")),
    budget && el("p", { class: "pg-lead" }, bdi(translated(budget.sentence))),
    leads && conflictLine(conflicts, adjudicated),
    qualification(people, reviewer),
    people.length > 0 && [figures(people), byDay(people)],
    leads && budgets.length > 0 && hours(budgets),
  );
}

function conflictLine(conflicts, adjudicated) {
  const figures = { rows: plural(conflicts, "row"), settled: plural(adjudicated, "row") };
  const words = adjudicated
    ? t("{rows} on which people differ; {settled} settled so far.", figures)
    : t("{rows} on which people differ.", figures);
  return conflicts + adjudicated === 0
    ? null
    : el(
        "p",
        { class: "pg-row pg-stop" },
        el("span", null, words),
        conflicts > 0 &&
          button(t("Settle conflicts"), () => store.openQueue({ conflict: "1" }, "queue", { sort: "suspicion" })),
      );
}

/** How many of the cards with known answers this reviewer judged as expected. */
function qualification(people, me) {
  const mine = people.find((person) => person.reviewer === me)?.qualification;
  return (
    mine &&
    el(
      "p",
      { class: "pg-row pg-stop" },
      el(
        "span",
        null,
        t("Of {cards} whose label is known, you chose the right label on {right}.", {
          cards: plural(mine.right.of, "card"),
          right: count(mine.right.count),
        }),
      ),
      mine.missed.length > 0 &&
        button(t("Look at the others"), () =>
          store.openQueue(new URLSearchParams(mine.missed.map((id) => ["ids", id]))),
        ),
    )
  );
}

/** A share of so many cards; of a few, the numbers alone. */
function share({ count: part, of }) {
  if (of < FEW) {
    return of ? t("{some} of {all}", { some: count(part), all: count(of) }) : "–";
  }
  return t("{share} of {all}", { share: percent(part / of), all: count(of) });
}

function figures(people) {
  const name = t("Figures of each person");
  const columns = [
    t("Reviewer"),
    t("Judged"),
    t("In bulk"),
    t("Per hour"),
    t("Median seconds"),
    t("Same as colleagues"),
    t("Same as before"),
    t("Took the suggestion"),
    t("Undone"),
    t("Known answers"),
  ];
  const rows = people.map((person) => [
    bdi(person.reviewer),
    count(person.judged),
    count(person.bulk),
    person.rate_per_hour === null ? "–" : count(Math.round(person.rate_per_hour)),
    decimal(person.median_seconds, 1),
    share(person.same),
    share(person.self_agreement),
    share(person.followed),
    count(person.undone),
    person.qualification ? share(person.qualification.right) : "–",
  ]);
  return scroller(name, table(name, columns, rows, [1, 2, 3, 4, 5, 6, 7, 8, 9]));
}

function byDay(people) {
  const days = [...new Set(people.flatMap((person) => person.days.map(({ day }) => day)))].sort().slice(-7);
  const name = t("Rows judged by day (UTC), and the minutes recorded");
  const cell = (person, day) => {
    const found = person.days.find((entry) => entry.day === day);
    return found
      ? t("{rows} · {minutes} min", { rows: count(found.judged), minutes: count(Math.round(found.minutes)) })
      : "·";
  };
  const rows = people.map((person) => [bdi(person.reviewer), ...days.map((day) => cell(person, day))]);
  return (
    days.length > 0 &&
    scroller(
      name,
      table(
        name,
        [t("Reviewer"), ...days.map((day) => el("span", { class: "pg-day" }, day))],
        rows,
        days.map((_, at) => at + 1),
      ),
    )
  );
}

function hours(budgets) {
  const name = t("Time budget");
  const rows = budgets.map(({ hours: some, rows: number, share: part }) => [
    plural(some, "hour"),
    count(number),
    percent(part),
  ]);
  const columns = [t("Time"), t("Rows"), t("Of the errors expected by the models’ suspicion")];
  return scroller(name, table(name, columns, rows, [1, 2]));
}
