import assert from "node:assert/strict";
import test from "node:test";

import { answers, sent, settle } from "./page.mjs";
import { start } from "../../../ui/static/common/pulse.js";
import { Outbox, newId } from "../../../ui/static/queue/outbox.js";

function made(more = {}) {
  const results = [];
  const options = { run: "r", reviewer: "ann", held: () => [], onGone() {}, onDecided() {}, onChange() {} };
  return {
    results,
    outbox: new Outbox({ ...options, onResult: (event, result) => results.push([event, result]), ...more }),
  };
}

const saved = ({ events }) => ({
  results: events.map(({ event_id }) => ({ event_id, status: "saved" })),
  ...{ gone: [], done: [], seq: 1, decided: 1 },
});
const decision = (item_id) => ({ event_id: newId(), kind: "decide", item_id, verdict: "keep" });

test("what was pressed is sent in its order, and leaves when the server has it", async () => {
  answers.events = saved;
  const { outbox, results } = made();
  ["a", "b", "c"].forEach((id) => outbox.add(decision(id)));
  await outbox.empty();
  assert.deepEqual(
    results.map(([event]) => event.item_id),
    ["a", "b", "c"],
  );
  assert.equal(outbox.size, 0);
  assert.deepEqual(
    Object.keys(localStorage).filter((key) => key.startsWith("auditor:outbox")),
    [],
  );
});

test("while the server is away, it is kept, and sent again by the next page", async () => {
  answers.events = () => Promise.reject(new TypeError("no network"));
  const { outbox } = made();
  outbox.add(decision("kept"));
  await settle();
  assert.equal(outbox.size, 1);
  assert.deepEqual(outbox.ids, ["kept"]);
  answers.events = saved;
  const next = made();
  next.outbox.retry();
  await next.outbox.empty();
  assert.ok(next.results.some(([event]) => event.item_id === "kept"));
  outbox.retry(); // the first page sends it too: the log takes it once, by its id
  await outbox.empty();
});

test("a page that is being closed tries once: it has neither network nor timers", async (context) => {
  context.mock.method(globalThis, "setTimeout", () => 0);
  let tries = 0;
  answers.events = () => {
    tries += 1;
    return tries < 100 ? Promise.reject(new TypeError("no network")) : new Promise(() => {});
  };
  const { outbox } = made();
  outbox.add(decision("last"));
  outbox.add(decision("very last"));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(tries, 1);
  assert.equal(outbox.size, 2);
  context.mock.restoreAll();
  answers.events = saved;
  outbox.retry();
  await outbox.empty();
});

test("a decision that the server refuses is told, and does not hold up the others", async () => {
  answers.events = ({ events }) =>
    events.length > 1 || events[0].item_id === "bad"
      ? { status: 400, what: "No such row.", todo: "Reload the page." }
      : saved({ events });
  const { outbox, results } = made();
  ["a", "bad", "c"].forEach((id) => outbox.add(decision(id)));
  await outbox.empty();
  assert.deepEqual(
    results.map(([event, { status }]) => [event.item_id, status]),
    [
      ["a", "saved"],
      ["bad", "refused"],
      ["c", "saved"],
    ],
  );
});

test("a look at what was decided elsewhere does not keep the pulse from telling of it", async (context) => {
  context.mock.timers.enable({ apis: ["setInterval"] });
  const heard = [];
  document.addEventListener("auditor:moved", ({ detail }) => heard.push(detail.seq));
  const beat = async (seq) => {
    answers.pulse = () => ({ seq });
    context.mock.timers.tick(2000);
    await settle();
  };
  answers.pulse = () => ({ seq: 10 });
  start();
  await settle();
  heard.splice(0);
  answers.events = () => ({ results: [], gone: ["a"], done: [], seq: 12, decided: 0 });
  const gone = [];
  const { outbox } = made({ held: () => ["a"], onGone: (ids) => gone.push(...ids) });
  await beat(11);
  assert.equal(await outbox.look(), true); // meanwhile a colleague has decided another row, event 12
  await beat(12);
  assert.deepEqual([heard, gone], [[11, 12], ["a"]]);
  answers.events = (body) => ({ ...saved(body), seq: 13 });
  outbox.add(decision("b"));
  await outbox.empty();
  await beat(13);
  assert.deepEqual(heard, [11, 12]);
  assert.equal(await made().outbox.look(), false); // no card waits
});

test("ids of events are unlike", () => {
  assert.equal(new Set(Array.from({ length: 1000 }, newId)).size, 1000);
  assert.ok(sent.length);
});
