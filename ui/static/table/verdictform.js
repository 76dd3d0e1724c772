/** The part of the bulk dialog in which a verdict is chosen. */

import { className, isClass } from "../common/classes.js";
import { bdi, el } from "../common/dom.js";
import { verdictName } from "../common/words.js";
import { t } from "../common/language.js";

const SUGGESTION = t("Take each row’s suggestion");

/**
 * Make the form's fields.
 *
 * @param {{labels: string[], verdicts: string[]}} session
 * @param {() => void} changed Called when another verdict, other labels or another note are chosen.
 * @returns {{element: HTMLElement, read: () => Object, words: () => string}} `read` gives the verdict as the server takes it, or
 *   `{missing: string}`, which says what has still to be chosen.
 */
export function verdictForm({ labels, verdicts }, changed) {
  const note = el("textarea", { id: "pg-bulk-note", rows: "2", maxlength: "10000", oninput: changed });
  const extras = {
    relabel: labelSelect(labels.filter(isClass), changed),
    ambiguous: several(labels.filter(isClass), changed),
    none_fits: proposed(changed),
  };
  const choices = verdicts.flatMap((name) => (name === "relabel" ? ["suggestion", name] : [name]));
  let chosen = null;
  const choose = (event) => {
    chosen = event.target.value;
    Object.entries(extras).forEach(([name, extra]) => (extra.element.hidden = name !== chosen));
    changed();
  };
  const choice = (name) => [
    el(
      "label",
      { class: "pg-choice" },
      el("input", { type: "radio", name: "pg-bulk-verdict", value: name, onchange: choose }),
      el("span", { class: "pg-choice-text" }, name === "suggestion" ? SUGGESTION : verdictName(name)),
    ),
    extras[name]?.element,
  ];
  const element = el(
    "div",
    null,
    el("fieldset", { class: "pg-facet" }, el("legend", null, t("Verdict")), choices.map(choice)),
    el("label", { for: note.id, class: "pg-legend" }, t("Note (optional)")),
    note,
  );

  function read() {
    const missing = chosen === null ? t("Choose a verdict to see what it would do.") : extras[chosen]?.missing();
    if (missing) {
      return { missing };
    }
    return {
      verdict: chosen === "suggestion" ? "relabel" : chosen,
      new_labels: extras[chosen]?.labels() ?? [],
      use_suggestion: chosen === "suggestion",
      note: note.value,
    };
  }
  return { element, read, words: () => (chosen === "suggestion" ? SUGGESTION : verdictName(chosen)).toLowerCase() };
}

function labelSelect(labels, changed) {
  const options = labels.map((name) => el("option", { value: name }, className(name)));
  const select = el(
    "select",
    { onchange: changed, "aria-label": t("New label") },
    el("option", { value: "" }, t("Which label?")),
    options,
  );
  return {
    element: el("div", { class: "pg-extra", hidden: true }, select),
    missing: () => (select.selectedIndex === 0 ? t("Choose the label that they get.") : null),
    labels: () => [labels[select.selectedIndex - 1]],
  };
}

function several(labels, changed) {
  const boxes = labels.map(() => el("input", { type: "checkbox", onchange: changed }));
  const rows = labels.map((name, index) =>
    el("label", { class: "pg-choice" }, boxes[index], el("span", { class: "pg-choice-text" }, bdi(className(name)))),
  );
  const chosen = () => labels.filter((_, index) => boxes[index].checked);
  return {
    element: el(
      "div",
      { class: "pg-extra pg-choices", role: "group", "aria-label": t("Labels that fit"), hidden: true },
      rows,
    ),
    missing: () => (chosen().length < 2 ? t("Choose the labels that fit, two at least.") : null),
    labels: chosen,
  };
}

function proposed(changed) {
  const input = el("input", {
    type: "text",
    maxlength: "200",
    placeholder: t("A new class (optional)"),
    "aria-label": t("New class"),
    oninput: changed,
  });
  return {
    element: el("div", { class: "pg-extra", hidden: true }, input),
    missing: () => null,
    labels: () => [input.value.trim()].filter(Boolean),
  };
}
