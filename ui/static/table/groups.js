/** Groups of flagged rows that are alike, largest first: each to be opened in the queue, or decided as a whole. */

import { complain, get, post } from "../common/api.js";
import { openBulk, undoLine } from "./bulk.js";
import { bdi, count, el, plural, replace } from "../common/dom.js";
import { live } from "../common/live.js";
import { bar, button, change, scroller, table } from "../common/parts.js";
import { store } from "../common/store.js";
import { suspicionText } from "../common/words.js";
import { t, translated } from "../common/language.js";

const STEP = 30;

export function mount(element, session) {
  const summary = el("p", { class: "pg-found", role: "status" });
  const done = undoLine();
  const list = el("ol", { class: "pg-groups" });
  const more = button(t("Show more"), () => add());
  const alone = el("div");
  element.append(summary, done.element, list, more, alone);
  let groups = [];

  function add() {
    const begin = list.children.length;
    list.append(...groups.slice(begin, begin + STEP).map((group) => item(group, session, done)));
    more.hidden = list.children.length === groups.length;
    if (begin) {
      list.children[begin]?.querySelector("button").focus();
    }
  }

  live(element, {
    ask: (signal) => get("groups", store.query, { signal }),
    draw: (answer) => {
      groups = answer.filter((group) => group.rows > 1);
      const singles = answer.filter((group) => group.rows === 1);
      summary.textContent = summaryOf(groups, singles);
      replace(list);
      replace(alone, singles.length > 0 && together(singles, session));
      add();
    },
  });
}

function summaryOf(groups, singles) {
  const rows = groups.reduce((sum, group) => sum + group.rows, 0);
  const words = [
    groups.length && t("{groups} with {rows}", { groups: plural(groups.length, "group"), rows: plural(rows, "row") }),
    singles.length && plural(singles.length, "single row"),
  ];
  const found = words.filter(Boolean).join(t(", and "));
  return found ? t("{rows} that the filter finds", { rows: found }) : t("The filter finds no row that is in a group.");
}

/** Rows that are alone in their groups, in one card: dozens of cards of one row would tell nothing. */
function together(singles, session) {
  const open = (tab) => async () => {
    try {
      const { selection } = await post("selection", { run: session.run.id, rows: singles.map((group) => group.row) });
      const params = new URLSearchParams(store.query);
      params.set("selection", selection);
      store.replaceAll(params, { tab, source: "group" });
    } catch (error) {
      complain(error);
    }
  };
  const rows = singles.map((group) => [
    change(group.given, group.suggested),
    group.words.map((word, at) => [at ? t(", ") : "", bdi(word)]),
    suspicionText(group.mean_suspicion),
  ]);
  const columns = [t("Given → suggested"), t("Words"), t("Suspicion")];
  return el(
    "section",
    { class: "pg-card pg-alone", "aria-labelledby": "pg-alone" },
    el(
      "h2",
      { id: "pg-alone" },
      t("{rows} that belong to no larger group", { rows: plural(singles.length, "single row") }),
    ),
    el(
      "div",
      { class: "pg-row" },
      button(t("Open them in the queue"), open("queue")),
      button(t("Show them in the table"), open("table")),
    ),
    scroller(t("Single rows"), table("", columns, rows, [2])),
  );
}

function item(group, session, done) {
  const name = t("group {number}", { number: group.group });
  const params = new URLSearchParams(store.query);
  params.set("group", group.group);
  const queue = () => store.openQueue(params, "group");
  const title = t("Decide {name}: {rows}", { name, rows: plural(group.rows, "row") });
  const whole = () => openBulk({ query: params.toString() }, title, session, (taken) => done.show(taken));
  const decided = group.rows - group.undecided;
  const figures = { decided: count(decided), suspicion: suspicionText(group.mean_suspicion) };
  const state = decided
    ? t(", {decided} decided, mean suspicion {suspicion}", figures)
    : t(", none decided, mean suspicion {suspicion}", figures);
  const words = group.words.map((word) => el("li", null, bdi(word)));
  return el(
    "li",
    { class: "pg-card" },
    el("h2", null, change(group.given, group.suggested)),
    el("p", null, el("strong", null, plural(group.rows, "row")), state),
    decided > 0 && bar(decided / group.rows),
    words.length
      ? el("ul", { class: "pg-words", "aria-label": t("Typical words") }, words)
      : el("p", { class: "au-muted" }, t("No word is typical of these texts.")),
    group.certificates.map((line) => el("p", { class: "au-muted" }, translated(line))),
    el(
      "div",
      { class: "pg-row" },
      button(t("Open in the queue"), queue, { "aria-label": t("Open {name} in the queue", { name }) }),
      button(t("Decide as a whole…"), whole, { "aria-label": t("Decide {name} as a whole", { name }) }),
    ),
  );
}
