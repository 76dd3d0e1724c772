/** What the filter asks for, as chips that each can be taken away. */

import { className } from "../common/classes.js";
import { bdi, el, plural, replace } from "../common/dom.js";
import { change } from "../common/parts.js";
import { store } from "../common/store.js";
import { kindName, tierWord, verdictName } from "../common/words.js";
import { nodes, t } from "../common/language.js";

const NOBODY = { anyone: t("decided by nobody"), me: t("not decided by me") };

/** How a chip words one value of each field. */
const WORDS = {
  given: (value) => nodes("given {value}", { value: bdi(className(value)) }),
  suggested: (value) => nodes("suggested {value}", { value: bdi(className(value)) }),
  pair: (value) => change(...pair(value)),
  split: (value) => nodes("split {value}", { value: bdi(value) }),
  verdict: (value) => nodes("verdict {value}", { value: bdi(verdictName(value)) }),
  reviewer: (value) => nodes("by {name}", { name: bdi(value) }),
  text: (value) =>
    store.query.get("regex") === "1"
      ? nodes("text matches {value}", { value: bdi(value) })
      : nodes("text has {value}", { value: bdi(value) }),
  min_suspicion: (value) => nodes("suspicion ≥ {value}", { value: bdi(value) }),
  max_suspicion: (value) => nodes("suspicion ≤ {value}", { value: bdi(value) }),
  issue: (value) => (value === "1" ? t("rows to read again") : t("rows that are not flagged")),
  kind: (value) => bdi(kindName(value)),
  tier: (value) => nodes("tier {value}", { value: bdi(tierWord(value)) }),
  conflict: (value) => (value === "1" ? t("verdicts differ") : t("no verdicts that differ")),
  undecided: (value) => NOBODY[value] ?? bdi(value),
  duplicate_group: (value) => nodes("duplicates {value}", { value: bdi(value) }),
  group: (value) => nodes("group {value}", { value: bdi(value) }),
  note: (value) => nodes("note has {value}", { value: bdi(value) }),
  note_by: (value) => nodes("note by {name}", { name: bdi(value) }),
  asked: () => t("for me to look at"),
  guideline: (value) => guidelineName(value),
  batch: (value) => (value === "me" ? t("my batch") : nodes("batch of {name}", { name: bdi(value) })),
  selection: () => t("rows picked on the map"),
};

const GUIDELINES = { current: t("under the current guidelines"), older: t("under older guidelines") };

/** Under which guidelines a row was decided. */
export const guidelineName = (value) => GUIDELINES[value] ?? nodes("guidelines {value}", { value: bdi(value) });

/** The two labels of a pair as the URL holds it; the text itself where it holds something else. */
export function pair(value) {
  try {
    const [given, suggested] = JSON.parse(value);
    return [given, suggested];
  } catch {
    return [value, "?"];
  }
}

/** The pairs that the filter asks for, each written as we write it: an address may have been written elsewhere. */
export const chosenPairs = () => store.all("pair").map((value) => JSON.stringify(pair(value)));

/** Draw the chips of the filter as it stands into the list `into`; `after` has the focus when none is left. */
export function drawChips(into, after) {
  const chips = [...store.query].filter(([name]) => name !== "regex" && name !== "ids").map(chip);
  const ids = store.all("ids").length;
  if (ids) {
    chips.push([plural(ids, "chosen row"), { ids: null }]);
  }
  into.hidden = chips.length === 0;
  replace(into, ...chips.map(([words, rest], index) => item(words, rest, index, into, after)));
}

function chip([name, value]) {
  const words = WORDS[name]?.(value) ?? [`${name} `, bdi(value)];
  const rest = store.all(name).filter((other) => other !== value);
  return [words, name === "text" ? { text: null, regex: null } : { [name]: rest }];
}

function item(words, rest, index, into, after) {
  const text = el("span", { class: "pg-chip-text" }, words);
  const remove = () => {
    store.set(rest);
    const left = into.querySelectorAll("button");
    (left[Math.min(index, left.length - 1)] ?? after).focus();
  };
  const attributes = {
    type: "button",
    "aria-label": t("Remove filter: {words}", { words: text.textContent }),
    onclick: remove,
  };
  return el("li", { class: "pg-chip" }, text, el("button", attributes, "×"));
}
