/** Renaming, merging and leaving out classes of the corrected dataset: previewed, confirmed, and undone as one. */

import { complain, get, post, say } from "../common/api.js";
import { openDialog } from "../common/dialog.js";
import { bdi, count, el, plural, replace, set } from "../common/dom.js";
import { learn } from "../common/classes.js";
import { asWritten, button, change } from "../common/parts.js";
import { newId } from "../queue/outbox.js";
import { moment } from "../common/words.js";
import { nodes, t, translated } from "../common/language.js";

const OPERATIONS = { rename: t("Rename"), merge: t("Merge into"), delete: t("Leave out") };

/**
 * The classes' part of the export page.
 *
 * @param {Object} session
 * @param {() => void} changed Called when the classes are others.
 */
export function classesForm(session, changed) {
  const element = el("fieldset", { class: "pg-facet ex-group ex-classes" });
  const from = { run: session.run.id, reviewer: session.reviewer };
  let now = null;

  async function load() {
    now = await get("classes").catch((error) => complain(error));
    now && draw();
  }

  function take(answer) {
    now = answer;
    learn(answer);
    draw();
    changed();
  }

  function draw() {
    const lines = now.changes.map(({ words, by, at }) =>
      el("li", null, bdi(translated(words)), el("span", { class: "au-muted" }, " · ", bdi(by), t(", "), moment(at))),
    );
    replace(
      element,
      el("legend", null, t("Classes")),
      el(
        "p",
        { class: "pg-hint" },
        t("A class renamed, merged or left out here changes no verdict, and not the share of wrong labels."),
      ),
      lines.length > 0 && el("ul", { class: "ex-changes" }, lines),
      el("div", { class: "pg-row" }, [
        button(t("Change classes…"), () => openChange(now, from, take)),
        lines.length > 0 && button(t("Undo the latest"), undo),
      ]),
    );
  }

  async function undo() {
    try {
      take(await post("classes/undo", { ...from, event_id: newId(), base: now.base }));
      say(t("The latest change of the classes is undone."));
    } catch (error) {
      complain(error);
      load();
    }
  }

  load();
  return element;
}

/** Have a change chosen, previewed and confirmed. */
function openChange({ classes, base }, from, take) {
  const id = newId();
  const option = (name) => el("option", { value: name }, name);
  const operation = el(
    "select",
    { "aria-label": t("What to do"), onchange: () => show() },
    Object.entries(OPERATIONS).map(([value, words]) => el("option", { value }, words)),
  );
  const name = el("select", { "aria-label": t("Class"), onchange: () => show() }, classes.map(option));
  const to = el("input", {
    type: "text",
    maxlength: "200",
    "aria-label": t("New name"),
    autocomplete: "off",
    oninput: () => show(),
  });
  const into = el("select", { "aria-label": t("Into which class"), onchange: () => show() }, classes.map(option));
  const found = el("div", { class: "ex-affected", role: "status" });
  const problem = el("p", { class: "au-problem", role: "alert" });
  const confirm = el("button", { type: "submit", class: "au-primary", disabled: true }, t("Change"));
  const sent = () => ({
    ...{ ...from, base, operation: operation.value, names: [name.value] },
    to: { rename: to.value.trim(), merge: into.value }[operation.value] || null,
  });
  let asked = 0;

  async function show() {
    to.hidden = operation.value !== "rename";
    into.hidden = operation.value !== "merge";
    const mine = (asked += 1);
    set(confirm, "disabled", true);
    problem.textContent = "";
    const wanted = sent();
    if (operation.value !== "delete" && (wanted.to === null || wanted.to === name.value)) {
      replace(
        found,
        el(
          "p",
          { class: "au-muted" },
          operation.value === "merge" ? t("Choose another class.") : t("Write the new name."),
        ),
      );
      return;
    }
    try {
      const answer = await post("classes/preview", wanted);
      if (mine === asked) {
        replace(found, affected(answer));
        set(confirm, "disabled", null);
      }
    } catch (error) {
      if (mine === asked) {
        replace(found);
        problem.textContent = `${error.what ?? error.message} ${error.todo ?? ""}`;
      }
    }
  }

  async function submit(event) {
    event.preventDefault();
    try {
      take(await post("classes", { ...sent(), event_id: id }));
      close();
      say(t("The classes are changed."));
    } catch (error) {
      problem.textContent = `${error.what ?? error.message} ${error.todo ?? ""}`;
    }
  }

  const row = el("div", { class: "pg-row" }, operation, name, into, to);
  const form = el("form", { onsubmit: submit }, row, found, problem, el("p", { class: "au-actions" }, confirm));
  const { close } = openDialog(t("Change classes"), form);
  show();
}

function affected({ rows, left_out: gone, changes }) {
  const line = ([old, name, number]) => {
    const left = nodes("{label} is left out", { label: bdi(old) });
    return el("li", null, name === null ? left : change(old, name, asWritten), ` · ${plural(number, "row")}`);
  };
  const figures = { rows: plural(rows, "row"), gone: count(gone) };
  const all = gone ? t("{rows} affected, {gone} of them left out.", figures) : t("{rows} affected.", figures);
  return [el("p", null, el("strong", null, all)), el("ul", null, changes.map(line))];
}
