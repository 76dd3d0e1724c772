/** Export: choose, see what comes out, take it home or push it to the Hub. */

import { complain, get, post } from "../common/api.js";
import { count, el, plural, replace } from "../common/dom.js";
import { classesForm } from "./classes.js";
import { exportForm } from "./exportform.js";
import { pushForm } from "./exportpush.js";
import { downloads, query } from "./exporttake.js";
import { debounced, live } from "../common/live.js";
import { asWritten, bar, button, change, scroller, table } from "../common/parts.js";
import { store } from "../common/store.js";
import { nodes, t } from "../common/language.js";

const MOST_PAIRS = 12;
const MOST_NAMES = 20;

export function mount(element, session) {
  const figures = el("div", { class: "ex-shown" });
  const lists = el("div", { class: "ex-shown" });
  const form = exportForm(
    session,
    debounced(() => ask()),
  );
  const rows = () => ({ ...form.read(), ...(form.onlyView() ? { view: store.query.toString() } : {}) });
  const take = downloads(rows);
  element.append(
    el("div", { class: "ex" }, [
      section(
        "ex-choose",
        t("Choose"),
        form.element,
        classesForm(session, () => ask()),
      ),
      section("ex-comes-out", t("Result"), figures, take.element, lists, pushForm(session, rows)),
    ]),
  );

  async function open(which, tab) {
    try {
      const { selection } = await post("export/rows", { ...rows(), which });
      store.replaceAll({ selection }, { tab });
    } catch (error) {
      complain(error);
    }
  }

  const ask = live(element, {
    key: () => `${JSON.stringify(form.read())}|${store.query}`,
    ask: async (signal) => {
      const asked = [get("export/preview", query(rows()), { signal }), get("facets", store.query, { signal })];
      const [answer, { found }] = await Promise.all(asked);
      return { ...answer, found };
    },
    draw: (answer) => {
      form.update(answer);
      take.update(answer);
      replace(figures, tiles(answer), people(answer));
      replace(lists, lookAt(answer, open), pairs(answer));
    },
  });
}

const section = (id, title, ...content) =>
  el("section", { "aria-labelledby": id }, el("h2", { id, class: "ex-title" }, title), content);

function tiles(answer) {
  const { rows, invalid, judged, changed, suggested, excluded, written, new_classes: classes, reclassified } = answer;
  const otherwise = [
    suggested && t("{rows} changed by the models alone", { rows: count(suggested) }),
    reclassified && t("{rows} in classes that were changed", { rows: plural(reclassified, "row") }),
  ];
  const by = otherwise.filter(Boolean).join(t(", ")) || t("by people’s verdicts");
  const whole = { rows: plural(rows + invalid, "row"), invalid: count(invalid) };
  const all = invalid ? t("of {rows}, {invalid} of them invalid", whole) : t("of {rows}", whole);
  const figures = [
    [t("Rows"), count(written), all],
    [t("Labels changed"), count(changed), changed ? by : t("none so far")],
    [t("Left out"), count(excluded), excluded ? t("in a file of their own") : t("none")],
    [t("Judged"), count(judged), t("of {rows}", { rows: plural(rows, "row") })],
  ];
  if (classes.length) {
    figures.push([t("New classes"), count(classes.length), listed(classes)]);
  }
  const tile = (/** @type {any[]} */ [name, value, more]) =>
    el("div", { class: "pg-tile" }, el("dt", null, name), el("dd", null, value), el("dd", { class: "au-muted" }, more));
  return el("dl", { class: "pg-tiles" }, figures.map(tile));
}

function people({ judged, reviewers }) {
  if (!judged) {
    return el("p", { class: "au-muted" }, t("Nobody has judged a row yet: the export equals the source."));
  }
  const number = plural(reviewers.length, "person", "people");
  return el("p", { class: "au-muted" }, nodes("Judged by {number}: {names}.", { number, names: listed(reviewers) }));
}

/**
 * Names one after the other; of very many, the first.
 *
 * @returns {any}
 */
function listed(names) {
  const rest = names.length - MOST_NAMES;
  const shown = names.slice(0, MOST_NAMES).map((name, at) => [at ? t(", ") : null, asWritten(name)]);
  return [shown, rest > 0 && t(" and {number} more", { number: count(rest) })];
}

/** @type {[string, string, string][]} */
const LOOK = [
  ["changed", t("Label changed"), t("differs from the source")],
  ["excluded", t("Left out"), t("in a separate file")],
  ["ambiguous", t("Ambiguous"), t("several labels fit")],
  ["unsure", t("Unsure"), t("the reviewers are unsure")],
  ["tie", t("Tie"), t("reviewers’ verdicts are tied")],
  ["stale", t("Out of date"), t("the text or label has changed since: these decisions have no effect")],
];

/** Rows that somebody may want to see before they are exported, and the ways there. */
function lookAt({ look }, open) {
  const way = (text, which, tab, name) =>
    button(text, () => open(which, tab), { class: "pg-link", "aria-label": `${text}${t(": ")}${name}` });
  const line = ([which, name, why]) => [
    [name, el("div", { class: "pg-hint" }, why)],
    count(look[which]),
    el("span", { class: "ex-ways" }, way(t("Queue"), which, "queue", name), " ", way(t("Table"), which, "table", name)),
  ];
  const lines = LOOK.filter(([which]) => look[which]).map(line);
  const made = () => table(t("Rows to look at"), [t("Which"), t("Rows"), t("Open in")], lines, [1]);
  return lines.length > 0 && scroller(t("Rows to look at"), made());
}

function pairs({ confusions, pairs: all, changed }) {
  const shown = confusions.slice(0, MOST_PAIRS);
  if (!shown.length) {
    return null;
  }
  const most = Math.max(...shown.map(([, , number]) => number));
  const line = ([given, to, number]) => [change(given, to, asWritten), barred(number, most)];
  const rest = changed - shown.reduce((sum, [, , number]) => sum + number, 0);
  const lines = shown.map(line);
  if (rest) {
    lines.push([t("{number} more pairs", { number: count(all - shown.length) }), count(rest)]);
  }
  return scroller(t("Labels changed"), table(t("Labels changed"), [t("Given → new"), t("Rows")], lines));
}

const barred = (number, most) => [el("span", { class: "pg-number" }, count(number)), bar(number / most, "differ")];
