/** Taking an export home: the files are made by the server, and handed to the browser. */

import { file, say } from "../common/api.js";
import { bdi, el, replace } from "../common/dom.js";
import { box, hint } from "./exportform.js";
import { button } from "../common/parts.js";
import { nodes, t } from "../common/language.js";

const FORMATS = {
  source: t("As it was read"),
  csv: "CSV",
  tsv: "TSV",
  jsonl: "JSON Lines",
  parquet: "Parquet",
  txt: t("Lines of text;label"),
  arrow: t("Arrow folder, for datasets"),
};
const FOLDERS = ["source", "arrow"];
const FOR_SPREADSHEETS = ["source", "csv", "tsv"];

/** What the server is asked with, as an address has it: no lists but repeated names, a blank one for none. */
export function query(choices) {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(choices)) {
    const values = Array.isArray(value) ? value : [value];
    values.forEach((value) => params.append(name, String(value)));
    if (name === "leave_out" && values.length === 0) {
      params.append(name, "");
    }
  }
  return params;
}

/** Hand a file to the browser, which keeps it where it keeps downloads. */
export function save({ name, blob }) {
  const link = el("a", { download: name });
  link.href = URL.createObjectURL(blob);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  say(t("{name} is downloaded.", { name }));
}

/** The words of an error, on one line. */
export const wordsOf = (error) => [error.what ?? error.message, error.todo].filter(Boolean).join(" ");

/**
 * Make the form in which a format is chosen, and the buttons that have files made.
 *
 * @param {() => Object} rows Which rows are wanted, with which labels.
 * @returns {{element: HTMLElement, update: (answer: Object) => void}}
 */
export function downloads(rows) {
  const options = Object.entries(FORMATS).map(([value, name]) => el("option", { value }, name));
  const format = el("select", { id: "ex-format", onchange: () => follow() }, options);
  const provenance = box(t("Columns that say who decided what, and when"));
  const names = box(t("Label names instead of numbers"));
  const guard = box(t("An apostrophe before what a spreadsheet would run as a formula"));
  const status = el("div", { class: "ex-said", role: "status" });
  const wrong = el("p", { class: "pg-wrong", role: "alert" });
  const all = button(t("Download"), () => take(false), { class: "ex-primary" });
  const alone = button(t("The dataset’s file alone"), () => take(true));
  const busy = (now) => (all.disabled = alone.disabled = now);
  const follow = () => {
    alone.hidden = FOLDERS.includes(format.value);
    guard.row.hidden = !FOR_SPREADSHEETS.includes(format.value);
    guard.input.checked = format.value !== "source"; // rows of the source stand as they are unless one asks
    provenance.row.hidden = format.value === "txt"; // such lines have no room for it
  };
  const chosen = (choice) => choice.input.checked && !choice.row.hidden;
  const choices = () => ({
    ...rows(),
    format: format.value,
    provenance: chosen(provenance),
    label_names: chosen(names),
    raw: format.value !== "source" && !chosen(guard),
    guard: chosen(guard),
  });

  async function take(only) {
    busy(true);
    wrong.textContent = "";
    replace(status, el("p", null, t("The files are being made…")));
    try {
      const made = await file("export/download", query({ ...choices(), alone: only }));
      save(made);
      const notes = made.notes.map((note) => el("p", null, bdi(note)));
      replace(status, el("p", null, nodes("{name} is downloaded.", { name: bdi(made.name) })), notes);
    } catch (error) {
      replace(status);
      wrong.textContent = wordsOf(error);
    }
    busy(false);
  }

  const offer = (inMemory) => {
    const [first] = options;
    if (first.value === "source" && inMemory) {
      first.remove(); // there is no file to be like: as good as any is the one that every tool reads
      format.value = "csv";
      follow();
    }
  };

  follow();
  const element = el(
    "section",
    { class: "ex-box", "aria-labelledby": "ex-take" },
    el("h3", { id: "ex-take" }, t("Download")),
    el("div", { class: "ex-field" }, el("label", { for: format.id }, t("Format")), format),
    el("div", null, provenance.row, names.row, guard.row),
    el("div", { class: "pg-row" }, all, alone),
    hint(t("A ZIP file: the dataset, the rows left out, and the record of what was done.")),
    status,
    wrong,
  );
  const update = (answer) => {
    names.row.hidden = !answer.coded;
    offer(answer.in_memory);
  };
  return { element, update };
}
