/** The run's ranking: an audit that is still at work may replace an early one while the page is open. */

import { say } from "./api.js";
import { el } from "./dom.js";
import { t } from "./language.js";

const NEW = t(
  "The audit has ranked the rows anew. The next cards come in the new order; the card on the screen stays.",
);

/** Follow the ranking: pages hear of another one as `auditor:ranked`. */
export function start(session) {
  document.addEventListener("auditor:pulse", ({ detail }) => {
    if (detail.ranking !== session.run.ranking) {
      session.run.ranking = detail.ranking;
      document.dispatchEvent(new CustomEvent("auditor:ranked"));
      say(NEW, { quiet: true });
    }
  });
}

/** Make the line above the card that says so; the page's own choices follow when it is loaded again. */
export function rankingLine() {
  const reload = el("button", { type: "button", onclick: () => location.reload() }, t("Reload the page"));
  const words = el("p", null, NEW, " ", t("Reload the page to filter and sort by all models."));
  const line = el("div", { class: "au-line au-ranked", hidden: true }, words, reload);
  document.addEventListener("auditor:ranked", () => (line.hidden = false));
  return line;
}
