/** Progress: how many rows are decided, how fast, and what the decisions show so far. */

import { get } from "../common/api.js";
import { count, el, plural, replace } from "../common/dom.js";
import { live } from "../common/live.js";
import { bar, change, label, scroller, table } from "../common/parts.js";
import { percent, verdictName } from "../common/words.js";
import { drawAgreement } from "./agreement.js";
import { drawEstimate } from "./estimate.js";
import { drawPeople } from "./people.js";
import { t } from "../common/language.js";

const EVERY = 5000;
const MOST_PAIRS = 30;

export function mount(element, session) {
  const body = el("div", { class: "pg-progress" });
  element.append(body);
  live(element, {
    key: () => "", // of the whole run, whatever the filter
    ask: (signal) => get("progress", {}, { signal }),
    draw: (answer) => {
      const scrolled = [...body.querySelectorAll(".au-scroll")].map((box) => box.scrollLeft);
      const focused = [...body.querySelectorAll(".au-scroll")].indexOf(
        /** @type {HTMLElement} */ (document.activeElement),
      );
      const open = [...body.querySelectorAll("details")].map((details) => details.open);
      replace(
        body,
        drawEstimate(answer.estimate),
        tiles(answer),
        whole(answer),
        stale(answer),
        drawPeople(answer, session),
        drawAgreement(answer.agreement_of_people),
        tables(answer),
      );
      body.querySelectorAll("details").forEach((details, index) => (details.open = open[index] ?? false));
      const boxes = [...body.querySelectorAll(".au-scroll")];
      boxes.forEach((box, index) => (box.scrollLeft = scrolled[index] ?? 0));
      boxes[focused]?.focus();
    },
    every: EVERY,
  });
}

function tiles(answer) {
  const { followed, of } = answer.agreement;
  const { rows, agree, tied } = answer.together;
  const singly = of
    ? t("{some} of {all} kept or relabelled", { some: count(followed), all: count(of) })
    : t("of those kept or relabelled");
  const figures = [
    [
      t("Flagged rows decided"),
      count(answer.issues_decided),
      t("{rows} decided in all", { rows: plural(answer.decided, "row") }),
    ],
    [t("Flagged rows left"), count(answer.issues_left), t("{rows} left in all", { rows: plural(answer.left, "row") })],
    [t("Per hour"), rate(answer.rate_per_hour), t("decisions, by all who review now")],
    [t("Time left"), duration(answer.seconds_left), t("for the flagged rows, at this rate")],
    [t("Took the suggestion"), of ? percent(followed / of) : "–", singly],
    [
      t("All agree"),
      rows ? t("{some} of {all}", { some: count(agree), all: count(rows) }) : "–",
      rows
        ? t("rows that several people judged; {ties}", { ties: tied ? plural(tied, "tie") : t("no tie") })
        : t("no row was judged by several people"),
    ],
  ];
  const tile = (/** @type {any[]} */ [name, value, more]) =>
    el("div", { class: "pg-tile" }, el("dt", null, name), el("dd", null, value), el("dd", { class: "au-muted" }, more));
  return el("dl", { class: "pg-tiles" }, figures.map(tile));
}

const rate = (number) => (number === null ? "–" : count(Math.round(number)));

function whole({ issues_decided: decided, issues_left: left }) {
  const all = decided + left;
  const words =
    all && t("{share} of {rows} decided", { share: percent(decided / all), rows: plural(all, "flagged row") });
  return all > 0 && el("div", { class: "pg-whole" }, bar(decided / all), el("p", { class: "au-muted" }, words));
}

function stale({ stale: number }) {
  const words = t("{decisions} on rows whose text or label has changed since: not counted here.", {
    decisions: plural(number, "decision"),
  });
  return number > 0 && el("p", { class: "pg-problem" }, words);
}

/** `3 h 20 min`, of seconds. */
function duration(seconds) {
  if (seconds === null) {
    return "–";
  }
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 60) {
    return t("{minutes} min", { minutes });
  }
  const hours = Math.floor(minutes / 60);
  return hours < 48
    ? t("{hours} h {minutes} min", { hours, minutes: minutes % 60 })
    : t("{days} days", { days: count(Math.round(hours / 24)) });
}

function tables(answer) {
  if (!answer.decided) {
    return el("p", { class: "au-muted" }, t("Nothing is decided yet. The first verdicts will be counted here."));
  }
  return el("div", { class: "pg-tables" }, [
    byVerdict(answer.by_verdict),
    byPair(answer.by_pair),
    byClass(
      answer.by_verdict.map(({ verdict }) => verdict),
      answer.by_class,
    ),
  ]);
}

function barred(number, most, kind) {
  return [el("span", { class: "pg-number" }, count(number)), bar(number / most, kind)];
}

function byVerdict(counts) {
  const most = Math.max(...counts.map((verdict) => verdict.count));
  const rows = counts.map(({ verdict, count: number }) => [verdictName(verdict), barred(number, most)]);
  return scroller(t("Verdicts"), table(t("Verdicts"), [t("Verdict"), t("Rows")], rows));
}

function byPair(pairs) {
  const shown = pairs.slice(0, MOST_PAIRS);
  const most = Math.max(...shown.map((pair) => pair.count));
  const rows = shown.map(({ given, to, count: number }) => [change(given, to), barred(number, most, "differ")]);
  const rest = pairs.slice(MOST_PAIRS).reduce((sum, pair) => sum + pair.count, 0);
  if (rest) {
    rows.push([t("{number} more pairs", { number: count(pairs.length - shown.length) }), count(rest)]);
  }
  return rows.length
    ? scroller(t("Labels changed"), table(t("Labels changed"), [t("Given → new"), t("Rows")], rows))
    : null;
}

function byClass(outcomes, classes) {
  const all = (row) => outcomes.reduce((sum, verdict) => sum + row[verdict], 0);
  const most = Math.max(...classes.map(all));
  const shown = classes.filter(all).sort((a, b) => all(b) - all(a));
  const numbers = (row) => outcomes.map((verdict) => (row[verdict] ? count(row[verdict]) : "·"));
  const rows = shown.map((row) => [label(row.label), barred(all(row), most), ...numbers(row)]);
  const columns = [t("Given label"), t("Rows"), ...outcomes.map(verdictName)];
  const caption = t("Verdicts by given label");
  return scroller(
    caption,
    table(
      caption,
      columns,
      rows,
      outcomes.map((_, at) => at + 2),
    ),
  );
}
