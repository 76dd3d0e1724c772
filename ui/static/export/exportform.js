/** The choices of the export page: which rows come out, and with which labels. */

import { bdi, count, el, plural, set } from "../common/dom.js";
import { verdictName } from "../common/words.js";
import { t, translated } from "../common/language.js";

const UNREVIEWED = {
  keep: t("Stay as they are"),
  drop: t("Are left out"),
  suggest: t("Get the suggested label where a test has certified it"),
  "suggest-above": t("Get the suggested label where the models are sure of it"),
};
const OTHERS = { invalid: t("Invalid: set aside when it was read") };
const TIES = {
  keep: t("Keep the given label"),
  "adjudicated-only": t("Wait for an adjudicator, left out until then"),
};

/**
 * Make the form.
 *
 * @param {Object} session
 * @param {() => void} changed Called when something else is chosen that changes what comes out.
 * @returns {{element: HTMLElement, read: () => Object, onlyView: () => boolean, update: (answer: Object) => void}}
 *   `read` gives what the server is asked with; `onlyView` whether only what the filter finds is wanted; `update`
 *   shows the server's counts beside the choices.
 */
export function exportForm({ verdicts: all, left_out: { choices, default: byDefault } }, changed) {
  const range = { type: "number", min: "0", max: "1", step: "0.01", value: "0.99" };
  const above = el("input", { ...range, id: "ex-above", oninput: changed });
  const wanted = el("label", { for: above.id }, t("Minimum probability of the suggestion"));
  const sure = el("div", { class: "pg-extra pg-row", hidden: true }, wanted, above);
  const certified = el("div");
  let limit = null; // largest share of wrong rows among the certified ones
  const unreviewed = radios("ex-unreviewed", UNREVIEWED, () => {
    sure.hidden = unreviewed.value() !== "suggest-above";
    changed();
  });
  const ties = radios("ex-ties", TIES, changed);
  const tied = el("span", { class: "pg-count" });
  const outcomes = choices.filter((name) => name !== "tie"); // it has choices of its own
  const leftOut = boxes(outcomes, (name) => OTHERS[name] ?? verdictName(name), changed, byDefault);
  const verdicts = boxes(all, verdictName, changed);
  const people = peopleBoxes(changed);
  const classes = box(t("Add the classes that reviewers propose"), changed);
  const changedOnly = box(t("Only rows whose label changes"), changed);
  const view = box(t("Only this view: what the filter finds"), changed);
  const element = el(
    "form",
    { class: "ex-form", onsubmit: (event) => event.preventDefault() },
    group(t("Rows without a decision"), unreviewed.rows, sure, certified),
    group(t("Left out, by verdict"), hint(t("They go into a file of their own, beside the dataset.")), leftOut.rows),
    group([t("Ties: rows whose verdicts are tied"), " ", tied], ties.rows),
    group(t("New classes"), classes.row),
    group(t("Only some rows"), view.row, changedOnly.row, fold(t("Only rows with a verdict of"), verdicts)),
    people.element,
  );

  function read() {
    return {
      leave_out: leftOut.values(),
      ties: ties.value(),
      unreviewed: unreviewed.value(),
      ...(sure.hidden ? {} : { above: above.value }),
      ...(unreviewed.value() === "suggest" ? { wrong_at_most: limit } : {}),
      add_classes: classes.input.checked,
      changed_only: changedOnly.input.checked,
      verdicts: verdicts.values(),
      reviewers: people.values(),
    };
  }
  function update(answer) {
    const amounts = { ...answer.verdicts, invalid: answer.invalid };
    leftOut.count(amounts);
    leftOut.hide("invalid", answer.invalid === 0);
    tied.textContent = count(answer.verdicts.tie ?? 0);
    verdicts.count(answer.verdicts);
    people.update(answer.everyone);
    limit = answer.certified.limit;
    unreviewed.enable("suggest", limit !== null);
    certified.replaceChildren(...answer.certified.sentences.map((line) => hint(commands(translated(line.trim())))));
    view.amount.textContent = count(answer.found);
  }
  return { element, read, onlyView: () => view.input.checked, update };
}

/** Whose decisions count; there only where several people have decided something. */
function peopleBoxes(changed) {
  const list = el("div", { class: "pg-choices" });
  const element = group(t("Only the decisions of"), hint(t("If nobody is ticked, everybody’s decisions count.")), list);
  const made = new Map();
  element.hidden = true;
  const update = (names) => {
    names.filter((name) => !made.has(name)).forEach((name) => made.set(name, box(bdi(name), changed)));
    const rows = [...made].sort(([a], [b]) => a.localeCompare(b)).map(([, choice]) => choice.row);
    if (rows.length !== list.children.length) {
      list.replaceChildren(...rows);
    }
    element.hidden = made.size < 2;
  };
  return {
    element,
    update,
    values: () => [...made].filter(([, choice]) => choice.input.checked).map(([name]) => name),
  };
}

/** A box to tick, with a place for a number beside it. */
export function box(text, changed, attributes) {
  const input = el("input", { type: "checkbox", onchange: changed, ...attributes });
  const amount = el("span", { class: "pg-count" });
  return { input, amount, row: el("label", { class: "pg-choice" }, input, choiceText(text), amount) };
}

function boxes(values, name, changed, checked = []) {
  const made = new Map(values.map((value) => [value, box(name(value), changed, { checked: checked.includes(value) })]));
  return {
    rows: [...made.values()].map((choice) => choice.row),
    values: () => values.filter((value) => made.get(value).input.checked),
    count: (amounts) => made.forEach((choice, value) => (choice.amount.textContent = count(amounts[value] ?? 0))),
    hide: (value, hidden) => (made.get(value).row.hidden = hidden),
  };
}

function radios(name, choices, changed) {
  const inputs = Object.keys(choices).map((value, index) =>
    el("input", { type: "radio", name, value, checked: index === 0, onchange: changed }),
  );
  const rows = inputs.map((input) => el("label", { class: "pg-choice" }, input, choiceText(choices[input.value])));
  const enable = (value, possible) => (inputs.find((input) => input.value === value).disabled = !possible);
  return { rows, enable, value: () => inputs.find((input) => input.checked).value };
}

/** A list of boxes that begins folded; its head names what is ticked. */
function fold(title, { rows, values }) {
  const chosen = el("span", { class: "pg-chosen" });
  const body = el("div", { class: "pg-extra", id: "ex-verdicts", hidden: true }, rows);
  const head = el(
    "button",
    {
      ...{ type: "button", class: "pg-fold", "aria-expanded": "false", "aria-controls": body.id },
      onclick: () => {
        body.hidden = !body.hidden;
        set(head, "aria-expanded", String(!body.hidden));
      },
    },
    title,
    chosen,
  );
  body.addEventListener("change", () => {
    chosen.textContent = values().length ? plural(values().length, "choice") : "";
  });
  return el("div", { class: "pg-facet" }, head, body);
}

const choiceText = (text) => el("span", { class: "pg-choice-text" }, text);
/** A sentence with the commands in it, which stand between backticks, set apart. */
const commands = (sentence) => sentence.split("`").map((part, at) => (at % 2 ? el("code", null, part) : part));

export const hint = (text) => el("p", { class: "pg-hint" }, text);
const group = (legend, ...children) =>
  el("fieldset", { class: "pg-facet ex-group" }, el("legend", null, legend), children);
