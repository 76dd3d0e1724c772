"""The languages of the page: which one a request is answered in, and the words that the server itself puts there.

Words are named by their English, as in ``static/common/language.js``, which shares the catalogue.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from starlette.requests import HTTPConnection

Language = Literal["en", "zh"]

LANGUAGES: tuple[Language, ...] = get_args(Language)
TAGS: dict[Language, str] = {"en": "en", "zh": "zh-CN"}
"""What ``<html lang>`` says."""
NAMES: dict[Language, str] = {"en": "English", "zh": "中文"}
COOKIE = "auditor-language"
"""Cookie that holds the language chosen on the page."""

_STATIC = Path(__file__).parent / "static"


def language_of(connection: HTTPConnection) -> Language:
    """Return the language chosen on the page, else that of ``--lang``, else the browser's first that exists."""
    chosen = connection.cookies.get(COOKIE) or connection.app.state.language
    accepted = connection.headers.get("accept-language", "")
    return next((tag for tag in (chosen, *_ranked(accepted)) if tag in LANGUAGES), "en")


def translate(language: Language, sentence: str, **values: Any) -> str:
    """Return a sentence in a language, with its values."""
    return catalogue(language).get(sentence, sentence).format(**values)


def translate_page(page: bytes, language: Language, words: tuple[str, ...]) -> bytes:
    """Put Gradio's page, which is made once and in English, into a language; ``words`` stand on it."""
    if language == "en":
        return page
    page = page.replace(b'lang="en"', f'lang="{TAGS[language]}"'.encode(), 1)
    for word in words:
        text = translate(language, word).encode()
        # As the label of a component, and between the tags of its HTML, whose brackets are escaped.
        page = page.replace(b'"label":"%s"' % word.encode(), b'"label":"%s"' % text)
        page = page.replace(rb"\u003e%s\u003c" % word.encode(), rb"\u003e%s\u003c" % text)
    return page


@cache
def catalogue(language: Language) -> dict[str, str]:
    """Return the words of a language; none for English."""
    if language == "en":
        return {}
    words: dict[str, str] = json.loads((_STATIC / f"{language}.json").read_text("utf-8"))["words"]
    return words


def _ranked(accepted: str) -> list[str]:
    """Return the languages of an Accept-Language header, the most wanted first: ``zh-CN,en;q=0.8`` → zh, en."""
    wanted = []
    for part in accepted[:1000].split(","):
        tag, _, quality = part.partition(";")
        try:
            rank = float(quality.strip().removeprefix("q=") or 1)
        except ValueError:
            rank = 0.0
        if rank > 0:
            wanted.append((-rank, tag.strip().partition("-")[0].lower()))
    return [tag for _, tag in sorted(wanted, key=lambda ranked: ranked[0])]
