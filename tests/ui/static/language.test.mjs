/** The page's words in Chinese: sentences, counts, and what the server says. */

import "./page.mjs";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

document.querySelector = () => ({ content: "zh" }); // what the server says
const catalogue = JSON.parse(readFileSync(new URL("../../../ui/static/zh.json", import.meta.url), "utf8"));
globalThis.fetch = async () => ({ ok: true, json: async () => catalogue });

const { counted, nodes, t, translated } = await import("../../../ui/static/common/language.js");
const { plural } = await import("../../../ui/static/common/dom.js");
const { ends95, moment, percent, verdictText } = await import("../../../ui/static/common/words.js");

test("sentences and counts", () => {
  assert.equal(t("Keep the given label"), "保留原标签");
  assert.equal(t("{rows} found", { rows: plural(1234, "row") }), "找到 1,234 条");
  assert.equal(plural(1, "row"), "1 条");
  assert.equal(counted("3", "thing", "things", false), "3 things");
  assert.equal(t("No such sentence||in the catalogue"), "No such sentence");
  const label = { a: "node" };
  assert.deepEqual(nodes("The models prefer {label}", { label }), ["模型倾向于 ", label, ""]);
});

test("values are never translated", () => {
  assert.equal(t("Given: {label}.", { label: "{verdict} Keep $& $1" }), "原标签：{verdict} Keep $& $1。");
  assert.equal(translated("The model prefers {given} Keep $&."), "模型倾向于 {given} Keep $&。");
});

test("numbers, shares and dates", () => {
  assert.equal(percent(0.584), "58%");
  assert.equal(percent(0.999), ">99%");
  assert.equal(ends95({ low: 0.0661, high: 0.1009 }), "6.6%～10.1%");
  assert.match(moment("2026-11-29T12:00:00Z"), /^2026年11月(28|29|30)日/);
});

test("what the server says", () => {
  const cases = {
    "All 3 models prefer joy.": "全部 3 个模型都倾向于 joy。",
    "1 of 3 models prefers joy.": "3 个模型中有 1 个倾向于 joy。",
    "7 of its 20 nearest texts are labelled joy.": "最近的 20 条文本中有 7 条标为 joy。",
    "None of its 20 nearest texts is labelled joy or love.": "最近的 20 条文本中没有一条标为 joy 或 love。",
    "7 of its 20 nearest texts are labelled joy, too.": "最近的 20 条文本中有 7 条也标为 joy。",
    "3 of 5 raters chose joy; raters and models together give love 12 %.":
      "5 名标注者中有 3 名选择了 joy；综合标注者与模型，love 的概率为 12 %。",
    "There is no row 'a\nb' in this run.": "这次审计中没有条目 'a\nb'。",
    "There is no row 9 in this run: it has 8 rows.": "这次审计中没有第 9 条：共 8 条。",
    "150 rows in 1 hour: the first 150 unread rows of the order cover 62 % of the errors expected by the models' suspicion.":
      "1 小时可判定 150 条：排序中最前面的 150 条未读条目涵盖模型可疑度所预期错误的 62%。",
    "Krippendorff's α is 0.71 (95 %: 0.60 to 0.81), on 84 rows that the queue served to several people; all say the same on 60 of them. 1 other row that several people judged was left out.":
      "在队列分给多人的 84 条上，Krippendorff α 为 0.71（95% 置信区间：0.60～0.81）；其中 60 条意见全部相同。另外 1 条由多人判定的条目未计入。",
    "Nothing known.": "Nothing known.",
  };
  for (const [english, chinese] of Object.entries(cases)) {
    assert.equal(translated(english), chinese);
  }
  assert.equal(translated(undefined), undefined);
  assert.equal(translated(null), null);
});

test("a verdict in words", () => {
  document.createElement = () => ({
    append(text) {
      this.textContent = text;
    },
    setAttribute() {},
  });
  globalThis.Node = class {};
  assert.equal(verdictText({ verdict: "relabel", new_labels: ["love"] }), "改标为 love");
  assert.equal(verdictText({ verdict: "ambiguous", new_labels: ["joy", "love"] }), "有歧义：joy、love");
});
