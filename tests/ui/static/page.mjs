/** What the scripts find of a browser while they are tested without one. */

export class Storage {
  #kept = new Map();
  get length() {
    return this.#kept.size;
  }
  key(at) {
    return [...this.#kept.keys()][at];
  }
  getItem(key) {
    return this.#kept.get(key) ?? null;
  }
  setItem(key, value) {
    this.#kept.set(key, String(value));
    this[key] = String(value); // Object.keys lists what is kept, as in a browser
  }
  removeItem(key) {
    this.#kept.delete(key);
    delete this[key];
  }
}

/** Answers of the server by path; each is a function of what was sent. */
export const answers = {};
/** What was sent, latest last. */
export const sent = [];

const listeners = new EventTarget();
const timer = globalThis.setTimeout;
const element = () => ({
  children: [],
  append() {},
  replaceChildren() {},
  setAttribute() {},
  removeAttribute() {},
  addEventListener() {},
  remove() {},
  classList: { add() {}, remove() {}, toggle() {} },
  style: { setProperty() {} },
  dataset: {},
  querySelector: () => null,
});

Object.assign(globalThis, {
  Node: class {},
  setTimeout: (...all) => timer(...all).unref(), // a message that waits to go does not hold the tests up
  localStorage: new Storage(),
  location: { search: "", href: "http://page/", pathname: "/" },
  document: {
    hidden: false,
    body: element(),
    documentElement: {},
    baseURI: "http://page/",
    createElement: element,
    createTextNode: (text) => ({ text }),
    createDocumentFragment: element,
    querySelector: () => null,
    querySelectorAll: () => [],
    addEventListener: (...all) => listeners.addEventListener(...all),
    dispatchEvent: (event) => listeners.dispatchEvent(event),
  },
  addEventListener() {},
  async fetch(url, request) {
    const path = new URL(url).pathname.split("/api/")[1];
    const body = request?.body ? JSON.parse(request.body) : Object.fromEntries(new URL(url).searchParams);
    sent.push({ path, body });
    const answer = await answers[path](body);
    return { ok: !answer.status, status: answer.status ?? 200, json: async () => answer, headers: new Map() };
  },
});

/** Let everything that waits for an answer go on. */
export async function settle() {
  for (let turn = 0; turn < 20; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}
