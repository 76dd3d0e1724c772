/** Guidelines: what is read of Markdown, and that nothing in them becomes more than text. */

import assert from "node:assert/strict";
import { test } from "node:test";
import "./page.mjs";

const { blocks, pieces } = await import("../../../ui/static/queue/markdown.js");

test("headings, paragraphs and lists", () => {
  const text = "Free\ntext\n\n## joy ##\nHappy.\n- one\n  goes on\n* two\n1. first\n#no heading";
  assert.deepEqual(blocks(text), [
    { kind: "paragraph", text: "Free\ntext" },
    { kind: "heading", level: 2, text: "joy" },
    { kind: "paragraph", text: "Happy." },
    { kind: "list", ordered: false, items: ["one\ngoes on", "two"] },
    { kind: "list", ordered: true, items: ["first\n#no heading"] },
  ]);
});

test("strong, emphasised and literal words", () => {
  assert.deepEqual(pieces("a **b** `c*` *d* ** e"), [
    [null, "a "],
    ["strong", "b"],
    [null, " "],
    ["code", "c*"],
    [null, " "],
    ["em", "d"],
    [null, " ** e"],
  ]);
});

test("markup of others, links and formulas stay text", () => {
  for (const text of ["<img src=x onerror=alert(1)>", "[x](javascript:alert(1))", "![x](//e.org/x)", "=1+1", "&lt;"]) {
    assert.deepEqual(blocks(text), [{ kind: "paragraph", text }]);
    assert.deepEqual(pieces(text), [[null, text]]);
  }
});

test("no text takes long or is lost", () => {
  for (const piece of ["*", "**", "`", "*a", "**a*", "# ", "- ", "-\t", " ", "1. "]) {
    const text = piece.repeat(50000 / piece.length);
    assert.equal(
      pieces(text)
        .map(([, one]) => one)
        .join("")
        .replace(/[*`]/g, ""),
      text.replace(/[*`]/g, ""),
    );
    assert.ok(blocks(text).length <= 1);
  }
});
