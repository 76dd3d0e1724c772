/** How many labels are wrong: the sentence that Progress opens with, whether one can stop, and how far to trust that. */

import { bdi, count, el, plural } from "../common/dom.js";
import { button, scroller, table } from "../common/parts.js";
import { store } from "../common/store.js";
import { atLeast, ends95, percent, points } from "../common/words.js";
import { trail } from "./trail.js";

/** Cards below which nothing is said of a share. */
const FEW = 10;
/** Cards that an outlook is told for. */
const OUTLOOK = 100;
const NOT_ENOUGH = "not enough yet";
const BLIND =
  "Blind cards are drawn at random from the rows that nobody has judged, and hide what the models say until you " +
  "decide or ask for it: they tell how many labels are wrong.";

/** @param {Object} estimate As the server sends it. */
export function drawEstimate(estimate) {
  return el(
    "section",
    { class: "pg-estimate", "aria-label": "How many labels are wrong" },
    el("p", { class: estimate.drifted ? "pg-sentence pg-problem" : "pg-sentence" }, estimate.sentence),
    estimate.details.map((line) => el("p", { class: "au-muted" }, line)),
    el("p", { class: "au-muted" }, estimate.meaning, " ", BLIND),
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
    return el("p", null, "Nothing is left to read.");
  }
  if (!rate || !stop) {
    return el("p", null, outlook(plan));
  }
  if (!stop.holds) {
    return el("p", null, "Whether you can stop cannot be told.");
  }
  const left = `${count(stop.left_at_most)} of the ${plural(unread, "unread row")}`;
  if (stop.left_at_most <= stop.left_allowed) {
    return el("p", null, el("strong", null, "You can stop: "), `few enough wrong labels are left, at most ${left} (95\u202f%).`);
  }
  if (stop.found_at_least >= stop.found_wanted) {
    const found = `at least ${atLeast(stop.found_at_least)} of the wrong labels have been found (95\u202f%).`;
    return el("p", null, el("strong", null, "You can stop: "), found);
  }
  const goal = `${count(Math.floor(stop.left_allowed))}, or ${percent(stop.found_wanted)} must have been found`;
  return el("p", null, el("strong", null, "Not yet: "), `up to ${left} may be wrong (95\u202f%). To stop, that must be at most ${goal}.`);
}

function outlook(plan) {
  const one = plan.find(({ cards }) => cards >= OUTLOOK) ?? plan.at(-1);
  if (!one) {
    return null;
  }
  const [low, high] = one.rate;
  const within = `to within some ${points((high - low) / 2)} points if 5\u202f% are wrong`;
  const clean = `if none of them is, at most ${points(one.certified)}\u202f% can be`;
  return `${plural(one.cards, "blind card")} (some ${minutes(one)}) would tell it ${within}; ${clean}.`;
}

const minutes = (plan) => plural(Math.max(1, Math.round(plan.minutes)), "minute");

function sample({ rows, judged }) {
  return rows > judged && button("Can I stop? Read a closing sample", () => store.readClosingSample(true));
}

/** What more blind cards would tell, before the first one is read. */
function plans({ rate, plan }) {
  if (rate || !plan.length) {
    return null;
  }
  const rows = plan.map(({ rate: [low, high], ...one }) => [
    count(one.cards),
    minutes(one),
    ends95({ low, high }),
    points(one.certified),
  ]);
  const columns = ["Blind cards", "Reading", "% wrong, if 5 % are", "% wrong at most, if none was"];
  return fold("What blind cards would tell", table("", columns, rows, [1, 2, 3]));
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
    ["Same verdict when the same person reads a card again", ...agreement(own)],
    ["Same verdict when a second person reads a blind card", ...agreement(second)],
    ["Labels rejected more often when the suggestion is shown", ...difference(anchoring, "shown", "hidden")],
    ["Wrong labels a card, learnt order minus static, as if on the same cards", ...difference(heads, "learnt", "static")],
  ];
  if (found.hint) {
    const { ranked, blind } = found.hint;
    rows.push([
      "A hint: wrong labels among the last ranked cards, and among blind ones",
      `${agreement(ranked)[0]} and ${agreement(blind)[0]}`,
      `${count(ranked.of)} ranked cards, ${count(blind.of)} blind`,
    ]);
  }
  const title = "How far the reviewers can be relied on";
  return scroller(title, table(title, ["Measure", "Value (95 %)", "From"], rows));
}

function agreement({ count: same, of, low, high }) {
  const by = `${count(same)} of ${plural(of, "card")}`;
  return of < FEW ? [NOT_ENOUGH, by] : [`${percent(same / of)} (${outwards(low, high)})`, by];
}

function difference({ first, second, low, high, value }, one, other) {
  const by = `${count(first.count)} of ${count(first.of)} ${one}, ${count(second.count)} of ${count(second.of)} ${other}`;
  if (Math.min(first.of, second.of) < FEW) {
    return [NOT_ENOUGH, by];
  }
  const change = value ?? first.count / first.of - second.count / second.of;
  return [`${signed(change)} points (${signed(Math.floor(100 * low) / 100)} to ${signed(Math.ceil(100 * high) / 100)})`, by];
}

const whole = (share) => Math.round(100 * share);
const outwards = (low, high) => `${Math.floor(100 * low)} to ${Math.ceil(100 * high)}`;

/** `+3`, `−4`, `0`. */
const signed = (share) => (whole(share) > 0 ? `+${whole(share)}` : whole(share) < 0 ? `−${-whole(share)}` : "0");

function parts({ by_class: classes, by_split: splits, rate }) {
  const shown = [
    ["Given label", classes],
    ["Split", splits],
  ].filter(([, found]) => rate && found.length);
  return shown.map(([name, found]) => {
    const title = `Wrong labels by ${name.toLowerCase()}`;
    const rows = found.map((part) => [
      bdi(part.name),
      count(part.rows),
      count(part.judged),
      count(part.found),
      count(part.blind),
      part.rate ? `${points(part.rate.value)} (${ends95(part.rate)})` : "not enough",
    ]);
    const columns = [name, "Rows", "Judged", "Wrong found", "Blind cards", "% wrong (each 95 % alone)"];
    const box = scroller(title, table(title, columns, rows, [1, 2, 3, 4, 5]));
    box.classList.add("pg-parts");
    return box;
  });
}
