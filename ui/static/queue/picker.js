/** Choosing a label by typing: a combobox over all labels. */

import { className } from "../common/classes.js";
import { openDialog } from "../common/dialog.js";
import { bdi, el, plural, replace } from "../common/dom.js";
import { t } from "../common/language.js";

const MOST = 200;

/** Labels that hold what was typed, those that begin with it first. */
export function matching(labels, typed) {
  const wanted = typed.trim().toLowerCase();
  const found = labels.filter((label) => className(label).toLowerCase().includes(wanted));
  const begins = (label) => className(label).toLowerCase().startsWith(wanted);
  return [...found.filter(begins), ...found.filter((label) => !begins(label))];
}

/**
 * Let one label be chosen.
 *
 * @param {string} title
 * @param {string[]} labels
 * @param {(choice: string) => void} take Given the chosen one; not called when nothing is.
 */
export function pickLabel(title, labels, take) {
  let found = [];
  let active = 0;
  const list = el("ul", { class: "au-options", role: "listbox", id: "au-options", "aria-label": t("Labels") });
  const input = el("input", {
    type: "text",
    role: "combobox",
    "aria-label": t("Label"),
    "aria-expanded": "true",
    "aria-controls": "au-options",
    "aria-autocomplete": "list",
    autocomplete: "off",
    spellcheck: "false",
    autofocus: true,
    oninput: () => draw(),
    onkeydown: (event) => press(event),
  });
  const status = el("p", { class: "au-muted", role: "status" });

  function draw() {
    found = matching(labels, input.value);
    active = 0;
    replace(
      list,
      found.slice(0, MOST).map((label, at) => option(label, at)),
    );
    status.textContent = found.length ? plural(found.length, "label") : t("No label matches.");
    mark();
  }

  function option(label, at) {
    return el("li", { role: "option", id: `au-option-${at}`, onclick: () => choose(at) }, bdi(className(label)));
  }

  function mark() {
    [...list.children].forEach((option, at) => option.setAttribute("aria-selected", String(at === active)));
    list.children[active]?.scrollIntoView({ block: "nearest" });
    if (found.length) {
      input.setAttribute("aria-activedescendant", `au-option-${active}`);
    } else {
      input.removeAttribute("aria-activedescendant");
    }
  }

  function press(event) {
    const shown = list.children.length;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && shown) {
      event.preventDefault();
      active = (active + step + shown) % shown;
      mark();
    } else if (event.key === "Enter" && !event.repeat && !event.isComposing) {
      event.preventDefault();
      choose(active);
    }
  }

  function choose(at) {
    if (at < found.length) {
      close();
      take(found[at]);
    }
  }

  const { close } = openDialog(title, [input, list, status], { className: "au-picker" });
  draw();
}
