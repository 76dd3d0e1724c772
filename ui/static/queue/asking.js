/** A line above the card: rows that colleagues ask this reviewer to look at, where the queue does not serve them. */

import { el, plural, replace } from "../common/dom.js";
import { store } from "../common/store.js";
import { t } from "../common/language.js";

export function askingLine() {
  const words = el("p");
  const open = el("button", { type: "button", onclick: () => store.openQueue({ asked: "me" }) }, t("Look at them"));
  const line = el("div", { class: "au-line au-asking", role: "status", hidden: true }, words, open);
  let rows = 0;
  const draw = () => {
    line.hidden = rows === 0 || store.isFeed || store.query.has("asked");
    if (!line.hidden) {
      replace(words, t("Colleagues ask you to look at {rows}.", { rows: plural(rows, "row") }));
    }
  };
  document.addEventListener("auditor:pulse", ({ detail }) => {
    if (detail.asked !== rows) {
      rows = detail.asked;
      draw();
    }
  });
  store.subscribe(draw);
  return line;
}
