/** Dialogs: the browser's own, which keeps the focus within and closes with Escape. */

import { el } from "./dom.js";
import { t } from "./language.js";

let numbered = 0;

/**
 * Open a dialog over the page; it is removed when it is closed, and the focus goes back.
 *
 * @param {string} title
 * @param {Node|Array} content
 * @param {{onClose?: () => void, closable?: boolean, className?: string}} [options] One that is not `closable` has no
 *   way out but its own.
 * @returns {{element: HTMLDialogElement, close: () => void}}
 */
export function openDialog(title, content, { onClose, closable = true, className = "" } = {}) {
  numbered += 1;
  const id = `au-dialog-${numbered}`;
  const before = document.activeElement;
  const close = el(
    "button",
    { type: "button", class: "au-close", "aria-label": t("Close"), onclick: () => shut() },
    "×",
  );
  const element = el(
    "dialog",
    { class: `au-dialog ${className}`, "aria-labelledby": id },
    el("header", null, el("h2", { id }, title), closable ? close : null),
    content,
  );
  // The browser says only later that a dialog is closed; until then it would swallow the keys that come next.
  const shut = () => {
    if (element.isConnected) {
      element.close();
      element.remove();
      before?.isConnected && /** @type {HTMLElement} */ (before).focus();
      onClose?.();
    }
  };
  element.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.isComposing) {
      event.preventDefault();
      closable && shut();
    }
  });
  element.addEventListener("cancel", (event) => closable || event.preventDefault());
  element.addEventListener("close", () => (closable ? shut() : element.isConnected && element.showModal()));
  document.body.append(element);
  element.showModal();
  return { element, close: shut };
}

/** A field with its label, for a dialog. */
export function field(label, input, ...more) {
  return el("label", { class: "au-field" }, el("span", null, label), input, more);
}

/**
 * Ask for the reviewer's name, until one is given.
 *
 * @param {(name: string) => Promise<string>} take Throws an ApiError when the name cannot be had.
 * @param {string|null} [now] The name so far: with one, the dialog can be closed without a change.
 */
export function askName(take, now = null) {
  return new Promise((resolve) => {
    const input = el("input", { type: "text", autocomplete: "name", maxlength: 100, required: true, autofocus: true });
    input.value = now ?? "";
    const problem = el("p", { class: "au-problem", role: "alert" });
    const submit = async (event) => {
      event.preventDefault();
      try {
        const taken = await take(input.value.trim());
        close();
        resolve(taken);
      } catch (error) {
        problem.textContent = `${error.what ?? error.message} ${error.todo ?? ""}`;
      }
    };
    const form = el(
      "form",
      { onsubmit: submit },
      el("p", null, t("Decisions are kept under a name, so that everybody can undo their own.")),
      field(t("Your name"), input),
      problem,
      el("p", { class: "au-actions" }, el("button", { type: "submit", class: "au-primary" }, t("Start"))),
    );
    const { close } = openDialog(t("Who is reviewing?"), form, { closable: now !== null });
  });
}

/**
 * None of the labels fits: ask which new one would, if any.
 *
 * @param {string[]} labels Those that exist.
 * @param {(proposed: string[]) => void} take Given the proposed label, or none.
 */
export function askProposal(labels, take) {
  const input = el("input", { type: "text", maxlength: 200, autofocus: true, autocomplete: "off" });
  const problem = el("p", { class: "au-problem", role: "alert" });
  const submit = (event) => {
    event.preventDefault();
    const proposed = input.value.trim();
    if (labels.includes(proposed)) {
      problem.textContent = t("{label} is already a label: close this dialog and choose it.", { label: proposed });
      return;
    }
    close();
    take(proposed ? [proposed] : []);
  };
  const form = el(
    "form",
    { onsubmit: submit },
    field(t("A new label that would fit (may stay empty)"), input),
    problem,
    el(
      "p",
      { class: "au-actions" },
      el(
        "button",
        { type: "button", onclick: () => close() },
        t("Cancel"),
        " ",
        el("kbd", { "aria-hidden": "true" }, "Esc"),
      ),
      el(
        "button",
        { type: "submit", class: "au-primary" },
        t("None fits"),
        " ",
        el("kbd", { "aria-hidden": "true" }, "Enter"),
      ),
    ),
  );
  const { close } = openDialog(t("None of the labels fits"), form);
}
