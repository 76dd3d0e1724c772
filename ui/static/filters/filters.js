/** The filter's panel: what is asked for, how many rows that finds, and what each further choice would find. */

import { get, say } from "../common/api.js";
import { chosenPairs, drawChips, guidelineName, pair } from "./chips.js";
import { className } from "../common/classes.js";
import { bdi, el, plural } from "../common/dom.js";
import { facet } from "./facet.js";
import { debounced, live } from "../common/live.js";
import { button, change } from "../common/parts.js";
import { store } from "../common/store.js";
import { range } from "./suspicion.js";
import { kindName, tierName, verdictName } from "../common/words.js";
import { t } from "../common/language.js";

const ISSUES = { "": t("All"), 1: t("Rows to read again"), 0: t("Other rows") };
const DECIDED = { "": t("All"), anyone: t("By nobody yet"), me: t("Not by me yet") };
const CONFLICT = { "": t("All"), 1: t("Verdicts differ"), 0: t("Other rows") };
const NARROW = "(max-width: 48rem)";

export function mount(element, session) {
  const found = el("p", { class: "pg-found" });
  let announced = null;
  const chips = el("ul", { class: "pg-chips", "aria-label": t("Filters that are set") });
  const clear = button(t("Clear"), () => store.replaceAll({}));
  const start = button(t("Default"), () => store.replaceAll(session.default_query, { sort: session.default_sort }), {
    title: t("Rows that nobody has decided, most suspect first"),
  });
  const text = textSearch();
  const notes = noteSearch();
  const suspicions = range();
  const facets = makeFacets(session);
  const actions = el(
    "div",
    { class: "pg-row" },
    clear,
    start,
    button(t("Copy link"), () => copyLink(actions)),
  );
  element.append(
    el("h2", { class: "pg-panel-title" }, t("Filter")),
    el("div", null, found, chips, actions),
    el("form", { class: "pg-panel", novalidate: true, onsubmit: (event) => event.preventDefault() }, [
      text.element,
      notes.element,
      facets.map((facet) => [facet.name === "pair" && suspicions.element, facet.element]),
    ]),
  );
  const chip = () => drawChips(chips, clear);
  store.subscribe(() => (chip(), text.update(), notes.update()));
  chip();
  text.update();
  notes.update();
  live(element, {
    ask: (signal) => get("facets", store.query, { signal }),
    stays: true,
    fail: (error) => {
      const ours = text.fail(error);
      if (ours) {
        found.textContent = t("No row is found: the search is not understood.");
      }
      return ours;
    },
    draw: (answer) => {
      found.textContent = t("{rows} found", { rows: plural(answer.found, "row") });
      if (announced !== null && announced !== store.query.toString()) {
        say(t("{text}.", { text: found.textContent }), { quiet: true }); // not at each decision
      }
      announced = store.query.toString();
      facets.forEach((facet) => facet.draw(answer.facets));
      suspicions.update(answer.suspicion);
    },
  });
  tuck(element);
}

/** The facets in the order of the panel; each draws its part of the server's counts. */
function makeFacets(session) {
  /** @type {(name: string, legend: string, options?: Object, choices?: (counts: any[]) => Object[]) => any} */
  const make = (name, legend, { always = true, ...options } = {}, choices = (counts) => counts) => {
    const { element, update } = facet(name, legend, { describe: (value) => bdi(value), ...options });
    const draw = (all) => {
      update(choices(all[name]));
      element.hidden = !always && !store.query.has(name) && !all[name].some((choice) => choice.count > 0);
    };
    return { name, element, draw };
  };
  const any = { value: "", count: null };
  const words = (names) => ({ single: true, describe: (value) => names[value] });
  return [
    make("undecided", t("Decided"), words(DECIDED), (counts) => [any, ...counts]),
    make("asked", t("Asked"), { always: false, describe: () => t("For me to look at") }),
    ...(session.has.batches
      ? [make("batch", t("Batch"), { open: false, describe: (value) => (value === "me" ? t("My batch") : bdi(value)) })]
      : []),
    make("issue", t("Flagged"), words(ISSUES), (counts) => [
      any,
      ...counts
        .map(({ value, count }) => ({ value: String(Number(value)), count }))
        .sort((a, b) => Number(b.value) - Number(a.value)),
    ]),
    make("conflict", t("Conflicts"), { ...words(CONFLICT), open: false }, (counts) => [
      any,
      ...counts
        .map(({ value, count }) => ({ value: String(Number(value)), count }))
        .sort((a, b) => Number(b.value) - Number(a.value)),
    ]),
    ...(session.has.kinds
      ? [
          make("kind", t("What the models say"), { describe: (value) => bdi(kindName(value)) }),
          make("tier", t("Tier"), { describe: (value) => bdi(tierName(value)) }),
        ]
      : []),
    make("given", t("Given label"), { describe: (value) => bdi(className(value)) }),
    make("suggested", t("Suggested label"), { describe: (value) => bdi(className(value)) }),
    make(
      "pair",
      t("Given → suggested"),
      { open: false, asked: chosenPairs, describe: (value) => change(...pair(value)) },
      (counts) => counts.map(({ given, suggested, count }) => ({ value: JSON.stringify([given, suggested]), count })),
    ),
    ...(session.splits.length > 1 ? [make("split", t("Split"), { open: false })] : []),
    make("verdict", t("Verdict"), { open: false, describe: (value) => bdi(verdictName(value)) }),
    make("reviewer", t("Reviewer"), { open: false }),
    make("note_by", t("Notes by"), { open: false, always: false }),
    make("guideline", t("Guidelines"), { open: false, always: false, describe: guidelineName }),
  ];
}

/** Search in the texts, plain or by a regular expression. The field shows what is wrong with an expression. */
function textSearch() {
  const wrong = el("p", { class: "pg-wrong", id: "pg-text-wrong", role: "alert" });
  const input = el("input", {
    type: "search",
    dir: "auto",
    id: "pg-text",
    "aria-describedby": wrong.id,
    maxlength: "1000",
  });
  const regex = el("input", { type: "checkbox" });
  const set = () => store.set({ text: input.value || null, regex: input.value && regex.checked ? "1" : null });
  input.addEventListener("input", debounced(set));
  regex.addEventListener("change", () => input.value && set());
  const fail = (error) => {
    const ours = error !== null && error.status >= 400 && error.status < 500 && store.query.has("text");
    wrong.textContent = ours ? `${error.what} ${error.todo}` : "";
    input.setAttribute("aria-invalid", String(ours));
    return ours;
  };
  const update = () => {
    if (document.activeElement !== input) {
      input.value = store.query.get("text") ?? "";
    }
    regex.checked = store.query.get("regex") === "1" || (regex.checked && !store.query.has("text"));
  };
  const element = el(
    "div",
    { class: "pg-facet" },
    el("label", { for: "pg-text", class: "pg-legend" }, t("Text")),
    input,
    wrong,
    el("label", { class: "pg-choice" }, regex, el("span", { class: "pg-choice-text" }, t("Regular expression"))),
  );
  return { element, fail, update };
}

/** Search in the notes that people have written. */
function noteSearch() {
  const input = el("input", { type: "search", dir: "auto", id: "pg-note", maxlength: "1000" });
  input.addEventListener(
    "input",
    debounced(() => store.set({ note: input.value || null })),
  );
  const update = () => {
    if (document.activeElement !== input) {
      input.value = store.query.get("note") ?? "";
    }
  };
  return {
    element: el("div", { class: "pg-facet" }, el("label", { for: input.id, class: "pg-legend" }, t("Notes")), input),
    update,
  };
}

/** Copy the page's address; where the browser refuses that, show it to be copied by hand. */
async function copyLink(place) {
  try {
    await navigator.clipboard.writeText(location.href);
    say(t("The link to this view is copied."));
  } catch {
    const shown = el("input", { readonly: true, value: location.href, "aria-label": t("Link to this view") });
    place.querySelector("input")?.remove();
    place.append(shown);
    shown.select();
  }
}

/** On a narrow screen the sidebar begins closed; nothing in a closed one can have the focus. */
function tuck(element) {
  const sidebar = element.closest(".sidebar");
  const toggle = sidebar?.querySelector(".toggle-button");
  if (!toggle) {
    return;
  }
  const content = sidebar.querySelector(".sidebar-content");
  const follow = () => {
    const open = sidebar.classList.contains("open");
    content.inert = !open;
    toggle.setAttribute("aria-expanded", String(open));
    toggle.setAttribute("aria-label", t("Filter"));
  };
  new MutationObserver(follow).observe(sidebar, { attributes: true, attributeFilter: ["class"] });
  if (matchMedia(NARROW).matches && sidebar.classList.contains("open")) {
    toggle.click();
  }
  follow();
}
