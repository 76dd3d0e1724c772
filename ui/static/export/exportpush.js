/** Pushing to the Hub: the destination, a preview, the progress and the result. */

import { file, get, post } from "../common/api.js";
import { bdi, count, el, replace, set } from "../common/dom.js";
import { box, hint } from "./exportform.js";
import { save, wordsOf } from "./exporttake.js";
import { live } from "../common/live.js";
import { bar, button } from "../common/parts.js";
import { nodes, t, translated } from "../common/language.js";

const EVERY = 1500;

/**
 * Make the form.
 *
 * @param {Object} session
 * @param {() => Object} rows Which rows are to be pushed, with which labels.
 */
export function pushForm(session, rows) {
  const place = { type: "text", autocomplete: "off", autocapitalize: "none", spellcheck: "false", required: true };
  const repo = el("input", { ...place, id: "ex-repo", maxlength: "200" });
  const config = el("input", { ...place, id: "ex-config", maxlength: "100" });
  const hidden = box(t("Private, if it is new"), null, { checked: true });
  const request = box(t("As a pull request, for others to accept"));
  const original = box(t("Include the given labels as a separate configuration"), null, { checked: true });
  const provenance = box(t("With columns that say who decided what, and when"));
  const wrong = el("p", { class: "pg-wrong", role: "alert" });
  const looked = el("div", { class: "ex-said", role: "status" });
  const status = el("div", { class: "ex-status", role: "status" });
  const look = button(t("Preview"), () => act(download));
  const go = el("button", { type: "submit", class: "ex-primary" }, t("Push"));
  config.value = "corrected";

  const sent = () => ({
    ...rows(),
    run: session.run.id,
    reviewer: session.reviewer,
    repo: repo.value.trim(),
    config_name: config.value.trim(),
    private: hidden.input.checked,
    create_pr: request.input.checked,
    original: original.input.checked,
    provenance: provenance.input.checked,
  });
  const download = async () => {
    const made = await file("export/push/files", sent(), { post: true });
    save(made);
    replace(
      looked,
      made.notes.map((note) => el("p", { class: "pg-hint" }, bdi(note))),
    );
  };
  const push = async () => draw(await post("export/push", sent()));
  const form = el(
    "form",
    { onsubmit: (event) => (event.preventDefault(), act(push)) },
    field(t("Dataset on the Hub, user/name"), repo),
    field(t("Name of the configuration"), config),
    el("div", null, hidden.row, request.row, original.row, provenance.row),
    el("div", { class: "pg-row" }, go, look),
    hint(t("It is pushed with the token of the machine that serves this page.")),
    looked,
    wrong,
  );

  let asking = false;
  let running = false;
  const enable = () => ([look.disabled, go.disabled] = [asking, asking || running]);

  async function act(what) {
    if (!form.reportValidity()) {
      return;
    }
    asking = true;
    enable();
    wrong.textContent = "";
    try {
      await what();
    } catch (error) {
      wrong.textContent = wordsOf(error);
    }
    asking = false;
    enable();
  }
  function draw(answer) {
    running = answer.state === "running";
    enable();
    const shown = el("div", null, STATES[answer.state](answer));
    if (shown.textContent !== status.textContent) {
      replace(status, ...shown.childNodes); // else it would be read aloud again
    }
    set(status, "data-state", answer.state);
  }

  const title = t("Push to the Hugging Face Hub");
  const element = el("section", { class: "ex-box", "aria-labelledby": "ex-push" }, el("h3", { id: "ex-push" }, title));
  if (!session.login) {
    const how = t("Pushing needs a login: start the page with --auth, or use auditor push on the command line.");
    element.append(hint(how));
    return element;
  }
  element.append(form, status);
  live(element, { key: () => "", ask: (signal) => get("export/push", {}, { signal }), draw, every: EVERY });
  return element;
}

const STATES = {
  none: () => null,
  running: ({ repo, by, task, done, total }) => [
    el("p", null, nodes("Pushing to {repo} for {name}…", { repo: bdi(repo), name: bdi(by) })),
    el(
      "p",
      { class: "pg-hint" },
      bdi(translated(task)),
      total > 0 && t(": {done} of {total}", { done: count(done), total: count(total) }),
    ),
    total > 0 && bar(done / total),
  ],
  done: ({ repo, by, url, pr_url: request, unchanged, notes }) => [
    el(
      "p",
      null,
      nodes("{outcome} {repo} by {name}:", {
        outcome: el("strong", null, outcome(request, unchanged)),
        repo: bdi(repo),
        name: bdi(by),
      }),
    ),
    el("p", null, bdi(request ?? url, { class: "ex-address" })),
    notes.map((note) => el("p", { class: "pg-hint" }, bdi(translated(note)))),
  ],
  failed: ({ repo, by, what, todo }) => [
    el(
      "p",
      null,
      nodes("{outcome} {repo} by {name}:", {
        outcome: el("strong", null, t("Not pushed to")),
        repo: bdi(repo),
        name: bdi(by),
      }),
    ),
    el("p", null, bdi(translated(what)), " ", bdi(translated(todo))),
  ],
};

function outcome(request, unchanged) {
  if (unchanged) {
    return t("The Hub already had all of it:");
  }
  return request ? t("Proposed to") : t("Pushed to");
}

const field = (name, input) => el("div", { class: "ex-field" }, el("label", { for: input.id }, name), input);
