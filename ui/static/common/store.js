/**
 * What the page shows, as its URL says it: the filter, the sort, the tab and the card.
 *
 * A view can so be bookmarked and sent. All pages read from here, and change what is shown by `set` alone.
 */

import { t } from "./language.js";

export const TABS = ["queue", "table", "groups", "map", "confusions", "progress", "export"];
/** Names in the URL that are the page's own; those that begin with two underscores, and `view`, are Gradio's. */
const OWN = new Set(["tab", "card", "sort", "seed", "after", "limit", "page", "size", "view", "closing"]);
const isField = (name) => !OWN.has(name) && !name.startsWith("__");

/** Tabs by the labels of Gradio's buttons. */
const NAMES = {
  [t("Queue")]: "queue",
  [t("Table")]: "table",
  [t("Groups")]: "groups",
  [t("Map")]: "map",
  [t("Confusions")]: "confusions",
  [t("Progress")]: "progress",
  [t("Export")]: "export",
};

const listeners = new Set();

class Store {
  /** Fields of the filter, as they are sent to the server. */
  query = new URLSearchParams();
  sort = "suspicion";
  /** The order that needs no mention in the URL, and the filter that a first visit begins with. */
  defaultSort = "suspicion";
  defaultQuery = "";
  /** Seed of a random order; null with any other. */
  seed = null;
  tab = "queue";
  /** Id of a card that the URL asks for. */
  card = null;
  /** Whether the default queue serves cards drawn at random alone, as a closing sample. */
  closing = false;
  /** Where decisions come from, as the log calls it: `queue`, `table`, `map`, `group`. */
  source = "queue";

  /**
   * Read the URL; at the first visit, one without a filter and without a tab, take the default filter.
   *
   * @param {string} defaultQuery `undecided=anyone`
   * @param {string} defaultSort `learnt`
   */
  start(defaultQuery, defaultSort) {
    Object.assign(this, { defaultQuery, defaultSort });
    const params = new URLSearchParams(location.search);
    if (!params.has("tab") && ![...params.keys()].some(isField)) {
      new URLSearchParams(defaultQuery).forEach((value, name) => params.append(name, value));
    }
    params.set("tab", TABS.includes(params.get("tab")) ? params.get("tab") : "queue");
    history.replaceState(history.state, "", here(params));
    this._read();
    addEventListener("popstate", () => {
      this._read();
      showTab(this.tab);
      notify();
    });
    // Gradio's tabs are clicked, also those in its menu on a narrow screen.
    document.addEventListener("click", (event) => {
      const name = tabOf(/** @type {Element} */ (event.target).closest?.(".tab-wrapper button"));
      if (name && name !== this.tab) {
        this.set({}, { tab: name });
      }
    });
    openFirst();
  }

  _read() {
    const params = new URLSearchParams(location.search);
    this.query = new URLSearchParams([...params].filter(([name]) => isField(name)));
    this.sort = params.get("sort") ?? this.defaultSort;
    this.seed = params.get("seed");
    this.tab = params.get("tab") ?? "queue";
    this.card = params.get("card");
    this.closing = params.get("closing") === "1" && this.isFeed;
    this.source = history.state?.source ?? "queue";
  }

  /** All of the filter's values by name: `store.all("given")`. */
  all(name) {
    return this.query.getAll(name);
  }

  /**
   * Change fields of the filter; those not named stay.
   *
   * @param {Object<string, string|number|Array|null>} changes `null` and `[]` clear a field.
   * @param {{tab?: string, sort?: string, card?: string|null, source?: string, closing?: boolean, replace?: boolean}}
   *   [options] `replace` changes the latest entry of the browser's history instead of adding one.
   */
  set(changes, options = {}) {
    const params = new URLSearchParams(this.query);
    for (const [name, value] of Object.entries(changes)) {
      params.delete(name);
      for (const part of value === null || value === undefined ? [] : [value].flat()) {
        params.append(name, part);
      }
    }
    this.replaceAll(params, options);
  }

  /**
   * Replace the whole filter by `params`.
   *
   * @param {URLSearchParams|Object} params
   * @param {{tab?: string, sort?: string, card?: string|null, source?: string, closing?: boolean, replace?: boolean}}
   *   [options] As for `set`.
   */
  replaceAll(params, { tab = this.tab, sort = this.sort, card = null, source, closing = this.closing, replace } = {}) {
    const all = new URLSearchParams(params);
    const filter = all.toString();
    const filterChanged = filter !== this.query.toString();
    const others = [...new URLSearchParams(location.search)].filter(
      ([name]) => name === "view" || name.startsWith("__"),
    );
    others.forEach(([name, value]) => all.append(name, value));
    all.set("tab", tab);
    if (sort !== this.defaultSort) {
      all.set("sort", sort);
    }
    if (sort === "random") {
      all.set("seed", this.sort === "random" ? this.seed : Math.floor(Math.random() * 2 ** 31));
    }
    if (card !== null) {
      all.set("card", card);
    }
    if (closing && sort === "learnt" && filter === this.defaultQuery) {
      all.set("closing", "1");
    }
    const state = { ...history.state, source: source ?? (filterChanged ? "queue" : this.source) };
    history[replace ? "replaceState" : "pushState"](state, "", here(all));
    const turned = tab !== this.tab;
    this._read();
    if (turned) {
      showTab(tab);
    }
    notify();
  }

  /** Call `listener` after each change. Returns a function that ends this. */
  subscribe(listener) {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** Whether the queue is the default one, which mixes two orders and cards drawn at random. */
  get isFeed() {
    return this.sort === "learnt" && this.query.toString() === this.defaultQuery;
  }

  /** Serve a closing sample, cards drawn at random alone; or the default queue again. */
  readClosingSample(closing) {
    const feed = new URLSearchParams(this.defaultQuery);
    this.replaceAll(feed, { sort: "learnt", tab: "queue", closing });
  }

  openTab(name) {
    this.set({}, { tab: name });
  }

  /** Open the queue on what `params` find; decisions there are marked as coming from `source`. */
  openQueue(params, source = "queue", options = {}) {
    this.replaceAll(new URLSearchParams(params), { ...options, tab: "queue", source });
  }
}

export const store = new Store();

function notify() {
  for (const listener of [...listeners]) {
    listener();
  }
}

const here = (params) => `${location.pathname}?${params}${location.hash}`;

/** Name of the tab that a button of Gradio's opens, if it does. */
function tabOf(button) {
  const name = button?.dataset.tabId ?? NAMES[button?.textContent.trim()];
  return TABS.includes(name) ? name : null;
}

/** Open the tab that the URL names as soon as its button exists: Gradio loads the tabs separately, perhaps last. */
function openFirst() {
  showTab(store.tab) || requestAnimationFrame(openFirst);
}

/** Click the tab's button unless the tab is open; return whether the button exists. Opening a tab builds its page. */
function showTab(name) {
  const buttons = [...document.querySelectorAll(".tab-wrapper [role=tab], .tab-wrapper .overflow-dropdown button")];
  const button = buttons.find((tab) => tabOf(tab) === name);
  if (button && button.getAttribute("aria-selected") !== "true") {
    button.click();
  }
  return Boolean(button);
}
