"""The page in two languages: no word is missing or left over, and a request is answered in the right one."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.requests import HTTPConnection

from auditor.access.accounts import Accounts
from auditor.review.log.log import DecisionLog
from auditor.run import Run
from tests.ui.conftest import browser, make_app
from ui.language import LANGUAGES, Language, language_of, translate
from ui.page import TABS, WORDS

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "ui" / "static"
SCRIPTS = {path.relative_to(STATIC).as_posix(): path.read_text("utf-8") for path in sorted(STATIC.rglob("*.js"))}
SCRIPTS.pop("common/language.js")
CATALOGUE = json.loads((STATIC / "zh.json").read_text("utf-8"))
CHINESE = "zh-CN,zh;q=0.9,en;q=0.6"

STRING = r'"((?:[^"\\\n]|\\.)*)"'
TOKEN = re.compile(
    rf"/\*.*?\*/|//[^\n]*|{STRING}|`((?:[^`\\]|\\.)*)`|/(?![*/ ])(?:[^/\\\n\[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[a-z]*",
    re.DOTALL,
)
PLURAL = re.compile(rf"\bplural\((?:[^()\"]|\((?:[^()]|\([^()]*\))*\))*,\s*{STRING}(?:,\s*{STRING})?")
PLACE = re.compile(r"\{(#?\w+)\}")

NO_WORDS = re.compile(
    r"[a-z][\w:.-]*|\.{0,2}/?[a-z]+(/[\w./-]*)+|#[0-9a-f]{6}|--[a-z]+"  # names, addresses, colours, variables
    r"|(?:au|pg|ex)-[\w -]*|\w+: [\w ]+"  # classes
    r"|[\w-]*[.\[(#:][^A-Z]*[\])\w\"'-]"  # selectors
)
"""Literals that are no words: never shown, whatever stands around them."""
ALLOWED = {
    *("CSV", "TSV", "JSON Lines", "Parquet"),  # names of formats
    *("Esc", "Enter", "Escape", "Space", "Shift", "Control", "Alt", "Meta", "Tab", "Key", "Arrow"),  # keys
    *("POST", "Content-Type", "Content-Disposition", "Auditor-Notes", "AbortError"),  # of HTTP and of the browser
    "${name} must be a function",  # errors for us alone
    "${name} is not set from a value",
}


def strings(text: str) -> Iterator[tuple[int, str]]:
    """Each string and template of a script, without comments, and where it begins."""
    for match in TOKEN.finditer(text):
        if match[0][0] in '"`':
            yield match.start(), match[0][1:-1]


def sentences() -> dict[str, str]:
    """Return each sentence that the page's scripts and the server translate, and where."""
    found = dict.fromkeys(WORDS, "ui/page.py")
    for name, text in SCRIPTS.items():
        for match in re.finditer(rf"(?<![\w.#])(?:t|nodes)\(\s*(?:{STRING})?", text):
            assert match[1] is not None, f"{name}: {text[match.start() : match.start() + 80]}: not a literal"
            found[json.loads(f'"{match[1]}"')] = name
    for path in sorted((ROOT / "ui").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "translate" and path.name != "language.py":
                assert isinstance(node.args[1], ast.Constant), f"{path}: {ast.unparse(node)}"
                found[str(node.args[1].value)] = path.name
    return found


def nouns() -> set[str]:
    """Return what the page counts."""
    found = set()
    for name, text in SCRIPTS.items():
        if name != "common/dom.js":
            used = PLURAL.findall(text)
            assert len(used) == len(re.findall(r"\bplural\(", text)), f"{name}: a noun is not a literal"
            found |= {one for one, _ in used}
    return found


def test_every_sentence_and_noun_has_a_translation_and_none_is_left_over() -> None:
    used = sentences()
    assert {key: used[key] for key in used if key not in CATALOGUE["words"]} == {}
    assert set(CATALOGUE["words"]) - set(used) == set()
    of_server = {"rater", "cell", "other row"}
    assert set(CATALOGUE["counts"]) == nouns() | of_server


@pytest.mark.parametrize("part", ["words", "sentences"])
def test_translations_have_the_values_of_the_english_sentence(part: str) -> None:
    unlike = {
        english: chinese
        for english, chinese in CATALOGUE[part].items()
        if set(PLACE.findall(english)) - {"kind"} != set(PLACE.findall(chinese))
    }
    assert unlike == {}
    assert all(words.count("#") == 1 for words in CATALOGUE["counts"].values())


def test_no_english_is_left_in_the_scripts() -> None:
    left = []
    for name, text in SCRIPTS.items():
        for at, string in strings(text):
            before = text[max(0, at - 120) : at]
            translated = re.search(r"\b(?:t|nodes)\(\s*$", before) or re.search(
                r"\bplural\([^\"]*,\s*(?:\"[^\"]*\",\s*)?$", before
            )
            shown = re.sub(r"\$\{(?:[^{}]|\{[^{}]*\})*\}", "", string)
            if translated or string in ALLOWED or not re.search(r"[A-Za-z]{2,}", shown):
                continue
            if not re.search(r"\b[A-Z][a-z]+|[a-z]{2,} [a-z]{2,}|[a-z]…", shown) or NO_WORDS.fullmatch(shown):
                continue
            if re.search(r"(?:class|className): (?:[^,}\n]*\? )?$|, $", before) and re.search(r"\b(au|pg|ex)-", string):
                continue
            left.append(f"{name}: {string[:100]}")
    assert left == []


def test_chinese_is_set_as_chinese() -> None:
    shown = [*CATALOGUE["words"].values(), *CATALOGUE["counts"].values(), *CATALOGUE["sentences"].values()]
    assert [text for text in shown if re.search(r"[\u4e00-\u9fff][,;:?!()]|[,;:?!()][\u4e00-\u9fff]", text)] == []
    assert [text for text in shown if re.search(r"[\u4e00-\u9fff]\.|\.\.\.|……", text)] == []
    # one word, one meaning: those of docs/zh
    assert [text for text in shown if re.search("审阅|裁定|置信度区间|标注员|嫌疑|你", text)] == []


# -- the server's sentences ------------------------------------------------------------------------------------------

SHOWN = ("FilterError", "DecisionError", "RefusedError", "BusyError")
"""Errors whose words the page shows, and that the person at the page can meet."""
REFUSES = ("refuse", "_refused")
OF_SERVER = (
    *("ui/answers.py", "ui/guard.py", "ui/login.py", "ui/routes", "ui/services"),
    *("auditor/review/bulk.py", "auditor/review/filter", "auditor/review/view", "auditor/review/guidelines.py"),
    *("auditor/review/log/event.py", "auditor/review/log/log.py", "auditor/correction/decide/classes.py"),
    "auditor/correction/decide/reclassify.py",
)
ONLY_BY_HAND = re.compile(
    # a request that our page does not send
    r"without labels|has .* label.?; expected|not a position|rows was requested|Request |Start at the beginning"
    r"|seed|Give 0 or more|Relabel to the suggestion|client has disconnected|Too many people|try again in a moment"
    r"|The request is not |does not say how large|must not have a body|Row x cannot be decided|leave the row out"
    r"|^x$|^x\.$",
    re.IGNORECASE,
)


def pattern(form: str) -> re.Pattern[str]:
    """Match what the page's ``told`` matches."""
    parts = PLACE.split(form)
    inner = [re.escape(part) if at % 2 == 0 else ".+?" for at, part in enumerate(parts)]
    return re.compile("".join(inner), re.DOTALL)


def errors() -> Iterator[str]:
    """Both lines of each error that the page shows, with ``x`` for its values."""
    for entry in OF_SERVER:
        paths = [ROOT / entry] if entry.endswith(".py") else sorted((ROOT / entry).rglob("*.py"))
        for path in paths:
            tree = ast.parse(path.read_text("utf-8"))
            names = {
                ast.unparse(node.targets[0]): node.value
                for node in tree.body
                if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            }
            for node in ast.walk(tree):
                made = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
                if isinstance(node, ast.Call) and (made in SHOWN or (made in REFUSES and "ui" in path.parts)):
                    lines = [text for text in (written(arg, names) for arg in node.args) if text]
                    yield from lines if len(lines) == 2 else []


def written(node: ast.expr, names: dict[str, ast.expr]) -> str | None:
    node = names.get(ast.unparse(node), node)
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        parts = [part.value if isinstance(part, ast.FormattedValue) else part for part in node.values]
        return "".join(written(part, names) or "x" for part in parts)
    return None


def test_errors_that_people_meet_on_the_page_have_a_translation() -> None:
    forms = [pattern(form) for form in CATALOGUE["sentences"]]
    found = set(errors())
    assert len(found) > 80
    left = {line for line in found if not ONLY_BY_HAND.search(line) and not any(form.fullmatch(line) for form in forms)}
    assert left == set()


def test_every_translated_sentence_is_one_of_the_server() -> None:
    """Each piece of a form, without its values, stands in a string of the server."""
    strings = set()
    for folder in ("auditor", "ui"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    strings.add(node.value)
    whole = "\n".join(strings)
    unknown = []
    for form in CATALOGUE["sentences"]:
        # Where a sentence is put together of words, its words stand for it.
        pieces = [piece.strip(" .;:,") for piece in PLACE.sub("\0", form).split("\0")]
        words = [piece if piece in whole else word for piece in pieces for word in re.split(r"[ .,;:()]+", piece)]
        unknown += [form for word in words if word not in whole]
    assert unknown == []


# -- which language --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cookie", "option", "accepted", "expected"),
    [
        (None, None, None, "en"),
        (None, None, "de,fr;q=0.9", "en"),
        (None, None, CHINESE, "zh"),
        (None, None, "en-US,en;q=0.9,zh;q=0.8", "en"),
        (None, None, "de;q=1,zh-Hans;q=0.5,en;q=0.4", "zh"),
        (None, None, "zh;q=0,en;q=0.1", "en"),
        (None, None, "zh;q=high, ;;,", "en"),
        (None, "zh", "en", "zh"),
        (None, "en", CHINESE, "en"),
        ("en", "zh", CHINESE, "en"),
        ("zh", "en", "en", "zh"),
        ("xx", None, CHINESE, "zh"),
        ("xx", "en", CHINESE, "zh"),
    ],
)
def test_the_choice_on_the_page_comes_before_the_option_and_the_browser(
    cookie: str | None, option: Language | None, accepted: str | None, expected: str
) -> None:
    headers = {"cookie": cookie and f"auditor-language={cookie}", "accept-language": accepted}
    scope = {
        "type": "http",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items() if value],
        "app": SimpleNamespace(state=SimpleNamespace(language=option)),
    }
    assert language_of(HTTPConnection(scope)) == expected


def test_the_page_is_chinese_where_the_browser_is(client: TestClient) -> None:
    english, chinese = client.get("/").text, client.get("/", headers={"Accept-Language": CHINESE}).text
    assert '<html\n\tlang="en"' in english
    assert "zh.json" not in english
    assert '<meta name="auditor-language" content="en">' in english
    assert '<meta name="auditor-language" content="zh">' in chinese
    assert '<html\n\tlang="zh-CN"' in chinese
    assert re.findall(r'rel="preload" as="fetch" crossorigin href="static/edition/\w+/zh.json"', chinese)
    for tab in (*TABS, "Filters"):
        assert f'"label":"{tab}"' in english
        assert f'"label":"{tab}"' not in chinese
        assert f'"label":"{translate("zh", tab)}"' in chinese


def test_the_words_are_kept_as_long_as_the_scripts(client: TestClient) -> None:
    page = client.get("/", headers={"Accept-Language": CHINESE}).text
    address = re.findall(r'href="(static/edition/\w+/zh.json)"', page)[0]
    answer = client.get(f"/{address}")
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert answer.json() == CATALOGUE


def test_an_option_makes_the_page_chinese(run: Run, log: DecisionLog) -> None:
    page = browser(make_app(run, log, language="zh")).get("/").text
    assert 'lang="zh-CN"' in page


@pytest.fixture
def guarded(run: Run, log: DecisionLog, accounts: Accounts) -> FastAPI:
    """The page, with a login."""
    return make_app(run, log, accounts=accounts)


def test_the_login_is_in_the_language_chosen_there(guarded: FastAPI) -> None:
    client = browser(guarded)
    assert '<html lang="en">' in client.get("/login").text
    form = client.get("/login?query=given%3Djoy", headers={"Accept-Language": CHINESE}).text
    assert '<html lang="zh-CN">' in form
    assert "<p>审核 <bdi>diary</bdi></p>" in form
    assert 'href="login?query=given%3Djoy&amp;language=en" lang="en">English</a>' in form
    chosen = client.get("/login?query=given%3Djoy&language=zh")
    assert (chosen.status_code, chosen.headers["location"]) == (303, "login?query=given%3Djoy")
    sent = {"name": "ann", "password": "wrong"}
    answer = client.post("/login", data=sent)
    assert answer.status_code == 401
    assert "用户名与密码不匹配，请重试。" in answer.text
    assert client.get("/login?language=xx").status_code == 422
    assert set(LANGUAGES) == {"en", "zh"}
