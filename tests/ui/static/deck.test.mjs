import assert from "node:assert/strict";
import test from "node:test";

import { answers, sent, settle } from "./page.mjs";
import { Deck } from "../../../ui/static/queue/deck.js";

const cards = (from, count) => Array.from({ length: count }, (_, at) => ({ id: `row-${from + at}` }));
const made = () => new Deck({ onChange() {}, onDecided() {} });

test("pages follow each other by their cursors, and no card comes twice", async () => {
  answers.queue = ({ after, limit }) => {
    const from = Number(after ?? 0);
    const overlap = from ? 1 : 0; // a row that was pushed back by a decision
    return {
      cards: cards(from - overlap, Number(limit) + overlap),
      next: String(from + Number(limit)),
      left: 500,
      decided: 0,
    };
  };
  const deck = made();
  deck.start(new URLSearchParams("sort=suspicion"), ["row-3"]);
  await settle();
  const ids = deck.cards.map((card) => card.id);
  assert.ok(ids.length >= 100);
  assert.equal(new Set(ids).size, ids.length);
  assert.ok(!ids.includes("row-3"));
});

test("the default queue is served a few cards at a time, and says which it holds", async () => {
  let number = 0;
  answers.next = ({ limit }) => ({ cards: cards((number += 10), limit), ended: false, left: 90, decided: 0 });
  const deck = made();
  const held = () => deck.cards.map((card) => card.id);
  deck.start(new URLSearchParams(), [], {
    run: "r",
    reviewer: "ann",
    held,
    skipped: () => ["row-1"],
    closing: () => false,
  });
  await settle();
  assert.equal(deck.cards.length, 4);
  deck.take();
  deck.refill();
  await settle();
  assert.equal(deck.cards.length, 4);
  const { body } = sent.findLast(({ path }) => path === "next");
  assert.equal(body.held.length, 3);
  assert.deepEqual(body.skipped, ["row-1"]);
  assert.equal(body.limit, 1);
});

test("the server hears of a card that goes to the screen, and none comes twice", async () => {
  const all = cards(0, 60);
  let screen = null;
  let late = [];
  answers.next = ({ held, limit }) => {
    const page = {
      cards: all.filter(({ id }) => !held.includes(id)).slice(0, limit),
      ended: false,
      left: 9,
      decided: 0,
    };
    return new Promise((resolve) => late.push(() => resolve(page)));
  };
  const answer = async () => {
    late.splice(0).forEach((one) => one());
    await settle();
  };
  const deck = made();
  const held = () => [...(screen ? [screen.id] : []), ...deck.cards.map(({ id }) => id)];
  const next = () => {
    screen = deck.take();
    deck.refill();
    return screen;
  };
  deck.start(new URLSearchParams(), [], { run: "r", reviewer: "ann", held, skipped: () => [], closing: false });
  await answer();
  const first = next();
  assert.ok(sent.findLast(({ path }) => path === "next").body.held.includes(first.id));
  await answer();
  all.shift(); // the first is decided
  const [second, third] = [next(), deck.cards[0]];
  deck.remove([third.id]); // an undo brings it to the screen while the server chooses
  late = [];
  deck.start(new URLSearchParams(), [], { run: "r", reviewer: "ann", held, skipped: () => [], closing: false });
  screen = third;
  await answer();
  await answer();
  const ids = deck.cards.map(({ id }) => id);
  assert.equal(new Set(ids).size, 4);
  assert.ok(!ids.includes(third.id) && second.id !== third.id);
});

test("a filter that the server refuses is not asked for again", async () => {
  let asked = 0;
  answers.queue = () => ({
    status: 400,
    what: "There is no label 'x'.",
    todo: "Clear the filter.",
    asked: (asked += 1),
  });
  const deck = made();
  deck.start(new URLSearchParams("given=x"));
  await settle();
  assert.match(deck.trouble.what, /no label/);
  assert.equal(asked, 1);
});

test("another filter forgets what the last one was still fetching", async () => {
  let late;
  answers.queue = ({ given }) =>
    given === "slow"
      ? new Promise((resolve) => (late = () => resolve({ cards: cards(900, 3), next: null, left: 3, decided: 0 })))
      : { cards: cards(0, 2), next: null, left: 2, decided: 0 };
  const deck = made();
  deck.start(new URLSearchParams("given=slow"));
  await settle();
  deck.start(new URLSearchParams("given=quick"));
  await settle();
  late();
  await settle();
  assert.deepEqual(
    deck.cards.map((card) => card.id),
    ["row-0", "row-1"],
  );
});
