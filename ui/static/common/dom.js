/**
 * Building elements: the one way in which anything comes onto the page.
 *
 * Texts, labels, names and ids may be hostile. Strings become text nodes and plain attributes; whatever could run
 * code or fetch something from elsewhere is refused here, so that no page has to think of it.
 */

import { NUMBERS, counted, t } from "./language.js";

const LINKS = new Set(["href", "src", "action", "formaction", "xlink:href"]);
const OWN = /^(?:[?#]|\.\/)/;

/**
 * Make an element.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Object|null} [attributes] `onclick: function` listens; `true` sets an empty attribute; `null`, `undefined` and
 *   `false` leave it out; `vars: {part: 0.4}` sets CSS variables, which are numbers; `data: {id: "a"}` sets data-id.
 * @param {...(Node|string|number|boolean|null|Array)} children Strings and numbers become text; `null` and `false` nothing.
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function el(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    set(element, name, value);
  }
  append(element, children);
  return element;
}

/** Make an element of a drawing; its attributes are ours alone, its children as of `el`. */
export function svg(name, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    set(element, key, value);
  }
  append(element, children);
  return element;
}

/** Set, or with `null` or `false` remove, an attribute as `el` does. */
export function set(element, name, value) {
  if (name === "vars") {
    for (const [key, number] of Object.entries(value)) {
      element.style.setProperty(`--${key}`, String(Number(number)));
    }
  } else if (name === "data") {
    for (const [key, text] of Object.entries(value)) {
      element.dataset[key] = text;
    }
  } else if (/^on/i.test(name)) {
    if (typeof value === "function") {
      element.addEventListener(name.slice(2).toLowerCase(), value);
    } else if (value !== null && value !== undefined) {
      throw new TypeError(`${name} must be a function`);
    }
  } else if (value === null || value === undefined || value === false) {
    element.removeAttribute(name);
  } else if (/^(?:style|srcdoc)$/i.test(name) || (LINKS.has(name.toLowerCase()) && !OWN.test(value))) {
    throw new TypeError(`${name} is not set from a value`);
  } else {
    element.setAttribute(name, value === true ? "" : String(value));
  }
}

function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false) {
      element.append(child instanceof Node ? child : String(child));
    }
  }
}

/** Replace all that `element` holds by `children`. */
export function replace(element, ...children) {
  element.replaceChildren();
  append(element, children);
  return element;
}

// Control characters, zero-width ones, marks that turn the direction of what follows, and what is no character at all.
const INVISIBLE = new RegExp(
  "[\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f\\u00ad\\u061c\\u180e\\u200b\\u200e\\u200f\\u2060-\\u206f\\ufeff" +
    "\\ufff9-\\ufffb\\u2028-\\u202e\\ud800-\\udfff\\ufdd0-\\ufdef\\ufffe\\uffff]" +
    // Joiners belong to emoji and to many scripts; between ASCII characters they only hide something.
    "|(?<![^\\u0000-\\u007f])[\\u200c\\u200d](?![^\\u0000-\\u007f])",
  "gu",
);

/** A text or label from the data, set apart so that its direction stays within it; what is invisible is shown. */
export function bdi(text, attributes) {
  return el("bdi", attributes, visible(text));
}

/** A text from the data as a block of its own, which is set and aligned from the side where its script begins. */
export function prose(tag, text, attributes) {
  return el(tag, { dir: "auto", ...attributes }, visible(text));
}

function visible(text) {
  const pieces = [];
  const string = String(text);
  let end = 0;
  for (const match of string.matchAll(INVISIBLE)) {
    const code = match[0].codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
    pieces.push(string.slice(end, match.index), el("span", { class: "au-code-point", dir: "ltr" }, `U+${code}`));
    end = match.index + match[0].length;
  }
  return [...pieces, string.slice(end) || (end ? null : t("(blank)"))];
}

const COUNT = new Intl.NumberFormat(NUMBERS);

/** Number with thousands separated, `1,234`. */
export function count(number) {
  return COUNT.format(Number(number));
}

/** `1 row`, `1,234 rows`. */
export function plural(number, singular, many = `${singular}s`) {
  return counted(count(number), singular, many, number === 1);
}
