/** The log's pulse: within seconds the page hears of what is decided elsewhere, in another window or by a colleague. */

import { get } from "./api.js";

const EVERY = 2000;

let seen = null; // number of the log's latest event that this page knows of

/**
 * Begin to ask. When the log has moved, `document` hears of it as the event `auditor:moved`; its detail says how many
 * rows this reviewer has `decided`. Each answer is heard of as `auditor:pulse`.
 */
export function start() {
  let asking = false;
  const ask = async () => {
    if (document.hidden || asking) {
      return;
    }
    asking = true;
    const answer = await get("pulse").catch(() => null); // the next one may be answered
    asking = false;
    if (answer && seen !== null && answer.seq > seen) {
      document.dispatchEvent(new CustomEvent("auditor:moved", { detail: answer }));
    }
    if (answer) {
      document.dispatchEvent(new CustomEvent("auditor:pulse", { detail: answer }));
    }
    reached(answer?.seq);
  };
  setInterval(ask, EVERY);
  document.addEventListener("visibilitychange", ask);
  ask();
}

/** The page knows the log up to this event: it has written it itself, and was told what came before. */
export function reached(seq) {
  if (seq !== undefined) {
    seen = Math.max(seen ?? 0, seq);
  }
}
