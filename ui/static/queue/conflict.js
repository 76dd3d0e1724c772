/** A row on which people differ, as whoever settles it sees it: all verdicts with their notes, side by side. */

import { get } from "../common/api.js";
import { bdi, count, el } from "../common/dom.js";
import { store } from "../common/store.js";
import { moment, verdictWords } from "../common/words.js";
import { nodes, t } from "../common/language.js";

/**
 * @param {Object} card As the server sends it; `conflict` holds the verdicts that differ.
 * @param {(verdict: Object) => string|null} keyOf The key that decides as a verdict does.
 */
export function drawConflict({ conflict }, keyOf) {
  return (
    conflict &&
    el(
      "section",
      { class: "au-conflict", "aria-label": t("Verdicts that differ") },
      el("h3", null, t("Verdicts differ")),
      el(
        "ol",
        { class: "au-sides" },
        conflict.map((verdict) => side(verdict, keyOf(verdict))),
      ),
      el(
        "p",
        { class: "au-muted" },
        t("Your verdict settles this row: it outranks these. Skip the card to leave it open."),
      ),
    )
  );
}

function side(verdict, key) {
  return el(
    "li",
    null,
    el(
      "p",
      { class: "au-side-verdict" },
      el("strong", null, verdictWords(verdict)),
      key && el("kbd", { title: t("Give the same verdict") }, key),
    ),
    verdict.note && el("p", null, bdi(verdict.note, { class: "au-note" })),
    el("p", { class: "au-muted" }, bdi(verdict.reviewer), " · ", moment(verdict.at)),
  );
}

/** Who has settled a row, and how. */
export function adjudicated({ adjudicated: found }) {
  return (
    found &&
    el(
      "p",
      { class: "au-notice" },
      nodes("Settled by {name}: {verdict}.", {
        name: bdi(found.reviewer),
        verdict: el("strong", null, verdictWords(found)),
      }),
    )
  );
}

/** Whether the queue is that of the rows in conflict, in which a verdict settles the row. */
export const settles = ({ role }) => role !== "reviewer" && store.query.get("conflict") === "1";

/** The way to the rows in conflict and back, for those who may settle them; hidden while there are none. */
export function conflictsButton(session) {
  const toggle = () =>
    settles(session)
      ? store.replaceAll(new URLSearchParams(session.default_query), { sort: session.default_sort })
      : store.replaceAll(new URLSearchParams({ conflict: "1" }), { sort: "suspicion" });
  const button = el("button", { type: "button", class: "au-conflicts", hidden: true, onclick: toggle });
  const update = async () => {
    const pulse = session.role === "reviewer" ? null : await get("pulse").catch(() => null);
    if (pulse) {
      button.hidden = !pulse.conflicts && !settles(session);
      button.textContent = t("Conflicts: {number}", { number: count(pulse.conflicts) });
    }
    button.setAttribute("aria-pressed", String(settles(session)));
  };
  for (const event of ["auditor:moved", "auditor:decided"]) {
    document.addEventListener(event, update);
  }
  store.subscribe(update);
  update();
  return button;
}
