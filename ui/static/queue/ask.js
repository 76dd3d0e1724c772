/** Asking a colleague to look at a row: their name goes into the note, which puts the row into their queue. */

import { get } from "../common/api.js";
import { openDialog } from "../common/dialog.js";
import { bdi, el } from "../common/dom.js";
import { t } from "../common/language.js";

/**
 * Let a colleague be chosen.
 *
 * @param {(text: string) => void} take Given what is to stand in the note: `@bob`.
 */
export async function askColleague(take) {
  const { people, anyone } = await get("people");
  const choose = (name) => {
    close();
    take(`@${name}`);
  };
  const choice = (name, words) => el("button", { type: "button", onclick: () => choose(name) }, words);
  const list = el(
    "div",
    { class: "au-people" },
    choice(anyone, t("Anyone")),
    people.map((name) => choice(name, bdi(name))),
  );
  const how = el(
    "p",
    { class: "au-muted" },
    t("The row comes first in their queue until they have judged it. They see your note after their own verdict."),
  );
  const { close, element } = openDialog(t("Who should look at this row?"), [list, how]);
  element.querySelector(".au-people button").focus();
}
