/** How a card stands now: another window or a colleague may have decided it since it was fetched. */

import { get } from "./api.js";

/**
 * Ask how a card stands now.
 *
 * @returns {Promise<{news: Object, turned: boolean}|null>} What of it is new, and whether this reviewer's own verdict is.
 *   Null when nothing is, or the server does not answer.
 */
export async function standing(card) {
  if (card.conflict) {
    return null; // its queue shows news of all its cards
  }
  const now = await get("card", { id: card.id }).catch(() => null);
  if (!now) {
    return null;
  }
  const turned = text(now.mine) !== text(own(card));
  const settled = text(now.adjudicated) !== text(card.adjudicated ?? null);
  if (!turned && !settled && text(now.decided_by) === text(card.decided_by ?? [])) {
    return null;
  }
  const mine = turned && now.mine ? { ...now.mine, elsewhere: true } : turned ? null : card.mine;
  const { history, decided_by: people, adjudicated, model_verdicts: models } = now;
  return { turned, news: { mine, history, decided_by: people, adjudicated, model_verdicts: models } };
}

const text = JSON.stringify;

/** The reviewer's own verdict on a card, as the server gives it. */
const own = ({ mine }) => mine && { verdict: mine.verdict, new_labels: mine.new_labels ?? [], note: mine.note ?? "" };
