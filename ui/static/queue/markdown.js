/**
 * Guidelines as elements: headings, lists, paragraphs, and strong, emphasised and literal words within them.
 *
 * Nothing else of Markdown is known, and nothing of HTML: all that stands there becomes text.
 */

import { bdi, el } from "../common/dom.js";

const HEADING = /^ {0,3}(#{1,6})[ \t]+(.*)$/;
const ITEM = /^[ \t]*(?:([-*+])|\d{1,9}[.)])[ \t]+(.*)$/;
const INLINE = /\*\*([^*\n]+)\*\*|`([^`\n]+)`|\*([^*\s][^*\n]*)\*/g;
const TAGS = ["strong", "code", "em"];

/**
 * Read blocks: `{kind: "heading", level, text}`, `{kind: "list", ordered, items}`, `{kind: "paragraph", text}`.
 *
 * @param {string} text
 */
export function blocks(text) {
  const found = [];
  let open = null; // the list or paragraph that the next line continues
  const add = (block) => (found.push(block), block);
  for (const line of text.split("\n")) {
    const [, marks, heading] = HEADING.exec(line) ?? [];
    const [whole, bullet, item] = ITEM.exec(line) ?? [];
    if (marks) {
      add({ kind: "heading", level: marks.length, text: heading.replace(/[ \t]+#+[ \t]*$/, "").trim() });
      open = null;
    } else if (!line.trim()) {
      open = null;
    } else if (whole) {
      const ordered = bullet === undefined;
      open = open?.kind === "list" && open.ordered === ordered ? open : add({ kind: "list", ordered, items: [] });
      open.items.push(item.trim());
    } else if (open?.kind === "list") {
      open.items.push(`${open.items.pop()}\n${line.trim()}`);
    } else {
      open ??= add({ kind: "paragraph", text: "" });
      open.text = open.text ? `${open.text}\n${line.trim()}` : line.trim();
    }
  }
  return found;
}

/** Read a text as pieces `[tag, text]`, of which plain ones have no tag. */
export function pieces(text) {
  const found = [];
  let end = 0;
  for (const match of text.matchAll(INLINE)) {
    const at = match.slice(1).findIndex((part) => part !== undefined);
    found.push([null, text.slice(end, match.index)], [TAGS[at], match[at + 1]]);
    end = match.index + match[0].length;
  }
  return [...found, [null, text.slice(end)]].filter(([, piece]) => piece !== "");
}

/** Draw guidelines, below a heading of the second level. */
export function drawMarkdown(text) {
  return blocks(text).map((block) => {
    if (block.kind === "heading") {
      return el(block.level < 3 ? "h3" : "h4", { dir: "auto" }, inline(block.text));
    }
    if (block.kind === "list") {
      const items = block.items.map((item) => el("li", { dir: "auto" }, inline(item)));
      return el(block.ordered ? "ol" : "ul", null, items);
    }
    return el("p", { dir: "auto" }, inline(block.text));
  });
}

const inline = (text) => pieces(text).map(([tag, piece]) => (tag ? el(tag, null, bdi(piece)) : bdi(piece)));
