/** The range of suspicion: how the rows spread over it, and from where to where. */

import { count, el, plural, replace } from "../common/dom.js";
import { debounced } from "../common/live.js";
import { store } from "../common/store.js";
import { t } from "../common/language.js";

/** Make the range; `update` draws `{histogram: number[], missing: number}`. */
export function range() {
  const bars = el("div", { class: "pg-histogram", role: "img", hidden: true });
  const missing = el("p", { class: "pg-hint" });
  const fields = { min_suspicion: field(t("from"), "0"), max_suspicion: field(t("to"), "1") };
  const send = debounced(() => {
    if (Object.values(fields).every(inRange)) {
      store.set(Object.fromEntries(Object.entries(fields).map(([name, input]) => [name, input.value || null])));
    }
  });
  Object.values(fields).forEach((input) => input.addEventListener("input", send));
  const inputs = Object.values(fields).map((input) => input.parentElement);
  const element = el(
    "fieldset",
    { class: "pg-facet" },
    el("legend", null, t("Suspicion")),
    bars,
    el("div", { class: "pg-range" }, inputs),
    missing,
  );

  function update({ histogram, missing: without }) {
    const most = Math.max(1, ...histogram);
    const from = Number(store.query.get("min_suspicion") ?? 0);
    const to = Number(store.query.get("max_suspicion") ?? 1);
    const inside = (index) => (index + 1) / histogram.length > from && index / histogram.length < to;
    bars.hidden = false;
    replace(
      bars,
      histogram.map((rows, index) =>
        el("span", { class: inside(index) ? null : "pg-outside", vars: { part: rows / most } }),
      ),
    );
    const half = histogram.slice(histogram.length / 2).reduce((sum, rows) => sum + rows, 0);
    bars.setAttribute("aria-label", t("{rows} of suspicion 0.5 or more", { rows: plural(half, "row") }));
    missing.textContent = without ? t("{rows} without a suspicion", { rows: count(without) }) : "";
    for (const [name, input] of Object.entries(fields)) {
      if (document.activeElement !== input) {
        input.value = store.query.get(name) ?? "";
      }
    }
  }
  return { element, update };
}

function field(name, neutral) {
  const input = el("input", {
    type: "number",
    min: "0",
    max: "1",
    step: "0.05",
    inputmode: "decimal",
    placeholder: neutral,
  });
  el("label", null, name, input);
  return input;
}

/** Any number from 0 to 1 will do; the steps are for the arrows. */
function inRange({ validity }) {
  return !validity.badInput && !validity.rangeUnderflow && !validity.rangeOverflow;
}
