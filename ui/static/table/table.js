/** The table: all that the filter finds, page by page; rows are picked here, and decided together. */

import { get } from "../common/api.js";
import { openBulk, undoLine } from "./bulk.js";
import { bdi, el, plural, prose, replace, set } from "../common/dom.js";
import { live } from "../common/live.js";
import { Pager } from "../common/pager.js";
import { bar, button, change, scroller, standing } from "../common/parts.js";
import { Picks } from "./picks.js";
import { store } from "../common/store.js";
import { kindName, sortName, suspicionText, tierWord } from "../common/words.js";
import { t } from "../common/language.js";

/** Orders that a click on a column's head asks for. */
const ORDERS = { pair: "ascending", suspicion: "descending" };

export function mount(element, session) {
  const columns = makeColumns(session);
  const heads = columns.map(head);
  const body = el("tbody", { role: "rowgroup" });
  const found = el("p", { class: "pg-found", role: "status" });
  const orders = el(
    "select",
    { onchange: () => store.set({}, { sort: orders.value }) },
    session.sorts.map((sort) => el("option", { value: sort }, sortName(sort))),
  );
  const pager = new Pager(() => refresh());
  const bulk = makeBulk(session);
  element.append(
    el("div", { class: "pg-bar" }, found, el("label", { class: "pg-row" }, t("Order"), orders)),
    ...bulk.elements,
    scroller(
      t("Rows"),
      el(
        "table",
        { class: "pg-table pg-rows", role: "table" },
        el("caption", { class: "au-unseen" }, t("Rows that the filter finds")),
        el(
          "thead",
          { role: "rowgroup" },
          el("tr", { role: "row" }, el("th", headRole, el("span", { class: "au-unseen" }, t("Pick"))), heads),
        ),
        body,
      ),
    ),
    pager.element,
  );

  let query = null;
  const refresh = live(element, {
    key: () => `${store.query}|${store.sort}|${store.seed}`,
    ask: (signal) => {
      if (query !== store.query.toString()) {
        query = store.query.toString();
        pager.page = 0;
        bulk.picks.clear(); // Nothing that is no longer seen is decided by mistake.
      }
      const params = new URLSearchParams(store.query);
      const seed = store.seed === null ? {} : { seed: store.seed };
      const page = { sort: store.sort, ...seed, page: pager.page, size: pager.size };
      Object.entries(page).forEach(([name, value]) => params.set(name, value));
      return get("table", params, { signal });
    },
    draw: (answer) => {
      if (pager.show(answer.found)) {
        refresh();
        return;
      }
      found.textContent = t("{rows} found", { rows: plural(answer.found, "row") });
      bulk.show(answer.found);
      const boxes = bulk.picks.boxes(answer.rows);
      const nothing = () =>
        cell(t("No row is found. Take something out of the filter."), { colspan: columns.length + 1 });
      const lines = answer.rows.map((row, index) => line(row, boxes[index], columns));
      const end = answer.head - answer.page * answer.size; // of the flagged rows, on this page
      if (
        store.sort === "suspicion" &&
        answer.head > 0 &&
        answer.head < answer.found &&
        end >= 0 &&
        end < lines.length
      ) {
        lines.splice(end, 0, divider(columns.length + 1));
      }
      replace(body, lines.length ? lines : el("tr", { role: "row" }, nothing()));
      heads.forEach((head, index) =>
        set(head, "aria-sort", columns[index].sort === store.sort ? ORDERS[store.sort] : null),
      );
      orders.value = store.sort;
    },
  });
}

// On a phone the rows become cards. That would take the elements' roles from them, so they are given by name.
const headRole = { role: "columnheader", scope: "col" };
const cell = (content, more) => el("td", { role: "cell", ...more }, content);
const named = (name) => ({ data: { head: name } });

/** @returns {{name: string, sort?: string, cell: (row: Object) => HTMLElement}[]} */
function makeColumns({ splits }) {
  return [
    { name: t("Rank"), cell: (row) => cell(opener(row), { class: "pg-number" }) },
    { name: t("Text"), cell: (row) => prose("td", row.text, { role: "cell", class: "pg-text" }) },
    { name: t("Given → suggested"), sort: "pair", cell: (row) => cell(change(row.given, row.suggested)) },
    { name: t("Suspicion"), sort: "suspicion", cell: (row) => cell(suspicion(row), named(t("Suspicion"))) },
    ...(splits.length > 1 ? [{ name: t("Split"), cell: (row) => cell(bdi(row.split), named(t("Split"))) }] : []),
    {
      name: t("Verdicts"),
      cell: (row) => cell(standing(row.verdicts), row.verdicts.length ? named(t("Verdicts")) : {}),
    },
  ];
}

/** @param {{name: string, sort?: string}} column */
function head({ name, sort }) {
  return el("th", headRole, sort ? button(name, () => store.set({}, { sort }), { class: "pg-head" }) : name);
}

const open = (row) => store.openQueue(store.query, "table", { card: row.id });

function opener(row) {
  return button(row.rank, () => open(row), {
    class: "pg-link",
    "aria-label": t("Open row {rank} in the queue", { rank: row.rank }),
  });
}

function suspicion(row) {
  const flag = row.issue ? el("span", { class: "pg-flag" }, t("to read again")) : null;
  const tier = row.tier && [flag && t(", "), t("tier {value}", { value: tierWord(row.tier) })];
  const how = flag || tier ? el("div", { class: "pg-kind" }, flag, tier) : null;
  const kind = row.kind ? el("div", { class: "pg-kind" }, kindName(row.kind)) : null;
  return [
    el("span", { class: "pg-number" }, suspicionText(row.suspicion)),
    bar(row.suspicion ?? 0, "differ"),
    how,
    kind,
  ];
}

function line(row, box, columns) {
  const opens = (event) => event.target.closest("button, input, label") || String(getSelection()) || open(row);
  return el(
    "tr",
    { role: "row", onclick: opens },
    cell(box),
    columns.map((column) => column.cell(row)),
  );
}

/** Where the flagged rows end. */
function divider(columns) {
  const words = t("The flagged rows end here; what follows is less suspect.");
  return el("tr", { role: "row", class: "pg-divider" }, cell(words, { colspan: columns }));
}

/** What can be done with many rows at once, and the line that says what was done. */
function makeBulk(session) {
  const done = undoLine();
  let found = 0;
  const decide = (which, rows) =>
    openBulk(which, t("Decide {rows}", { rows }), session, (taken) => {
      picks.clear();
      done.show(taken);
    });
  const some = button(t("Decide the picked…"), () =>
    decide({ ids: picks.ids }, plural(picks.ids.length, "picked row")),
  );
  const none = button(t("Pick none"), () => picks.clear(), { class: "pg-link" });
  const all = button(t("Decide all found…"), () =>
    decide({ query: store.query.toString() }, t("all {rows} found", { rows: plural(found, "row") })),
  );
  const number = el("span", { role: "status" });
  const picks = new Picks((picked) => {
    some.disabled = picked === 0;
    none.hidden = picked === 0;
    number.textContent = picked ? t("{rows} picked", { rows: plural(picked, "row") }) : "";
  });
  const page = el("label", { class: "pg-row" }, picks.wholePage, t("Pick the page"));
  const show = (rows) => {
    found = rows;
    all.disabled = rows === 0;
  };
  return { picks, show, elements: [el("div", { class: "pg-bar" }, page, some, all, number, none), done.element] };
}
