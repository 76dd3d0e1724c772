/** The guidelines beside the card: read, written, and the pairs of labels that need a line. */

import { complain, get, post, say } from "../common/api.js";
import { bdi, el, plural, prose, replace, set } from "../common/dom.js";
import { newId } from "./outbox.js";
import { drawMarkdown } from "./markdown.js";
import { moment } from "../common/words.js";
import { nodes, t } from "../common/language.js";

const HOW = t(
  "A heading such as ## joy begins the section of a label: its first line is the tip of the label’s button, and list items are its examples. ## joy / love begins that of a pair.",
);

export class Guidelines {
  element = el("aside", { class: "au-guide", "aria-label": t("Guidelines"), hidden: true, tabindex: "-1" });

  #session;
  #changed;
  #now = null; // what the server has; null before it was asked
  #writing = false;

  /**
   * @param {Object} session
   * @param {() => void} changed Called when there are other guidelines.
   */
  constructor(session, changed) {
    this.#session = session;
    this.#changed = changed;
    document.addEventListener("auditor:classes", () => this.load()); // a section may have the new name of a class
    this.load();
  }

  /** Version of the guidelines that are shown; null without any. */
  get version() {
    return this.#now?.version ?? null;
  }

  /** The line of a label; an empty string where it has none. */
  lineOf(label) {
    const { sections } = this.#now ?? {};
    return sections && Object.hasOwn(sections, label) ? sections[label].line : "";
  }

  /** Show or hide them. */
  toggle() {
    this.element.hidden = !this.element.hidden;
    if (!this.element.hidden) {
      this.#draw();
      if (this.element.getBoundingClientRect().top < 0) {
        this.element.scrollIntoView({ block: "start" });
      }
      say(t("The guidelines are shown beside the card."), { quiet: true });
    }
  }

  /** Hear of the version that the server has now. */
  follow(version) {
    if (this.#now && version !== undefined && version !== this.version) {
      this.load();
    }
  }

  async load() {
    const found = await get("guidelines").catch(() => null); // the next pulse may bring them
    if (found) {
      this.#take(found);
    }
  }

  #take(found) {
    const isNew = this.#now !== null && found.version !== this.version;
    this.#now = found;
    if (isNew && found.by !== this.#session.reviewer) {
      say(t("{name} has changed the guidelines.", { name: found.by ?? t("Somebody") }));
    }
    if (!this.#writing) {
      this.#draw();
    }
    this.#changed();
  }

  #draw() {
    if (this.element.hidden || !this.#now) {
      return;
    }
    const { text, by, at, version } = this.#now;
    const from = by === null ? t("From a file") : nodes("By {name}", { name: bdi(by) });
    const about =
      version &&
      el("p", { class: "au-muted" }, nodes("{from}, {when} · version {version}", { from, when: moment(at), version }));
    const none = el("p", null, t("There are no guidelines yet: write what each label means, with examples."));
    replace(
      this.element,
      this.#head(
        el("button", { type: "button", onclick: () => this.#write(text) }, text ? t("Edit") : t("Write them")),
      ),
      about,
      el("div", { class: "au-guide-text" }, text ? drawMarkdown(text) : none),
      this.#pairs(),
    );
  }

  #head(...buttons) {
    const close = el(
      "button",
      { type: "button", class: "au-close", "aria-label": t("Close"), onclick: () => this.toggle() },
      "×",
    );
    return el("header", null, el("h2", null, t("Guidelines")), buttons, close);
  }

  /** Pairs of labels whose texts people and models mix up, those without a line first. */
  #pairs() {
    const pairs = [...this.#now.pairs].sort((a, b) => Number(a.has_line) - Number(b.has_line));
    return (
      pairs.length > 0 &&
      el(
        "section",
        { class: "au-guide-pairs" },
        el("h3", null, t("Labels that are hard to tell apart")),
        pairs.map((pair) => this.#pair(pair)),
      )
    );
  }

  #pair({ labels: [a, b], rows, has_line: done, examples }) {
    const write = () => this.#write(`${this.#now.text}\n\n## ${a} / ${b}\n`.trimStart());
    const texts = examples.map((both) =>
      el(
        "div",
        { class: "au-guide-both" },
        [a, b].map((label, at) => prose("p", both[at], { title: label })),
      ),
    );
    return el(
      "details",
      null,
      el(
        "summary",
        null,
        bdi(a),
        " / ",
        bdi(b),
        el("span", { class: "au-muted" }, ` · ${plural(rows, "row")}${done ? " · ✓" : ""}`),
      ),
      texts.length > 0 && el("div", { class: "au-guide-both au-muted" }, el("p", null, bdi(a)), el("p", null, bdi(b))),
      texts,
      done
        ? el("p", { class: "au-muted" }, t("The guidelines have a line for this pair."))
        : el("button", { type: "button", onclick: write }, t("Write a line")),
    );
  }

  /** Open the editor of the guidelines, which begins with `text`. */
  #write(text) {
    const base = this.version;
    const problem = el("p", { class: "au-problem", role: "alert" });
    const input = el("textarea", {
      rows: "14",
      dir: "auto",
      maxlength: this.#now.longest,
      "aria-label": t("Guidelines, in Markdown"),
    });
    const save = el("button", { type: "submit", class: "au-primary" }, t("Save"));
    const id = newId();
    const send = async (event) => {
      event.preventDefault();
      const { run, reviewer } = this.#session;
      set(save, "disabled", true);
      try {
        const found = await post("guidelines", { run: run.id, reviewer, event_id: id, text: input.value, base });
        this.#writing = false;
        this.#take(found);
        say(t("The guidelines are saved. Decisions from now on are made under them."));
        this.element.focus();
      } catch (error) {
        problem.textContent = `${error.what ?? error.message} ${error.todo ?? ""}`;
        error.what || complain(error);
      }
      set(save, "disabled", null);
    };
    const giveUp = () => {
      this.#writing = false;
      this.#draw();
    };
    this.#writing = true;
    input.value = text;
    replace(
      this.element,
      this.#head(),
      el(
        "form",
        { onsubmit: send },
        input,
        problem,
        el("p", { class: "au-actions" }, save, el("button", { type: "button", onclick: giveUp }, t("Cancel"))),
        el("p", { class: "au-muted" }, HOW),
      ),
    );
    input.focus();
    input.setSelectionRange(text.length, text.length);
    input.scrollTop = input.scrollHeight;
  }
}
