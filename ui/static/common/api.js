/** The server's JSON, what it says when something is wrong, and what the page says aloud. */

import { el } from "./dom.js";
import { t, translated } from "./language.js";

const ROOT = new URL("api/", document.baseURI);

/** What went wrong, and what to do about it; `status` is 0 when no answer came. */
export class ApiError extends Error {
  constructor(what, todo, status) {
    super(what);
    this.what = what;
    this.todo = todo;
    this.status = status;
  }
}

/**
 * Ask for `path`, `"queue"`.
 *
 * @param {URLSearchParams|Object} [params]
 * @param {{signal?: AbortSignal, timeout?: number}} [options] `timeout` in milliseconds.
 */
export function get(path, params, options) {
  const url = new URL(path, ROOT);
  url.search = new URLSearchParams(params ?? {}).toString();
  return call(url, {}, options);
}

/** Send `body` as JSON to `path`. A bulk action is made known to the page as the event `auditor:bulk`. */
export async function post(path, body, options) {
  const sent = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const answer = await call(new URL(path, ROOT), sent, options);
  if (path === "bulk") {
    document.dispatchEvent(new CustomEvent("auditor:bulk", { detail: answer }));
  }
  return answer;
}

/**
 * Have a file made of `params`, sent as JSON with `post`; making it may take long.
 *
 * @returns {Promise<{name: string, blob: Blob, notes: string[]}>}
 */
export function file(path, params, { post: sent = false, ...options } = {}) {
  const url = new URL(path, ROOT);
  const request = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(params) };
  if (!sent) {
    url.search = new URLSearchParams(params).toString();
  }
  const read = async (response) => ({
    name: /filename="([^"]+)"/.exec(response.headers.get("Content-Disposition"))?.[1] ?? "export",
    notes: JSON.parse(response.headers.get("Auditor-Notes") ?? "[]").map(translated),
    blob: await response.blob(),
  });
  return call(url, sent ? request : {}, { timeout: 3600000, read, ...options });
}

const json = (response) => response.json().catch(() => null);

/** @type {(url: URL, request: RequestInit, options?: {signal?: AbortSignal, timeout?: number, read?: Function}) => Promise<any>} */
async function call(url, request, { signal, timeout = 30000, read = json } = {}) {
  const signals = [AbortSignal.timeout(timeout), ...(signal ? [signal] : [])];
  let response, answer;
  try {
    response = await fetch(url, { ...request, credentials: "same-origin", signal: AbortSignal.any(signals) });
    answer = await (response.ok ? read : json)(response);
  } catch (error) {
    if (signal?.aborted) {
      throw error;
    }
    throw new ApiError(t("The server is not responding."), t("Check that `auditor review` is still running."), 0);
  }
  if (!response.ok || answer === null) {
    const problem = typeof answer?.what === "string" ? answer : {};
    throw new ApiError(
      translated(problem.what) ?? t("The server answered {status}.", { status: response.status }),
      translated(problem.todo) ?? t("Try again, or see what `auditor review` says."),
      response.ok ? 0 : response.status,
    );
  }
  return answer;
}

/**
 * Say something to everybody: aloud to a screen reader, and on the screen for some seconds.
 *
 * @param {string} message
 * @param {{error?: boolean, quiet?: boolean, about?: string}} [options] `error` stays until it is closed; `quiet` is
 *   aloud alone; of several messages `about` the same thing that wait to be read, the latest is.
 */
export function say(message, { error = false, quiet = false, about = message } = {}) {
  const { urgent, shown } = regions();
  if (error) {
    urgent.textContent = message;
  } else {
    waiting.delete(about);
    waiting.set(about, message);
    reading ??= setTimeout(readAloud, 150);
  }
  if (quiet) {
    return;
  }
  const close = el("button", { type: "button", onclick: () => toast.remove() }, t("Close"));
  const toast = el(
    "div",
    { class: error ? "au-toast au-toast-error" : "au-toast" },
    el("p", null, message),
    error && close,
  );
  const others = [...shown.children].filter((old) => old.firstChild.textContent !== message);
  shown.replaceChildren(...others.slice(-2), toast);
  if (!error) {
    setTimeout(() => toast.remove(), 5000);
  }
}

/** Messages that wait to be read aloud: a screen reader would be interrupted by each that comes by itself. */
const waiting = new Map();
let reading;

function readAloud() {
  reading = undefined;
  const message = [...waiting.values()].join(" ");
  waiting.clear();
  const { aloud } = regions();
  // The same words are only read again if the region changes.
  aloud.textContent = aloud.textContent === message ? `${message}\u00a0` : message;
}

/** Say what an error says; one that is ours is for the console, too. */
export function complain(error) {
  if (error?.name === "AbortError") {
    return;
  }
  if (!(error instanceof ApiError)) {
    console.error(error);
  }
  say([error.what ?? error.message, error.todo].filter(Boolean).join(" "), { error: true });
}

let made;

function regions() {
  if (!made) {
    const aloud = el("div", { role: "status", "aria-live": "polite", class: "au-unseen", id: "au-status" });
    const urgent = el("div", { role: "alert", class: "au-unseen", id: "au-alert" });
    const shown = el("div", { class: "au-toasts", role: "region", "aria-label": t("Messages") });
    document.body.append(aloud, urgent, shown);
    made = { aloud, urgent, shown };
  }
  return made;
}
