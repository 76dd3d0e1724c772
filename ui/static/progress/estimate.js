/** How many labels are wrong: the sentence that Progress opens with, whether one can stop, and how far to trust that. */

import { bdi, count, el, plural } from "../common/dom.js";
import { button, label, scroller, table } from "../common/parts.js";
import { store } from "../common/store.js";
import { atLeast, ends95, percent, points } from "../common/words.js";
import { trail } from "./trail.js";
import { t, translated } from "../common/language.js";

/** Minimum number of cards for a share. */
const FEW = 10;
/** Number of blind cards that the outlook is for. */
const OUTLOOK = 100;
const NOT_ENOUGH = t("not enough yet");
const BLIND = t(
  "Blind cards are drawn at random from the rows that nobody has judged, and hide what the models say until you decide or ask for it: they tell how many labels are wrong.",
);

/** @param {Object} estimate As the server sends it. */
export function drawEstimate(estimate) {
  return el(
    "section",
    { class: "pg-estimate", "aria-label": t("How many labels are wrong") },
    el("p", { class: estimate.drifted ? "pg-sentence pg-problem" : "pg-sentence" }, translated(estimate.sentence)),
    estimate.details.map((line) => el("p", { class: "au-muted" }, translated(line))),
    el("p", { class: "au-muted" }, translated(estimate.meaning), " ", BLIND),
    el("div", { class: "pg-row pg-stop" }, stopRule(estimate), sample(estimate)),
    trail(estimate),
    plans(estimate),
    reviewers(estimate),
    parts(estimate),
  );
}

/** The stop rule in one line. */
function stopRule({ stop, rows, judged, rate, plan }) {
  const unread = rows - judged;
  if (unread === 0) {
    return el("p", null, t("Nothing is left to read."));
  }
  if (!rate || !stop) {
    return el("p", null, outlook(plan));
  }
  if (!stop.interval_holds) {
    return el("p", null, t("It is not known yet whether you can stop."));
  }
  const left = t("{number} of the {rows}", { number: count(stop.left_at_most), rows: plural(unread, "unread row") });
  if (stop.left_at_most <= stop.left_allowed) {
    return el(
      "p",
      null,
      el("strong", null, t("You can stop: ")),
      t("few enough wrong labels are left, at most {left} (95\u202f%).", { left }),
    );
  }
  if (stop.found_at_least >= stop.found_wanted) {
    const found = t("at least {share} of the wrong labels have been found (95\u202f%).", {
      share: atLeast(stop.found_at_least),
    });
    return el("p", null, el("strong", null, t("You can stop: ")), found);
  }
  const goal = { left, allowed: count(Math.floor(stop.left_allowed)), wanted: percent(stop.found_wanted) };
  const rest = t(
    "up to {left} may be wrong (95\u202f%). To stop, that must be at most {allowed}, or {wanted} must have been found.",
    goal,
  );
  return el("p", null, el("strong", null, t("Not yet: ")), rest);
}

function outlook(plan) {
  const planned = plan.find(({ cards }) => cards >= OUTLOOK) ?? plan.at(-1);
  if (!planned) {
    return null;
  }
  const [low, high] = planned.rate;
  return t(
    "{cards} (about {minutes}) would show the share of wrong labels to within about {within} points if 5\u202f% are wrong; if no card is wrong, at most {most}\u202f% are.",
    {
      cards: plural(planned.cards, "blind card"),
      minutes: minutes(planned),
      within: points((high - low) / 2),
      most: points(planned.certified),
    },
  );
}

const minutes = (plan) => plural(Math.max(1, Math.round(plan.minutes)), "minute");

function sample({ rows, judged }) {
  return rows > judged && button(t("Can I stop? Read a closing sample"), () => store.readClosingSample(true));
}

/** The precision that more blind cards would bring, before the first one is read. */
function plans({ rate, plan }) {
  if (rate || !plan.length) {
    return null;
  }
  const rows = plan.map(({ rate: [low, high], ...planned }) => [
    count(planned.cards),
    minutes(planned),
    ends95({ low, high }),
    points(planned.certified),
  ]);
  const columns = [t("Blind cards"), t("Reading"), t("% wrong, if 5 % are"), t("% wrong at most, if no card is wrong")];
  return fold(t("What blind cards would show"), table("", columns, rows, [1, 2, 3]));
}

const fold = (title, content) => el("details", null, el("summary", null, title), scroller(title, content));

// -- how far to trust it ---------------------------------------------------------------------------------------------

function reviewers({ reviewers: found, rate }) {
  const { self_agreement: own, second_look: second, anchoring, heads } = found;
  const measured = [own, second, anchoring.first, anchoring.second, heads.first, heads.second].some(({ of }) => of > 0);
  if (!rate && !measured) {
    return null;
  }
  const rows = [
    [t("Same verdict when the same person reads a card again"), ...agreement(own)],
    [t("Same verdict when a second person reads a blind card"), ...agreement(second)],
    [t("Labels rejected more often when the suggestion is shown"), ...difference(anchoring, t("shown"), t("hidden"))],
    [
      t("Wrong labels per card: learnt order minus static order, adjusted to the same set of cards"),
      ...difference(heads, t("learnt"), t("static")),
    ],
  ];
  if (found.hint) {
    const { ranked, blind } = found.hint;
    rows.push([
      t("A hint: wrong labels among the last ranked cards, and among blind ones"),
      t("{first} and {second}", { first: agreement(ranked)[0], second: agreement(blind)[0] }),
      t("{ranked} ranked cards, {blind} blind", { ranked: count(ranked.of), blind: count(blind.of) }),
    ]);
  }
  const title = t("How far the reviewers can be relied on");
  return scroller(title, table(title, [t("Measure"), t("Value (95 %)"), t("From")], rows));
}

function agreement({ count: same, of, low, high }) {
  const by = t("{some} of {all}", { some: count(same), all: plural(of, "card") });
  const range = { share: percent(same / of), low: Math.floor(100 * low), high: Math.ceil(100 * high) };
  return of < FEW ? [NOT_ENOUGH, by] : [t("{share} ({low} to {high})", range), by];
}

function difference({ first, second, low, high, value }, firstName, secondName) {
  const side = ({ count: some, of }, name) => t("{some} of {all} {name}", { some: count(some), all: count(of), name });
  const by = [side(first, firstName), side(second, secondName)].join(t(", "));
  if (Math.min(first.of, second.of) < FEW) {
    return [NOT_ENOUGH, by];
  }
  const change = value ?? first.count / first.of - second.count / second.of;
  const ends = { low: signed(Math.floor(100 * low) / 100), high: signed(Math.ceil(100 * high) / 100) };
  return [t("{change} points ({low} to {high})", { change: signed(change), ...ends }), by];
}

const whole = (share) => Math.round(100 * share);

/** `+3`, `−4`, `0`. */
const signed = (share) => (whole(share) > 0 ? `+${whole(share)}` : whole(share) < 0 ? `−${-whole(share)}` : "0");

/** A share of wrong labels, of which only the interval may be known. */
function share(rate) {
  if (!rate) {
    return t("not enough");
  }
  const range = ends95(rate);
  return rate.value === null ? range : t("{share} ({range})", { share: points(rate.value), range });
}

function parts({ by_class: classes, by_split: splits, rate }) {
  const shown = [
    [t("Given label"), t("Wrong labels by given label"), classes],
    [t("Split"), t("Wrong labels by split"), splits],
  ].filter(([, , found]) => rate && found.length);
  return shown.map(([name, title, found]) => {
    const rows = found.map((part) => [
      classes === found ? label(part.name) : bdi(part.name),
      count(part.rows),
      count(part.judged),
      count(part.found),
      count(part.blind),
      share(part.rate),
    ]);
    const columns = [name, t("Rows"), t("Judged"), t("Wrong found"), t("Blind cards"), t("% wrong (each 95 % alone)")];
    const box = scroller(title, table(title, columns, rows, [1, 2, 3, 4, 5]));
    box.classList.add("pg-parts");
    return box;
  });
}
