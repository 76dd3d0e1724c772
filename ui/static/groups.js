/** Groups of issues that are alike, largest first: each to be opened in the queue, or decided as a whole. */

import { get } from "./api.js";
import { openBulk, undoLine } from "./bulk.js";
import { bdi, count, el, plural, replace } from "./dom.js";
import { live } from "./live.js";
import { bar, button, change } from "./parts.js";
import { store } from "./store.js";
import { suspicionText } from "./words.js";

const STEP = 30;

export function mount(element, session) {
  const summary = el("p", { class: "pg-found", role: "status" });
  const done = undoLine();
  const list = el("ol", { class: "pg-groups" });
  const more = button("Show more", () => add());
  element.append(summary, done.element, list, more);
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
      groups = answer;
      const rows = groups.reduce((sum, group) => sum + group.rows, 0);
      summary.textContent = groups.length
        ? `${plural(groups.length, "group")} with ${plural(rows, "row")} that the filter finds`
        : "The filter finds no row that is in a group.";
      replace(list);
      add();
    },
  });
}

function item(group, session, done) {
  const name = `group ${group.group}`;
  const params = new URLSearchParams(store.query);
  params.set("group", group.group);
  const queue = () => store.openQueue(params, "group");
  const title = `Decide ${name}: ${plural(group.rows, "row")}`;
  const whole = () => openBulk({ query: params.toString() }, title, session, (taken) => done.show(taken));
  const decided = group.rows - group.undecided;
  const state = `, ${decided ? count(decided) : "none"} decided, mean suspicion ${suspicionText(group.mean_suspicion)}`;
  const words = group.words.map((word) => el("li", null, bdi(word)));
  return el(
    "li",
    { class: "pg-card" },
    el("h2", null, change(group.given, group.suggested)),
    el("p", null, el("strong", null, plural(group.rows, "row")), state),
    decided > 0 && bar(decided / group.rows),
    words.length > 0 && el("ul", { class: "pg-words", "aria-label": "Typical words" }, words),
    el(
      "div",
      { class: "pg-row" },
      button("Open in the queue", queue, { "aria-label": `Open ${name} in the queue` }),
      button("Decide as a whole…", whole, { "aria-label": `Decide ${name} as a whole` }),
    ),
  );
}
