/** One facet of the filter: its choices, the rows beside each, and a way to the rest where they are many. */

import { count, el, plural, replace, set } from "../common/dom.js";
import { store } from "../common/store.js";
import { t } from "../common/language.js";

const TOP = 8;

/**
 * Make a facet of the filter's field `name`.
 *
 * @param {string} name
 * @param {string} legend
 * @param {Object} options
 * @param {boolean} [options.single] One choice at most; the first one is then "any".
 * @param {boolean} [options.open]
 * @param {() => string[]} [options.asked] Values that are chosen.
 * @param {(value: string) => Node|string} options.describe
 * @returns {{element: HTMLElement, update: (choices: {value: string, count: number}[]) => void}}
 */
export function facet(name, legend, { single = false, open = true, asked = () => store.all(name), describe }) {
  const rows = new Map();
  let order = [];
  let all = false;

  const find = el("input", {
    type: "search",
    "aria-label": t("Find in {legend}", { legend }),
    placeholder: t("Find…"),
    oninput: draw,
  });
  const list = el("div", { class: "pg-choices" });
  const more = el("button", { type: "button", class: "pg-link", onclick: () => ((all = !all), draw()) });
  const chosen = el("span", { class: "pg-chosen" });
  const body = el("div", { id: `pg-facet-${name}` }, find, list, more);
  const head = el(
    "button",
    { type: "button", class: "pg-fold", "aria-controls": body.id, onclick: () => fold(body.hidden) },
    legend,
    chosen,
  );
  const element = el("fieldset", { class: "pg-facet" }, el("legend", null, head), body);
  fold(open || asked().length > 0);
  draw();

  function fold(opened) {
    body.hidden = !opened;
    set(head, "aria-expanded", String(opened));
  }

  function choose(event) {
    const kept = single ? [] : asked().filter((value) => value !== event.target.value);
    store.set({ [name]: event.target.checked && event.target.value !== "" ? [...kept, event.target.value] : kept });
  }

  function make(value) {
    const input = el("input", { type: single ? "radio" : "checkbox", name: `pg-${name}`, value, onchange: choose });
    const amount = el("span", { class: "pg-count" });
    const text = el("span", { class: "pg-choice-text" }, describe(value));
    const row = el("label", { class: "pg-choice" }, input, text, amount);
    return { input, amount, row, name: text, text: text.textContent };
  }

  document.addEventListener("auditor:classes", () => {
    rows.forEach((choice, value) => {
      replace(choice.name, describe(value));
      choice.text = choice.name.textContent;
    });
    draw();
  });

  function update(choices) {
    const counts = new Map(choices.map((choice) => [choice.value, choice.count]));
    const wanted = asked();
    // Of very many, only the most frequent come from the server: what is chosen is shown nevertheless.
    const values = [...counts.keys(), ...wanted.filter((value) => !counts.has(value))];
    if (!element.contains(document.activeElement) || order.length !== values.length) {
      // Nobody is choosing here: nothing jumps under a finger.
      order = values.length > TOP ? values.sort((a, b) => (counts.get(b) ?? 0) - (counts.get(a) ?? 0)) : values;
    }
    for (const value of order) {
      rows.has(value) || rows.set(value, make(value));
      const { input, amount, row } = rows.get(value);
      input.checked = single ? value === (wanted[0] ?? "") : wanted.includes(value);
      amount.textContent = counts.get(value) === null ? "" : count(counts.get(value) ?? 0);
      row.classList.toggle("pg-none", counts.get(value) === 0);
    }
    chosen.textContent = wanted.length && !single ? plural(wanted.length, "choice") : "";
    draw();
  }

  function draw() {
    const needle = find.value.trim().toLowerCase();
    const matching = order.filter((value) => rows.get(value).text.toLowerCase().includes(needle));
    const shown = matching.filter((value, index) => all || needle || index < TOP || rows.get(value).input.checked);
    const elements = shown.map((value) => rows.get(value).row);
    if (
      elements.length !== list.children.length ||
      elements.some((element, index) => element !== list.children[index])
    ) {
      const focused = /** @type {HTMLElement} */ (document.activeElement);
      list.replaceChildren(...elements);
      list.contains(focused) && focused.focus();
    }
    find.hidden = order.length <= TOP;
    more.hidden = order.length <= TOP || needle !== "";
    more.textContent = all ? t("Show the most frequent") : t("Show all {number}", { number: count(order.length) });
    set(more, "aria-expanded", String(all));
  }

  return { element, update };
}
