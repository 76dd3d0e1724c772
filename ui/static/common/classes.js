/** What the dataset's labels are called now: classes can be renamed, merged and left out while pages are open. */

import { complain, get } from "./api.js";
import { t } from "./language.js";

let labels = [];
let base; // id of the latest change that the page knows of
let names = new Map(); // of each label: its new name, and whether it is a class of its own

/** Take the labels and their names from the session, and follow them from then on. */
export function start(session) {
  labels = session.labels;
  take(session.classes);
  document.addEventListener("auditor:pulse", async ({ detail }) => {
    if (detail.classes !== base) {
      const answer = await get("classes").catch(complain);
      answer && learn(answer);
    }
  });
}

/** The classes are others: pages hear of it as `auditor:classes`. */
export function learn(answer) {
  take(answer);
  document.dispatchEvent(new CustomEvent("auditor:classes"));
}

function take(answer) {
  base = answer.base;
  names = new Map(labels.map((label, at) => [label, answer.names[at]]));
}

/** What a label is called now; one that is no class of its own any more says which it was. */
export function className(label) {
  const { name, own } = names.get(label) ?? { name: label, own: true };
  if (own) {
    return name;
  }
  return name === null ? t("{label} (left out)", { label }) : t("{label} (now {name})", { label, name });
}

/** Whether a label is a class of its own, and not left out or merged into another. */
export const isClass = (label) => names.get(label)?.own ?? true;
