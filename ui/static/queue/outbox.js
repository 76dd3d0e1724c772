/**
 * Decisions on their way to the log: in order, one request at a time, kept in the browser until the server has them.
 *
 * An event leaves the outbox only when the server has answered for it. Until then it survives a reload, a lost
 * network and a server that starts anew; it may be sent twice, and the log takes it once, by its id.
 */

import { post, say } from "../common/api.js";
import { reached } from "../common/pulse.js";
import { t } from "../common/language.js";

const MOST_AT_ONCE = 50;
const WAITS = [500, 1000, 2000, 4000, 8000];
/** What a server answers that is another run's, or now another reviewer's: it is not asked every few seconds. */
const NOT_OURS = 409;
const LONG_WAIT = 60000;

/** Take the action `id` out, if it is there. */
export function remove(actions, id) {
  const at = actions.findIndex((action) => action.id === id);
  return at < 0 ? null : actions.splice(at, 1)[0];
}

/** An id that no other event has; `crypto.randomUUID` is missing on plain http. */
export function newId() {
  if (crypto.randomUUID) {
    return crypto.randomUUID();
  }
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Each event under a key of its own, so that two windows of one reviewer never overwrite each other's. */
class Shelf {
  /** Whether all that was put here will be here after a reload. */
  works = true;

  constructor(run, reviewer) {
    this.prefix = `auditor:outbox:${encodeURIComponent(run)}:${encodeURIComponent(reviewer)}:`;
    this.latest = 0;
  }

  /** Keys and events, oldest first; nothing where the browser keeps nothing. */
  read() {
    try {
      const keys = Object.keys(localStorage).filter((key) => key.startsWith(this.prefix));
      return keys.sort().flatMap((key) => this.#entry(key));
    } catch {
      return [];
    }
  }

  /** What cannot be read is left where it is, and hides none of the others. */
  #entry(key) {
    try {
      const event = JSON.parse(localStorage.getItem(key));
      return event?.event_id ? [[key, event]] : [];
    } catch {
      return [];
    }
  }

  put(event) {
    this.latest = Math.max(this.latest + 1, Date.now() * 1000);
    const key = this.prefix + String(this.latest).padStart(17, "0");
    try {
      localStorage.setItem(key, JSON.stringify(event));
    } catch {
      this.works = false; // no room, or not allowed: the event is kept in the page alone
    }
    return key;
  }

  remove(key) {
    try {
      localStorage.removeItem(key);
    } catch {
      // Then it is not kept there either.
    }
  }
}

export class Outbox {
  /** What hinders sending, an ApiError; null while all is well. */
  trouble = null;

  #entries;
  #shelf;
  #options;
  #atOnce = MOST_AT_ONCE;
  #failures = 0;
  #sending = false;
  #waiting = false; // for the next try; the timer's id does not show it: while a page closes, `setTimeout` returns 0
  #timer;
  #emptied = [];

  /**
   * @param {{run: string, reviewer: string, held: () => string[], conflict?: () => boolean,
   *   onResult: (event: Object, result: Object) => void, onGone: (gone: string[], done: string[]) => void,
   *   onDecided: (rows: number) => void, onChange: () => void}} options `run` and `reviewer` are whose page this is:
   *   what was pressed on it never goes into the log of another run, nor under another name. `conflict` says whether
   *   the page shows the queue of conflicts. `held` names the cards that wait to be shown, `onGone` hears which of them
   *   somebody else has decided, and which this reviewer, on this page or elsewhere; `onDecided` hears how many rows
   *   this reviewer has decided.
   */
  constructor(options) {
    this.#shelf = new Shelf(options.run, options.reviewer);
    this.#entries = this.#shelf.read();
    this.#options = options;
    addEventListener("online", () => this.retry());
    addEventListener("focus", () => this.look());
    addEventListener("beforeunload", (event) => this.size && !this.#shelf.works && event.preventDefault());
    document.addEventListener("visibilitychange", () => document.hidden || this.retry());
  }

  get size() {
    return this.#entries.length;
  }

  /** Rows whose decisions are on their way. */
  get ids() {
    return this.#entries.map(([, event]) => event.item_id).filter(Boolean);
  }

  /** Take an event and begin to send. */
  add(event) {
    this.#entries.push([this.#shelf.put(event), event]);
    this.#send();
    this.#options.onChange();
  }

  /** Resolves when everything has been answered for. */
  empty() {
    this.#send();
    return this.size ? new Promise((resolve) => this.#emptied.push(resolve)) : Promise.resolve();
  }

  /** Ask which of the cards that wait have been decided elsewhere, as the answer to a press says, too; true if asked. */
  async look() {
    const { run, reviewer, held, conflict = () => false } = this.#options;
    const waiting = held();
    if (waiting.length && !this.size) {
      const sent = { events: [], held: waiting, conflict: conflict(), run, reviewer };
      const answer = await post("events", sent).catch(() => null);
      answer && this.#tellGone(answer);
      return Boolean(answer);
    }
    return false;
  }

  /** While a press is on its way, an undo maybe, the server does not know what this reviewer has decided. */
  #tellGone({ gone, done, decided }) {
    this.#options.onGone(gone, this.size ? [] : done);
    this.#options.onDecided(decided);
  }

  /** Try again now, not only when the wait is over. */
  retry() {
    clearTimeout(this.#timer);
    this.#waiting = false;
    this.#send();
  }

  async #send() {
    if (this.#sending || this.#waiting || !this.size) {
      return;
    }
    this.#sending = true;
    const batch = this.#entries.slice(0, this.#atOnce);
    const { run, reviewer, held, conflict = () => false } = this.#options;
    const sent = { events: batch.map(([, event]) => event), held: held(), conflict: conflict(), run, reviewer };
    const answer = await post("events", sent, { timeout: 15000 }).catch((error) => this.#answerTo(error, batch));
    this.#sending = false;
    if (answer) {
      this.#take(batch, answer);
    } else {
      this.#wait();
    }
    this.#options.onChange();
    if (this.size) {
      this.#send();
    } else {
      this.#emptied.splice(0).forEach((resolve) => resolve());
    }
  }

  #take(batch, answer) {
    this.trouble = null;
    reached(answer.seq); // the other pages hear of what was saved by its own event
    const results = new Map(answer.results.map((result) => [result.event_id, result]));
    const answered = batch.filter(([, event]) => results.has(event.event_id));
    for (const [key, event] of answered) {
      this.#entries.splice(
        this.#entries.findIndex(([id]) => id === key),
        1,
      );
      this.#shelf.remove(key);
      this.#options.onResult(event, results.get(event.event_id));
    }
    this.#tellGone(answer);
    if (answer.qualified) {
      const { right, of } = answer.qualified;
      say(
        t("Of {of} cards whose label is known, you chose the right label on {right}. Progress lists the others.", {
          of,
          right,
        }),
      );
    }
    if (answered.length) {
      this.#failures = 0;
      this.#atOnce = MOST_AT_ONCE;
    } else if (!answer.again) {
      this.#wait();
    }
  }

  /**
   * What to go on with after an error; null is to wait and to try again. A request that the server does not take is
   * sent again event by event, so that a bad one is refused alone and does not hold up the others.
   */
  #answerTo(error, batch) {
    const later = error.status < 400 || error.status >= 500 || [401, 403, 408, NOT_OURS, 429].includes(error.status);
    if (later) {
      this.trouble = error;
      return null;
    }
    if (batch.length > 1) {
      this.#atOnce = 1;
      return { results: [], again: true };
    }
    return { results: [{ event_id: batch[0][1].event_id, status: "refused", what: error.what, todo: error.todo }] };
  }

  #wait() {
    const soon = WAITS[Math.min(this.#failures, WAITS.length - 1)];
    const time = this.trouble?.status === NOT_OURS ? LONG_WAIT : soon;
    this.#failures += 1;
    this.#waiting = true;
    this.#timer = setTimeout(() => this.retry(), time);
  }
}
