/** The line above the card that says when enough is read, and what a closing sample has told so far. */

import { get, say } from "../common/api.js";
import { count, el, plural, replace } from "../common/dom.js";
import { latest } from "../common/live.js";
import { store } from "../common/store.js";
import { atLeast } from "../common/words.js";

const CHANGES = ["auditor:decided", "auditor:moved", "auditor:bulk", "auditor:undone"];

const EXHAUSTED = "The last 100 ranked cards held no more wrong labels than cards drawn at random. Can you stop?";

/** Make the line; it follows the verdicts while the queue is seen. */
export function stopLine() {
  const line = el("div", { class: "au-line au-stop", hidden: true });
  const only = latest();
  let spoken = null;
  const ask = async () => {
    if (store.tab !== "queue") {
      return;
    }
    const answer = await only((signal) => get("stop", {}, { signal })).catch(() => null);
    const content = answer && draw(answer);
    if (answer) {
      line.hidden = !content;
      replace(line, content);
    }
    const news = answer && reached(answer);
    if (news && spoken === null) {
      say(news, { quiet: true });
    }
    spoken = answer ? news : spoken;
  };
  CHANGES.forEach((name) => document.addEventListener(name, ask));
  store.subscribe(ask);
  ask();
  return line;
}

function draw(answer) {
  const news = reached(answer);
  if (store.closing) {
    const known = el("p", null, el("strong", null, "Closing sample. "), sampled(answer), news && ` ${news}`);
    return [known, button("Back to the queue", false)];
  }
  if (news) {
    const known = el("p", null, el("strong", null, "You can stop here. "), news);
    return [known, button("Make sure: read a closing sample", true)];
  }
  return answer.exhausted && [el("p", null, EXHAUSTED), button("Read a closing sample", true)];
}

const button = (text, closing) => el("button", { type: "button", onclick: () => store.readClosingSample(closing) }, text);

/** Why one can stop, in a sentence; null while the rule is not met, or nothing is left to read. */
function reached({ reached: rule, unread, left_at_most: left, stop }) {
  if (unread === 0) {
    return null;
  }
  if (rule.left) {
    return `Few enough wrong labels are left: at most ${count(left)} of the ${plural(unread, "unread row")} (95\u202f%).`;
  }
  return rule.found ? `Enough wrong labels are found: at least ${atLeast(stop.found_at_least)} of them (95\u202f%).` : null;
}

/** How far the cards drawn at random have come. */
function sampled({ blind, unread, left_at_most: left, reached: rule }) {
  const known = `${plural(blind, "card")} drawn at random ${blind === 1 ? "is" : "are"} read`;
  const most = `at most ${count(left ?? 0)} of the ${plural(unread, "unread row")} are wrong (95\u202f%)`;
  return blind === 0 || rule.left ? `${known}.` : `${known}; ${most}.`;
}
