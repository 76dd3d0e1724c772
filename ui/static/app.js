/** The page's one entry: each of Gradio's empty elements is given here to the script of its name. */

import { complain, get, post, say } from "./common/api.js";
import { start as startClasses } from "./common/classes.js";
import { askName } from "./common/dialog.js";
import { el } from "./common/dom.js";
import { Keys, isOurs } from "./queue/keys.js";
import { start as startPulse } from "./common/pulse.js";
import { start as startRanking } from "./common/ranking.js";
import { store } from "./common/store.js";
import { OTHER, switchLanguage, t } from "./common/language.js";

/** The script of each of them. */
const PAGES = {
  confusions: "progress/confusions",
  export: "export/export",
  filters: "filters/filters",
  groups: "table/groups",
  map: "map/map",
  progress: "progress/progress",
  queue: "queue/queue",
  table: "table/table",
};

let ready;

/** Build the page `name`, `"queue"`, within `element`. */
export async function mount(name, element) {
  try {
    ready ??= start();
    const session = await ready;
    const page = await import(`./${PAGES[name]}.js`);
    await page.mount(element, session);
  } catch (error) {
    complain(error);
  }
}

/** The session, with the name of who reviews in it; the heading, and what the URL asks for. */
async function start() {
  const session = await get("session");
  if (!session.reviewer && !session.login) {
    session.reviewer = await askName(takeName);
  }
  document.querySelector(".auditor-title")?.replaceChildren(el("bdi", null, session.run.name));
  document.querySelector(".auditor-reviewer")?.replaceChildren(reviewer(session));
  store.start(session.default_query, session.default_sort);
  startClasses(session);
  startRanking(session);
  startPulse();
  document.querySelector(".auditor-language")?.replaceChildren(languageButton());
  document.addEventListener("keydown", (event) => sayWhereUndoIs(event, session));
  return session;
}

const takeName = async (name) => (await post("name", { name })).reviewer;

/** The reviewer's name; one that nobody has logged in with can be changed. */
function reviewer({ reviewer: name, login }) {
  const shown = el("bdi", null, name);
  return login
    ? shown
    : el("button", { type: "button", title: t("Change the name"), onclick: () => rename(name) }, shown);
}

/** The way to the other language, named in it. */
function languageButton() {
  const [name, lang] = OTHER;
  return el("button", { type: "button", lang, onclick: switchLanguage }, name);
}

/** Ask for the name again, and begin anew under it; the queue may say that something has to be saved first. */
async function rename(name) {
  if (document.dispatchEvent(new CustomEvent("auditor:rename", { cancelable: true }))) {
    await askName(takeName, name);
    location.reload();
  }
}

/** Undo and redo are the queue's, from every tab; one that was never opened cannot do them. */
function sayWhereUndoIs(event, session) {
  if (!document.querySelector(".au-queue") && isOurs(event)) {
    const action = new Keys(session.keys).actionOf(event);
    if (action === "undo" || action === "redo") {
      say(t("Undo and redo are in the queue: open it first."));
    }
  }
}
