/**
 * The page's language. A sentence is named by its English words, which stand where it is shown; the catalogue of
 * another language, `zh.json`, has its translation. Values go into places in braces, `{rows} found`, and are never
 * translated. Where one English word needs two translations, what follows two bars tells them apart: `All||total`.
 */

const CHINESE =
  /** @type {HTMLMetaElement} */ (document.querySelector("meta[name=auditor-language]"))?.content === "zh";
document.documentElement.lang = CHINESE ? "zh-CN" : "en"; // Gradio has put the browser's there
const PLACE = /\{(\w+)\}/;

/** Language tag of numbers and of dates. */
export const NUMBERS = CHINESE ? "zh-CN" : "en-US";
export const DATES = CHINESE ? "zh-CN" : "en-GB";

// Modules wait for this one, so that tables of words can be constants. Without its catalogue the page is English.
const catalogue = CHINESE ? await load().catch(() => null) : null;

async function load() {
  const response = await fetch(new URL("../zh.json", import.meta.url), { credentials: "same-origin" });
  return response.ok ? response.json() : null;
}

/** A sentence with its values, as strings and nodes. */
export function nodes(sentence, values = {}) {
  const words = catalogue?.words[sentence] ?? sentence.split("||", 1)[0];
  return words.split(PLACE).map((part, at) => (at % 2 ? values[part] : part));
}

/** The same as one string. */
export const t = (sentence, values) => nodes(sentence, values).join("");

/** A number, already written, with what it counts: `1 row`, `12 rows`. */
export function counted(number, singular, many, isOne) {
  const words = catalogue?.counts[singular];
  return words ? words.replace("#", number) : `${number} ${isOne ? singular : many}`;
}

let patterns;

/**
 * A sentence of the server, which speaks English alone, since its sentences also stand in files and in the terminal:
 * translated if the catalogue has its form, else as it is.
 */
export function translated(sentence) {
  if (!catalogue || typeof sentence !== "string") {
    return sentence;
  }
  patterns ??= Object.entries(catalogue.sentences)
    .sort(([form], [otherForm]) => literal(otherForm) - literal(form)) // the form with most words of its own is meant
    .map(([form, words]) => [pattern(form), words.split(/\{(#?\w+)\}/)]);
  for (const [form, words] of patterns) {
    const found = form.exec(sentence);
    if (found) {
      return words.map((part, at) => (at % 2 ? value(part, found.groups) : part)).join("");
    }
  }
  return sentence;
}

const literal = (form) => form.replace(/\{#?\w+\}/g, "").length;

/** `{name}` stands for anything, `{#name}` for a number with what it counts. */
function pattern(form) {
  const parts = form.split(/\{(#?\w+)\}/).map((part, at) => {
    const name = part.replace("#", "");
    const inner = part.startsWith("#") ? "[\\d,]+ [a-z ]+?" : ".+?";
    return at % 2 ? `(?<${name}>${inner})` : part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  });
  return new RegExp(`^${parts.join("")}$`, "su");
}

function value(name, groups) {
  if (!name.startsWith("#")) {
    return groups[name];
  }
  const [, number, noun] = /^([\d,]+) (.+?)s?$/.exec(groups[name.slice(1)]);
  return counted(number, noun, `${noun}s`, number === "1");
}

/** Change the language, which the browser remembers, and load the page in it. */
export function switchLanguage() {
  const { pathname } = new URL(".", document.baseURI);
  document.cookie = `auditor-language=${CHINESE ? "en" : "zh"}; path=${pathname}; max-age=31536000; SameSite=Lax`;
  location.reload();
}

/** The name of the other language, in that language, and its tag. */
export const OTHER = CHINESE ? ["English", "en"] : ["中文", "zh-CN"];
