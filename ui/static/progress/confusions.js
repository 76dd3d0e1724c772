/** Confusions: given × suggested label, as a table of numbers that each pick the rows behind them. */

import { get } from "../common/api.js";
import { chosenPairs, pair } from "../filters/chips.js";
import { el, plural, replace } from "../common/dom.js";
import { live } from "../common/live.js";
import { matrix } from "./matrix.js";
import { pairList } from "../common/pairlist.js";
import { button, change, scroller } from "../common/parts.js";
import { store } from "../common/store.js";
import { nodes, t } from "../common/language.js";

/** Labels on one side of the matrix; with more of them, most of its cells would be empty, and none in sight. */
const MOST = 12;

export function mount(element) {
  const summary = el("p", { class: "pg-found", role: "status" });
  const hint = t(
    "Rows by given label and by the label that is suggested. Select a number to add its pair to the filter or remove it.",
  );
  const chosen = el("div", { class: "pg-done", role: "status" });
  const box = el("div");
  element.append(summary, el("p", { class: "au-muted" }, hint), chosen, box);

  live(element, {
    // The server counts without the pairs that are picked, so that there are others to pick.
    ask: (signal) => get("confusions", store.query, { signal }),
    draw: ({ labels, cells }) => {
      const pairs = cells.filter(([, suggested]) => suggested >= 0);
      const rows = pairs.reduce((sum, cell) => sum + cell[2], 0);
      const focus = /** @type {HTMLElement} */ (document.activeElement);
      const focused = box.contains(focus) ? focus.dataset.pair : undefined;
      const scrolled = box.querySelector(".au-scroll");
      const [top, left] = [scrolled?.scrollTop ?? 0, scrolled?.scrollLeft ?? 0];
      summary.textContent = rows
        ? t("{rows} in {pairs}", { rows: plural(rows, "row"), pairs: plural(pairs.length, "pair") })
        : t("The filter finds no row with a suggestion.");
      replace(box, rows ? drawPairs(labels, pairs) : null);
      box.querySelector(".au-scroll")?.scrollTo(left, top);
      [...box.querySelectorAll("[data-pair]")].find((button) => button.dataset.pair === focused)?.focus();
      offer(chosen);
    },
  });
}

function drawPairs(labels, pairs) {
  const most = Math.max(...[0, 1].map((side) => new Set(pairs.map((cell) => cell[side])).size));
  /** @type {Parameters<typeof matrix>} */
  const given = [labels, pairs, new Set(chosenPairs()), toggle];
  return most > MOST ? pairList(...given) : scroller(t("Confusions"), matrix(...given));
}

function toggle(value) {
  const picked = chosenPairs();
  store.set({ pair: picked.includes(value) ? picked.filter((pair) => pair !== value) : [...picked, value] });
}

/** What is picked, and the ways on from there. */
function offer(place) {
  const pairs = chosenPairs().map((value, index) => [index ? t(", ") : "", change(...pair(value))]);
  const ways = [
    button(t("Open in the queue"), () => store.openQueue(store.query)),
    button(t("Show in the table"), () => store.openTab("table")),
    button(t("Pick none"), () => store.set({ pair: null })),
  ];
  replace(place, pairs.length ? [el("p", null, nodes("Picked: {pairs}", { pairs })), ways] : null);
}
