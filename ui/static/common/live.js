/** Pages that stay up to date: asked when seen, drawn in the order of asking, quiet while out of sight. */

import { el, replace } from "./dom.js";
import { store } from "./store.js";
import { t } from "./language.js";

/** Events on `document` when verdicts have changed, and the milliseconds until a view follows: decisions come in a stream. */
const CHANGES = {
  "auditor:bulk": 0,
  "auditor:undone": 0,
  "auditor:decided": 2000,
  "auditor:moved": 0,
  "auditor:classes": 0,
  "auditor:ranked": 0,
};

/**
 * Make an asker of which only the latest question is answered; those before it are aborted.
 *
 * @returns {(ask: (signal: AbortSignal) => Promise) => Promise}
 */
export function latest() {
  let current = null;
  return async (ask) => {
    current?.abort();
    const mine = (current = new AbortController());
    const answer = await ask(mine.signal);
    mine.signal.throwIfAborted();
    return answer;
  };
}

/** Call `action` once, `wait` milliseconds after the last of several calls. */
export function debounced(action, wait = 300) {
  let timer;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => action(...args), wait);
  };
}

/**
 * Ask and draw when `element` is first seen, and whenever `key` or the verdicts have changed since.
 *
 * @param {HTMLElement} element
 * @param {Object} page
 * @param {(signal: AbortSignal) => Promise} page.ask
 * @param {(answer: any) => void|Promise} page.draw
 * @param {() => string} [page.key] What the answer depends on.
 * @param {(error: import("./api.js").ApiError) => boolean} [page.fail] Show an error in a
 *   place of its own, and say so by `true`.
 * @param {boolean} [page.stays] Stay in sight when there is no answer: else nothing is shown, and nothing offered, that
 *   was the answer to another question.
 * @param {number} [page.every] Ask again after so many milliseconds, while it is seen.
 * @returns {() => void} Ask again now, if it is seen.
 */
export function live(
  element,
  { ask, draw, key = () => store.query.toString(), fail = () => false, stays = false, every },
) {
  const only = latest();
  const problem = el("div", { class: "pg-problem", role: "alert", hidden: true });
  element.prepend(problem);
  let seen = false;
  let due = true;
  let drawn = null; // what was last asked for
  let answered = null; // and what is shown
  let asked = 0;

  const withhold = (hidden) =>
    [...element.children].forEach((child) => child.classList.toggle("pg-withheld", hidden && child !== problem));
  const show = (error) => {
    problem.hidden = false;
    withhold(!stays && answered !== drawn);
    const retry = el("button", { type: "button", onclick: refresh }, t("Try again"));
    replace(problem, el("p", null, el("strong", null, error.what ?? error.message), " ", error.todo), retry);
  };
  async function refresh() {
    due = !seen;
    if (!seen) {
      return;
    }
    drawn = key();
    asked += 1;
    const mine = asked;
    element.setAttribute("aria-busy", "true");
    try {
      const answer = await only(ask);
      fail(null);
      problem.hidden = true;
      answered = drawn;
      withhold(false);
      await draw(answer);
    } catch (error) {
      if (error.name === "AbortError") {
        return; // A later question is on its way.
      }
      if (!fail(error)) {
        show(error);
      }
    }
    if (mine === asked) {
      element.removeAttribute("aria-busy"); // else a later answer is still to be drawn
    }
  }

  new IntersectionObserver((entries) => {
    seen = entries.at(-1).isIntersecting;
    if (seen && due) {
      refresh();
    }
  }).observe(element);
  store.subscribe(() => key() !== drawn && refresh());
  for (const [name, wait] of Object.entries(CHANGES)) {
    document.addEventListener(name, wait ? gathered(refresh, wait) : refresh);
  }
  if (every) {
    setInterval(() => document.hidden || refresh(), every);
  }
  return refresh;
}

/** Call `action` once for all calls within `wait` milliseconds of the first. */
function gathered(action, wait) {
  let timer;
  return () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      action();
    }, wait);
  };
}
