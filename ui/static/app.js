/** The page's one entry: each of Gradio's empty elements is given here to the script of its name. */

import { complain, get, post } from "./api.js";
import { askName } from "./dialog.js";
import { el } from "./dom.js";
import { store } from "./store.js";

let ready;

/** Build the page `name`, `"queue"`, within `element`. */
export async function mount(name, element) {
  try {
    ready ??= start();
    const session = await ready;
    const page = await import(`./${name}.js`);
    await page.mount(element, session);
  } catch (error) {
    complain(error);
  }
}

/** The session, with the name of who reviews in it; the heading, and what the URL asks for. */
async function start() {
  const session = await get("session");
  if (!session.reviewer && !session.login) {
    session.reviewer = await askName(async (name) => (await post("name", { name })).reviewer);
  }
  document.querySelector(".auditor-title")?.replaceChildren(el("bdi", null, session.run.name));
  document.querySelector(".auditor-reviewer")?.replaceChildren(el("bdi", null, session.reviewer));
  store.start(session.default_query);
  return session;
}
