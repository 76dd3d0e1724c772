/** The list of keys, in which each can be changed. */

import { openDialog } from "../common/dialog.js";
import { el, replace } from "../common/dom.js";
import { actionName, keyName } from "./keys.js";
import { t } from "../common/language.js";

/** @param {import("./keys.js").Keys} keys */
export function openKeyList(keys) {
  const status = el("p", { class: "au-muted", role: "status" });
  const body = el("tbody");
  let waiting = null; // the action whose new key is awaited

  function draw() {
    replace(body, Object.keys(keys.current).map(row));
  }

  function row(action) {
    const name = actionName(action);
    const change = el(
      "button",
      { type: "button", "aria-label": t("Change the key: {name}", { name }), onclick: () => ask(action) },
      t("Change"),
    );
    return el(
      "tr",
      { data: { action } },
      el("td", null, el("kbd", null, keyName(keys.current[action]))),
      el("th", { scope: "row" }, name),
      el("td", null, change),
    );
  }

  function ask(action) {
    waiting = action;
    status.textContent = t("Press the new key for: {name}. Esc cancels.", { name: actionName(action) });
  }

  function press(event) {
    if (!waiting || ["Shift", "Control", "Alt", "Meta", "Tab"].includes(event.key)) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    const action = waiting;
    waiting = null;
    const refused = event.key === "Escape" ? t("Not changed.") : keys.change(action, event);
    status.textContent =
      refused ?? t("{name}: now {key}.", { name: actionName(action), key: keyName(keys.current[action]) });
    draw();
    body.querySelector(`[data-action="${action}"] button`).focus();
  }

  function reset() {
    waiting = null;
    keys.reset();
    status.textContent = t("All keys have their defaults again.");
    draw();
  }

  const table = el(
    "table",
    { class: "au-keys" },
    el(
      "thead",
      { class: "au-unseen" },
      el(
        "tr",
        null,
        [t("Key"), t("What it does"), t("Change")].map((name) => el("th", { scope: "col" }, name)),
      ),
    ),
    body,
  );
  const notes = el(
    "p",
    { class: "au-muted" },
    t(
      "With more than ten labels, the digits are those of the card’s most likely ones, as printed. While you write, and with Ctrl, Alt or ⌘, keys are the browser’s.",
    ),
  );
  const actions = el(
    "p",
    { class: "au-actions" },
    el("button", { type: "button", onclick: reset }, t("Reset all keys")),
  );
  draw();
  const { element } = openDialog(t("Keys"), [status, table, notes, actions], { className: "au-keylist" });
  element.addEventListener("keydown", press, true);
}
