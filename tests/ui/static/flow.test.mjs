import assert from "node:assert/strict";
import test from "node:test";

import { answers, settle } from "./page.mjs";
import { Flow } from "../../../ui/static/queue/flow.js";

const card = (id, more = {}) => ({
  ...{ id, hash: `#${id}`, text: `text ${id}`, given: "joy", suggested: "love", suspicion: 0.9, issue: true },
  ...{ mine: null, hidden: false, ...more },
});

/** A flow over cards `a b c`, with the events that it sent and the marks that it made. */
function made(cards = ["a", "b", "c"].map((id) => card(id))) {
  const [events, marks] = [[], []];
  const deck = {
    cards: [...cards],
    take: () => deck.cards.shift(),
    refill() {},
    putBack: (one) => deck.cards.unshift(one),
    remove: (ids) => (deck.cards = deck.cards.filter(({ id }) => !ids.includes(id))),
  };
  const nothing = () => undefined;
  const view = { show: nothing, reload: nothing, evidence: nothing, decided: nothing, beyond: nothing };
  Object.assign(view, {
    decidedElsewhere: nothing,
    colleaguesDecided: nothing,
    mark: (id, state) => marks.push(state),
  });
  const flow = new Flow({
    deck,
    view,
    outbox: { size: 0, add: (event) => events.push(event) },
    watch: { restart: nothing, seconds: () => 1.5 },
    reviewer: "ann",
    source: () => "queue",
  });
  flow.fill();
  return { flow, deck, events, marks };
}

const on = (flow) => flow.card?.id ?? null;

test("a decision is about the card on the screen, and the next one comes at once", () => {
  const { flow, events } = made();
  flow.decide("relabel", ["love"], "clear");
  const { event_id, ...said } = events[0];
  assert.ok(event_id);
  assert.deepEqual([said.item_id, said.item_hash, said.verdict, said.new_labels], ["a", "#a", "relabel", ["love"]]);
  assert.deepEqual([said.suggestion_shown, said.suspicion_seen, said.evidence_seen], ["love", 0.9, true]);
  assert.equal(on(flow), "b");
  assert.equal(flow.decided, 1);
});

test("a hidden card says that nothing of the models was seen", () => {
  const { flow, events } = made([card("a", { hidden: true, unaided: true })]);
  flow.decide("keep");
  const { suggestion_shown, suspicion_seen, evidence_seen, hidden } = events[0];
  assert.deepEqual([suggestion_shown, suspicion_seen, evidence_seen, hidden], [null, null, false, true]);
  assert.equal(on(flow), null);
});

test("undo brings the card back, and redo goes on from it", () => {
  const { flow, events } = made();
  flow.decide("keep");
  flow.undo();
  assert.deepEqual([on(flow), flow.decided, flow.card.mine], ["a", 0, null]);
  assert.deepEqual([events[1].kind, events[1].undoes], ["undo", events[0].event_id]);
  flow.redo();
  assert.deepEqual([on(flow), flow.decided], ["b", 1]);
  assert.equal(events[2].kind, "redo");
});

test("a new decision forgets what redo could do again", () => {
  const { flow, events } = made();
  flow.decide("keep");
  flow.undo();
  flow.decide("unsure");
  flow.redo();
  assert.equal(events.at(-1).undoes, undefined);
});

test("a row that is decided again, or settled, is not one more", () => {
  const { flow } = made([card("a", { mine: { verdict: "keep", new_labels: [] } }), card("b", { conflict: {} })]);
  flow.decide("unsure");
  flow.decide("keep");
  assert.equal(flow.decided, 0);
});

test("back shows the card before without an event; what was skipped can be decided later", () => {
  const { flow, events } = made();
  flow.skip();
  assert.deepEqual([on(flow), [...flow.skipped.keys()]], ["b", ["a"]]);
  flow.back();
  assert.deepEqual([on(flow), events], ["a", []]);
  flow.decide("keep");
  assert.deepEqual([on(flow), flow.skipped.size], ["b", 0]);
});

test("a decision that the server refuses counts no more, and its card comes back with the reason", async () => {
  const { flow, events, marks, deck } = made();
  answers.card = ({ id }) => card(id);
  flow.decide("keep");
  flow.answered(events[0], { status: "refused", what: "The text has changed.", todo: "Look again." });
  await settle();
  assert.equal(flow.decided, 0);
  assert.equal(marks.at(-1), "refused");
  assert.deepEqual([deck.cards[0].id, deck.cards[0].came_back], ["a", "The text has changed."]);
  flow.undo();
  assert.equal(events.at(-1).undoes, undefined); // there is nothing of this page to take back
});

test("a row that another window decided leaves the queue; one judged blind leaves the screen", () => {
  const { flow, deck } = made([card("a", { hidden: true }), card("b"), card("c")]);
  flow.done(["b"]);
  assert.deepEqual(
    deck.cards.map(({ id }) => id),
    ["c"],
  );
  flow.done(["a"]);
  assert.equal(on(flow), "c");
});

const kept = { verdict: "keep", new_labels: [], note: "" };
/** What a page hears while `a` is on its screen and another window decides it: the answers may come in any order. */
const NEWS = {
  undone: (flow) => flow.answered({ kind: "undo" }, { status: "saved", undoes: "x", items: 1, card: card("z") }),
  done: (flow) => flow.done(["a"]),
  moved: (flow) => flow.moved(),
};
const ORDERS = [
  ["undone", "done", "moved"],
  ["undone", "moved", "done"],
  ["done", "undone", "moved"],
  ["done", "moved", "undone"],
  ["moved", "undone", "done"],
  ["moved", "done", "undone"],
];

for (const order of ORDERS) {
  test(`a row that another window decided does not come after an undone one: ${order.join(", ")}`, async () => {
    const { flow, deck } = made();
    const names = { a: kept };
    answers.card = ({ id }) => ({ ...card(id), mine: names[id] ?? null, history: [], decided_by: [] });
    for (const news of order) {
      NEWS[news](flow);
      await settle();
    }
    assert.equal(on(flow), "z");
    assert.deepEqual(
      deck.cards.map(({ id }) => id),
      ["b", "c"],
    );
    flow.back(); // it can still be looked at, if it was left for the other
    assert.ok(["a", "z"].includes(on(flow)));
  });
}

test("a card that is left for an earlier one comes after it, decided here or not", () => {
  const { flow, deck } = made();
  flow.decide("keep");
  flow.back();
  assert.deepEqual([on(flow), deck.cards[0].id], ["a", "b"]);
});

test("an action on many rows is the next that undo takes back", () => {
  const { flow, events } = made();
  flow.decide("keep");
  flow.bulkDone("batch");
  flow.undo();
  assert.equal(events.at(-1).undoes, "batch");
});
