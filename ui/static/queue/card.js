/** The card: all that is known of a row, as elements. */

import { className } from "../common/classes.js";
import { bdi, count, el, plural, prose, replace, set } from "../common/dom.js";
import { adjudicated, drawConflict } from "./conflict.js";
import { decimal, kindWords, moment, percent, suspicionText, verdictWords } from "../common/words.js";
import { nodes, t, translated } from "../common/language.js";

/** Texts of more characters than this are folded to their beginning. */
const LONG = 1500;
const BEGINNING = 1200;

/**
 * @param {Object} card As the server sends it.
 * @param {(verdict: Object) => string|null} [keyOf] The key that decides as a verdict does.
 */
export function drawCard(card, keyOf = () => null) {
  return [
    el(
      "div",
      { class: "au-main" },
      head(card),
      textOf(card),
      drawConflict(card, keyOf),
      labelsOf(card),
      came(card),
      asked(card),
      el("div", { class: "au-own" }, ownVerdict(card)),
      twice(card),
      moved(card),
      card.hidden ? unseen(card) : reasons(card),
    ),
    !card.hidden &&
      el(
        "div",
        { class: "au-side" },
        models(card),
        neighbours(card),
        duplicates(card),
        modelVerdicts(card),
        past(card),
      ),
  ];
}

function head(card) {
  return el(
    "header",
    { class: "au-head" },
    el("h2", null, title(card)),
    card.issue && !card.hidden ? el("span", { class: "au-badge au-badge-issue" }, t("⚑ To read again")) : null,
    el(
      "dl",
      { class: "au-facts" },
      fact(t("Suspicion"), card.hidden || card.suspicion === null ? null : suspicionText(card.suspicion)),
      fact(t("Split"), bdi(card.split)),
      fact(t("Id"), bdi(card.id)),
    ),
  );
}

function title({ hidden, closing, rank }) {
  if (hidden) {
    return closing ? t("Drawn at random") : t("Your own reading first");
  }
  return rank === null ? t("Not judged") : t("Rank {rank}", { rank: count(rank) });
}

const fact = (name, value) => (value === null ? null : el("div", null, el("dt", null, name), el("dd", null, value)));

/** The shorter a text, the larger it is. */
function textOf(card) {
  const size = card.text.length <= 140 ? "large" : card.text.length <= 480 ? "medium" : "small";
  const text = prose("p", card.text, { class: `au-text au-text-${size}`, id: "au-text" });
  return card.text.length > LONG ? [text, unfold(card.text, text)] : text;
}

/** Fold a long text to its beginning, so that the labels are near; the button that shows all of it. */
function unfold(text, element) {
  const letters = [...text];
  const beginning = `${letters.slice(0, BEGINNING).join("")}…`;
  const button = el("button", { type: "button", class: "au-unfold", "aria-controls": "au-text" });
  const show = (open) => {
    replace(element, ...prose("p", open ? text : beginning).childNodes);
    set(button, "aria-expanded", String(open));
    button.textContent = open
      ? t("Show only the beginning")
      : t("Show all {number} characters", { number: count(letters.length) });
  };
  button.addEventListener("click", () => show(button.getAttribute("aria-expanded") === "false"));
  show(false);
  return button;
}

function labelsOf(card) {
  const named = (label, kind) => bdi(className(label), { class: `au-chip au-chip-${kind}` });
  const suggested = card.suggested === null ? t("none") : named(card.suggested, "suggested");
  return el(
    "dl",
    { class: "au-labels" },
    el("div", null, el("dt", null, t("Given")), el("dd", null, named(card.given, "given"))),
    !card.hidden && el("span", { class: "au-arrow", "aria-hidden": "true" }, "→"),
    !card.hidden && el("div", null, el("dt", null, t("Suggested")), el("dd", null, suggested)),
  );
}

/** Why a card that was decided is here again. */
function came(card) {
  return card.came_back
    ? el("p", { class: "au-notice" }, t("Your decision was not saved: {why}", { why: card.came_back }))
    : null;
}

/** Who asks this reviewer to look at the row; the note stands in the history after the verdict. */
function asked({ asked_by: people }) {
  const names = (people ?? []).map((name, at) => [at ? t(", ") : "", el("strong", null, bdi(name))]);
  const what =
    names.length === 1
      ? nodes("{names} asks you to look at this row.", { names })
      : nodes("{names} ask you to look at this row.", { names });
  return (
    names.length > 0 &&
    el("p", { class: "au-notice au-asked" }, what, " ", t("You see the note after your own verdict."))
  );
}

/** What this reviewer has decided, and who else has decided something. */
export function ownVerdict({ mine, decided_by: people, adjudicated: settled }) {
  const others = (people ?? []).filter(Boolean);
  return [
    adjudicated({ adjudicated: settled }),
    mine && el("p", { class: "au-notice" }, yours(mine)),
    others.length > 0 &&
      el(
        "p",
        { class: "au-muted" },
        nodes("Decided by {names}.", { names: others.map((name, at) => [at ? t(", ") : "", bdi(name)]) }),
      ),
  ];
}

function yours(mine) {
  const verdict = el("strong", null, verdictWords(mine));
  return mine.elsewhere
    ? nodes("Your verdict: {verdict}, given in another window.", { verdict })
    : nodes("Your verdict: {verdict}.", { verdict });
}

/** Stands instead of what the models say on a card that is to be judged without it. */
function unseen({ closing }) {
  const why = closing
    ? t("Cards of the closing sample come without what the models say, so that your verdict is your own.")
    : t("Some cards, chosen at random, come without what the models say, so that your verdict is your own.");
  return el("p", { class: "au-muted au-unshown" }, why);
}

/** The verdicts on similar texts that are why a card comes so early. */
function moved({ moved: nearby, given }) {
  if (!nearby) {
    return null;
  }
  const figures = { judged: count(nearby.judged), label: bdi(className(given)), wrong: count(nearby.wrong) };
  const why =
    nearby.wrong === 1
      ? nodes("↑ Moved up by verdicts on similar texts: of {judged} labelled {label}, {wrong} is wrong.", figures)
      : nodes("↑ Moved up by verdicts on similar texts: of {judged} labelled {label}, {wrong} are wrong.", figures);
  return el("p", { class: "au-moved" }, why);
}

/** Both verdicts of somebody who has judged the same card twice. */
function twice({ judged_twice: both, settling }) {
  return settling
    ? el(
        "p",
        { class: "au-notice", role: "alert" },
        nodes(
          "You have judged this text twice: first {before}, now {now}. Decide which holds; until then, the first does.",
          {
            before: el("strong", null, verdictWords(both.before)),
            now: el("strong", null, verdictWords(both.now)),
          },
        ),
      )
    : null;
}

function section(title, ...content) {
  return el("section", { class: "au-section" }, el("h3", null, title), ...content);
}

/** What the models say of the row, and why. */
function reasons(card) {
  const kind = kindWords(card);
  if (!card.reasons.length && !kind && !card.caution) {
    return null;
  }
  const list = el(
    "ul",
    { class: "au-reasons" },
    card.reasons.map((reason) => el("li", null, bdi(translated(reason)))),
  );
  return section(
    card.issue ? t("Why it is flagged") : t("What speaks for and against its label"),
    card.caution && el("p", { class: "au-kind au-caution" }, bdi(translated(card.caution))),
    kind && el("p", { class: "au-kind" }, kind),
    card.reasons.length > 0 && list,
  );
}

/** Probabilities of the labels by model, and each model's loss of the given one, in one table. */
function models(card) {
  const shown = card.models.filter((model) => model.probabilities.length);
  if (!shown.length) {
    return null;
  }
  const labels = shown[0].probabilities.map(({ label }) => label);
  const rows = labels.map((label, at) =>
    el(
      "tr",
      { class: role(card, label) },
      el(
        "th",
        { scope: "row" },
        bdi(className(label)),
        label === card.given && tag(t("given")),
        label === card.suggested && tag(t("suggested")),
      ),
      shown.map((model) => probability(model.probabilities[at].p)),
    ),
  );
  return section(
    t("What the models say"),
    el(
      "div",
      { class: "au-scroll", tabindex: "0", role: "region", "aria-label": t("Probabilities by model") },
      el(
        "table",
        { class: "au-models" },
        el("caption", { class: "au-unseen" }, t("Probability of each label, by model, and loss of the given label")),
        el(
          "thead",
          null,
          el(
            "tr",
            null,
            el("th", { scope: "col" }, t("Label")),
            shown.map(({ name }) => el("th", { scope: "col" }, name)),
          ),
        ),
        el("tbody", null, rows),
        el(
          "tfoot",
          null,
          el(
            "tr",
            null,
            el("th", { scope: "row" }, t("Loss of given")),
            shown.map(({ loss }) => el("td", null, decimal(loss))),
          ),
        ),
      ),
    ),
  );
}

const role = (card, label) => (label === card.given ? "au-given" : label === card.suggested ? "au-suggested" : null);
const tag = (text) => el("small", null, ` ${text}`);

function probability(p) {
  return el("td", null, percent(p), el("span", { class: "au-part", "aria-hidden": "true", vars: { part: p } }));
}

function neighbours(card) {
  if (!card.neighbours.length) {
    return null;
  }
  const rows = card.neighbours.map((neighbour) =>
    otherRow(card, neighbour, t("{share} alike", { share: percent(neighbour.similarity) })),
  );
  return section(t("Nearest rows"), el("ol", { class: "au-others" }, rows));
}

function duplicates(card) {
  if (!card.duplicates.length) {
    return null;
  }
  const rows = card.duplicates.map((duplicate) =>
    otherRow(card, duplicate, duplicate.exact ? t("same text") : t("nearly the same")),
  );
  const more = (card.duplicate_count ?? rows.length) - rows.length;
  const list = el("ol", { class: "au-others" }, rows);
  return section(
    t("Duplicates"),
    list,
    more > 0 && el("p", { class: "au-muted" }, t("and {rows}.", { rows: plural(more, "more row") })),
  );
}

function otherRow(card, other, alike) {
  const same = other.label === card.given;
  return el(
    "li",
    null,
    prose("p", other.text),
    el(
      "p",
      { class: "au-muted" },
      bdi(className(other.label), { class: same ? "au-chip au-chip-small" : "au-chip au-chip-small au-chip-differs" }),
      " ",
      same ? t("same label") : t("other label"),
      " · ",
      alike,
      other.split ? [" · ", bdi(other.split)] : null,
    ),
  );
}

/** Verdicts of language models, which the server sends only after the reviewer's own. */
function modelVerdicts({ model_verdicts: verdicts }) {
  if (!verdicts?.length) {
    return null;
  }
  const entries = verdicts.map((verdict) =>
    el(
      "li",
      null,
      el("p", null, el("strong", null, bdi(verdict.reviewer)), " ", words({ ...verdict, kind: "decide" })),
    ),
  );
  return section(t("Models that judged it"), el("ol", { class: "au-history" }, entries));
}

/** Where a verdict was given, as the log calls it, in words. */
const SOURCES = {
  table: t("table"),
  map: t("map"),
  group: t("group"),
  random: t("random"),
  repeat: t("repeat"),
  bulk: t("bulk"),
  import: t("import"),
};

const past = (card) => el("div", { class: "au-past" }, history(card));

/** List the decisions on the row; nothing if there are none. */
export function history(card) {
  if (!card.history?.length) {
    return null;
  }
  const entries = card.history.map((entry) =>
    el(
      "li",
      null,
      el(
        "p",
        null,
        el("strong", null, bdi(entry.reviewer)),
        " ",
        words(entry),
        entry.note ? [t(": "), bdi(entry.note, { class: "au-note" })] : null,
      ),
      el(
        "p",
        { class: "au-muted" },
        moment(entry.at),
        entry.source && entry.source !== "queue" ? ` · ${SOURCES[entry.source] ?? entry.source}` : null,
      ),
      entry.stale &&
        el("p", { class: "au-muted" }, t("No longer counts: the row had another text or given label then.")),
    ),
  );
  return section(t("History"), el("ol", { class: "au-history" }, entries));
}

function words(entry) {
  const verdict = verdictWords(entry);
  if (entry.kind === "decide") {
    return entry.adjudication ? nodes("settled the row: {verdict}", { verdict }) : verdict;
  }
  return entry.kind === "undo" ? t("undid it") : [t("redid it"), entry.verdict ? [t(": "), verdict] : null];
}
