/** One verdict on many rows at once: chosen in a dialog, looked at, then taken; one step to undo. */

import { complain, get, post, say } from "../common/api.js";
import { openDialog } from "../common/dialog.js";
import { bdi, count, el, plural, prose, replace } from "../common/dom.js";
import { debounced, latest } from "../common/live.js";
import { newId } from "../queue/outbox.js";
import { button, change, label, table } from "../common/parts.js";
import { verdictForm } from "./verdictform.js";
import { t, translated } from "../common/language.js";

const MOST_CHANGES = 12;

/**
 * Open the dialog.
 *
 * @param {Object} which Rows: `{query: string}` or `{ids: string[]}`.
 * @param {string} title What is to be decided, in words.
 * @param {Object} session
 * @param {(done: {batch_id: string, count: number, words: string}) => void} taken
 */
export function openBulk(which, title, session, taken) {
  new BulkDialog({ run: session.run.id, ...which }, session, taken).open(title);
}

class BulkDialog {
  #which;
  #taken;
  #form;
  #dialog;
  #batch = newId(); // One dialog is one action, however often it has to be sent.
  #token = null; // of what is shown
  #latest = latest();
  #preview = debounced(() => this.#ask(), 200);
  #says = el("p", { class: "pg-says", role: "status" });
  #shown = el("div");
  #wrong = el("p", { class: "pg-wrong", role: "alert" });
  #confirm = el("button", { type: "submit", class: "au-primary", disabled: true }, t("Decide"));

  constructor(which, session, taken) {
    this.#which = which;
    this.#taken = taken;
    this.#form = verdictForm(session, () => this.#changed());
  }

  open(title) {
    const region = { class: "pg-preview", role: "region", "aria-label": t("What it would do"), tabindex: "0" };
    const submit = (event) => {
      event.preventDefault();
      this.#take();
    };
    const form = el(
      "form",
      { onsubmit: submit },
      el("div", { class: "pg-bulk" }, this.#form.element, el("div", region, this.#says, this.#shown)),
      this.#wrong,
      el(
        "p",
        { class: "au-actions" },
        button(t("Cancel"), () => this.#dialog.close()),
        this.#confirm,
      ),
    );
    this.#dialog = openDialog(title, form, { className: "pg-bulk-dialog" });
    this.#changed();
  }

  /** Nothing can be taken until it is shown what that would do. */
  #changed() {
    this.#token = null;
    this.#confirm.disabled = true;
    this.#preview();
  }

  async #ask() {
    const { missing, ...verdict } = this.#form.read();
    if (missing) {
      this.#says.textContent = missing;
      this.#confirm.textContent = t("Decide");
      replace(this.#shown);
      return;
    }
    try {
      const found = await this.#latest((signal) => post("bulk/preview", { ...this.#which, ...verdict }, { signal }));
      this.#token = found.token;
      this.#confirm.disabled = found.count === 0;
      const rows = plural(found.count, "row");
      this.#confirm.textContent = t("Decide {rows}", { rows });
      this.#says.textContent = t("{rows} would be decided.", { rows });
      replace(this.#shown, drawPreview(found, verdict));
    } catch (error) {
      this.#refuse(error);
    }
  }

  async #take() {
    if (this.#token === null) {
      return;
    }
    this.#confirm.disabled = true;
    this.#wrong.textContent = "";
    try {
      const sent = { event_id: this.#batch, ...this.#which, ...this.#form.read(), token: this.#token };
      const done = await post("bulk", sent);
      this.#dialog.close();
      this.#taken({ ...done, run: this.#which.run, words: this.#form.words() });
    } catch (error) {
      this.#refuse(error);
      this.#changed(); // What was shown may no longer hold: it is shown anew.
    }
  }

  #refuse(error) {
    if (error.name !== "AbortError") {
      this.#wrong.textContent = [error.what ?? error.message, error.todo].filter(Boolean).join(" ");
    }
  }
}

function drawPreview({ count: rows, left_out: without, changes, sample }, verdict) {
  const lines = changes
    .slice(0, MOST_CHANGES)
    .map(({ given, to, count: number }) => [to === null ? bdi(given) : change(given, to), count(number)]);
  const rest = changes.slice(MOST_CHANGES);
  if (rest.length) {
    lines.push([
      t("{number} more", { number: count(rest.length) }),
      count(rest.reduce((sum, pair) => sum + pair.count, 0)),
    ]);
  }
  const leftOut = t("{rows} left out, which this verdict does not fit.", { rows: plural(without, "row") });
  const heading = rows > sample.length ? t("A sample of {number}", { number: sample.length }) : t("These rows");
  return [
    without > 0 && el("p", { class: "au-muted" }, leftOut),
    lines.length > 0 && table(t("What changes"), [t("Given label, and what it becomes"), t("Rows")], lines, [1]),
    sample.length > 0 && el("h3", null, heading),
    el(
      "ul",
      { class: "pg-sample" },
      sample.map((row) => el("li", null, becomes(row, verdict), " ", prose("bdi", row.text, { class: "pg-prose" }))),
    ),
  ];
}

function becomes({ given, suggested }, { verdict, new_labels: labels, use_suggestion: suggestion }) {
  if (verdict !== "relabel") {
    return label(given);
  }
  return change(given, suggestion ? suggested : labels[0]);
}

/**
 * A line that says what was done at once, with a way back; empty until `show` is called, and again as soon as what it
 * would undo is undone, here, in the queue or in another window.
 */
export function undoLine() {
  const element = el("div", { class: "pg-done", role: "status" });
  let shown = null; // the action that the line is about
  const clear = () => {
    shown = null;
    replace(element);
  };
  const look = async () => {
    const action = shown;
    const answer = action && (await get("stands", { action }).catch(() => null));
    if (answer?.stands === false && shown === action) {
      clear();
    }
  };
  document.addEventListener("auditor:undone", ({ detail }) => detail.batch_id === shown && clear());
  for (const name of ["auditor:decided", "auditor:moved"]) {
    document.addEventListener(name, look);
  }
  const undo = async ({ batch_id: batch, run }) => {
    try {
      const event = { event_id: newId(), kind: "undo", undoes: batch };
      const [result] = (await post("events", { events: [event], held: [], run })).results;
      if (result.status === "saved") {
        say(t("Undone: {rows}.", { rows: plural(result.items, "row") }));
        document.dispatchEvent(new CustomEvent("auditor:undone", { detail: { batch_id: batch } }));
      } else {
        say(
          [translated(result.what) ?? t("This is undone already."), translated(result.todo)].filter(Boolean).join(" "),
          {
            error: true,
          },
        );
      }
      clear();
    } catch (error) {
      complain(error);
    }
  };
  const show = (done) => {
    shown = done.batch_id;
    const words = el(
      "p",
      null,
      t("{rows} decided: {verdict}.", { rows: plural(done.count, "row"), verdict: done.words }),
    );
    replace(
      element,
      words,
      button(t("Undo this"), () => undo(done)),
    );
  };
  return { element, show };
}
