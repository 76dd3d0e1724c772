/** What the queue shows when there is no card. */

import { bdi, el, plural } from "../common/dom.js";
import { store } from "../common/store.js";
import { t } from "../common/language.js";

/** Cards are on their way, or what hinders them. */
export function drawWaiting(trouble, retry) {
  if (!trouble) {
    return el("p", { class: "au-muted" }, t("The next cards are on their way…"));
  }
  return el(
    "div",
    { class: "au-nothing" },
    el("h2", null, t("No cards could be loaded")),
    el("p", null, bdi(trouble.what), " ", bdi(trouble.todo)),
    el("p", { class: "au-actions" }, button(t("Try again"), retry)),
  );
}

/**
 * The end of the queue.
 *
 * @param {{decided: number, skipped: number, query: URLSearchParams, restart: () => void}} figures
 */
export function drawEnd({ decided, skipped, query, restart }) {
  const ways = [];
  if (skipped) {
    ways.push(button(t("Start over with the {rows}", { rows: plural(skipped, "skipped row") }), restart));
  }
  if (query.get("issue") === "1") {
    ways.push(
      button(t("Go on with the rows that are not flagged, most suspect first"), () =>
        store.set({ issue: null }, { sort: "suspicion" }),
      ),
    );
  }
  if ([...query.keys()].some((name) => name !== "undecided")) {
    ways.push(
      button(t("Go on without any filter"), () =>
        store.replaceAll(query.has("undecided") ? { undecided: query.get("undecided") } : {}),
      ),
    );
  }
  ways.push(button(t("Look for new ones"), restart));
  return el(
    "div",
    { class: "au-nothing" },
    el("h2", null, t("This queue is at its end")),
    el("p", null, summary(plural(decided, "row"), skipped)),
    el("p", { class: "au-actions" }, ways),
  );
}

const summary = (rows, skipped) =>
  skipped
    ? t("You have decided {rows} and skipped {skipped}; skipped rows will reappear.", { rows, skipped })
    : t("You have decided {rows} and skipped 0.", { rows });

const button = (text, onclick) => el("button", { type: "button", onclick }, text);
