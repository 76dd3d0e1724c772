/** The line above the card that says when enough is read, and what a closing sample has shown so far. */

import { get, say } from "../common/api.js";
import { count, el, plural, replace } from "../common/dom.js";
import { latest } from "../common/live.js";
import { store } from "../common/store.js";
import { atLeast } from "../common/words.js";
import { t } from "../common/language.js";

const CHANGES = ["auditor:decided", "auditor:moved", "auditor:bulk", "auditor:undone"];

const EXHAUSTED = t("The last 100 ranked cards held no more wrong labels than cards drawn at random. Can you stop?");

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
    const news = answer && (reached(answer) ?? complete(answer));
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
    const words = el("p", null, el("strong", null, t("Closing sample. ")), sampled(answer), news && ` ${news}`);
    return [words, button(t("Back to the queue"), false)];
  }
  if (news) {
    const words = el("p", null, el("strong", null, t("You can stop here. ")), news);
    return [words, button(t("Make sure: read a closing sample"), true)];
  }
  if (answer.sample) {
    const words = complete(answer) ?? t("Random sample: {judged} of {wanted} cards are judged.", answer.sample);
    return [el("p", null, words)];
  }
  return answer.exhausted && [el("p", null, EXHAUSTED), button(t("Read a closing sample"), true)];
}

const button = (text, closing) =>
  el("button", { type: "button", onclick: () => store.readClosingSample(closing) }, text);

/** Why one can stop, in a sentence; null while the rule is not met, or nothing is left to read. */
function reached({ reached: rule, unread, left_at_most: left, stop }) {
  if (unread === 0) {
    return null;
  }
  if (rule.left) {
    return t("Few enough wrong labels are left: at most {left} of the {rows} (95\u202f%).", {
      left: count(left),
      rows: plural(unread, "unread row"),
    });
  }
  return rule.found
    ? t("Enough wrong labels are found: at least {share} of them (95\u202f%).", { share: atLeast(stop.found_at_least) })
    : null;
}

/** The announcement at the end of a random sample (`--sample`); null before. */
function complete({ sample }) {
  return sample && sample.judged >= sample.wanted
    ? t("The random sample is complete. Progress shows the estimate; the default queue follows.")
    : null;
}

/** How far the cards drawn at random have come. */
function sampled({ blind, unread, left_at_most: left, reached: rule }) {
  const cards = plural(blind, "card");
  const text =
    blind === 1 ? t("{cards} drawn at random is read", { cards }) : t("{cards} drawn at random are read", { cards });
  const figures = { text, left: count(left ?? 0), rows: plural(unread, "unread row") };
  return blind === 0 || rule.left
    ? t("{text}.", figures)
    : t("{text}; at most {left} of the {rows} are wrong (95\u202f%).", figures);
}
