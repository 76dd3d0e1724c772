import assert from "node:assert/strict";
import test from "node:test";

import "./page.mjs";
import { isOurs, Keys, keyName, labelOf } from "../../../ui/static/queue/keys.js";

const press = (key, code = "") => ({ key, code });

test("a key that was pressed means its action", () => {
  const keys = new Keys({});
  assert.equal(keys.actionOf(press("k")), "keep");
  assert.equal(keys.actionOf(press(" ")), "skip");
  assert.equal(keys.actionOf(press("v")), "evidence");
  assert.equal(keys.actionOf(press("F5")), null);
});

test("a key that is taken, or cannot be used, changes nothing", () => {
  const keys = new Keys({});
  assert.match(keys.change("keep", press("s")), /taken/);
  assert.match(keys.change("keep", press("Enter")), /cannot be used/);
  assert.equal(keys.actionOf(press("k")), "keep");
});

test("a reader's own key holds in the next page, until it is forgotten", () => {
  const keys = new Keys({});
  let heard = 0;
  keys.subscribe(() => (heard += 1));
  assert.equal(keys.change("keep", press("g")), null);
  assert.equal(new Keys({}).actionOf(press("g")), "keep");
  assert.equal(new Keys({}).actionOf(press("k")), null);
  keys.reset();
  assert.equal(heard, 2);
  assert.equal(new Keys({}).actionOf(press("k")), "keep");
});

test("keys of the server that collide are not taken up", () => {
  assert.equal(new Keys({ keep: "s" }).actionOf(press("k")), "keep");
  assert.equal(new Keys({ keep: "g" }).actionOf(press("g")), "keep");
});

test("every key has a name to print", () => {
  for (const key of Object.values(new Keys({}).current)) {
    assert.ok(keyName(key).trim());
  }
});

test("on a keyboard of another script, a key means what its place writes in English", () => {
  const keys = new Keys({});
  assert.equal(keys.actionOf(press("л", "KeyK")), "keep");
  assert.equal(keys.actionOf({ ...press("&", "Digit1"), shiftKey: false }), keys.actionOf(press("1")));
  assert.equal(keys.actionOf({ ...press("!", "Digit1"), shiftKey: true }), null);
});

test("a digit stands for a label", () => {
  const keys = new Keys({});
  assert.deepEqual(
    ["1", "2", "0"].map((key) => labelOf(keys.actionOf(press(key)))),
    [0, 1, 9],
  );
  assert.equal(labelOf("keep"), -1);
});

test("keys for a field, a button, the browser or an input method are not the queue's", () => {
  const inside = (matched) => ({ closest: (selectors) => selectors.includes(matched) || null });
  const body = { closest: () => null };
  assert.ok(isOurs({ ...press("k"), target: body }));
  assert.ok(!isOurs({ ...press("k"), target: inside("textarea") }));
  assert.ok(!isOurs({ ...press("k"), target: body, ctrlKey: true }));
  assert.ok(!isOurs({ ...press("k"), target: body, isComposing: true }));
  assert.ok(!isOurs({ ...press(" "), target: inside("summary") }));
  assert.ok(isOurs({ ...press("k"), target: inside("summary") }));
});
