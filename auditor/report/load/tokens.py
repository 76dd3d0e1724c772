"""Tokens that distinguish some texts from others: words, and strings that reveal a shortcut."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from auditor.scripts import UNSPACED, words_of

READ_CHARACTERS = 2_000
"""Only the beginning of a text is read, so that no single text takes long."""
_SMALLEST_Z = 1.96
_FEWEST_TEXTS = 3

_TOKEN = re.compile(
    rf"""
      (?P<url>(?:https?://|www\.)[^\s<>"']+)
    | (?P<mention>@\w+)
    | (?P<hashtag>\#\w+)
    | (?P<tag></?[a-z][^<>]{{0,200}}>)
    | (?P<entity>&(?:\#\d{{1,7}}|\#x[0-9a-f]{{1,6}}|[a-z]{{2,8}});)
    | (?P<number>\d+(?:[.,:]\d+)*)
    | (?P<run>[{UNSPACED}]+)
    | (?P<word>[^\W\d_{UNSPACED}]+(?:['’][^\W\d_{UNSPACED}]+)*)
    | (?P<symbol>[!?]{{2,}}|\.{{3,}}|…|[\u2190-\u2bff\U0001f000-\U0001faff])
    """,
    re.VERBOSE | re.IGNORECASE,
)
_PLACEHOLDERS = {"url": "URL", "mention": "@user", "number": "0–9"}
_ORDINARY = {"run", "word"}
_REMAINS = frozenset(
    {"amp", "br", "com", "div", "gt", "href", "html", "http", "https", "img", "lt", "nbsp", "php", "quot"}
    | {"rt", "span", "src", "utf", "www", "xml"}
)


@dataclass(frozen=True)
class Token:
    """A token that stands out.

    Attributes
    ----------
    text : str
        A word in lower case, an n-gram of a script without spaces, ``URL``, ``@user``, ``0–9``, a hashtag, an HTML tag
        or entity, an emoji …
    special : bool
        Whether it is anything but a word: such tokens are the first to check for shortcuts.
    texts, others : int
        Number of texts with it in the part, and in the rest.
    z : float
        Log-odds ratio over its standard deviation; see :func:`stand_out`.
    """

    text: str
    special: bool
    texts: int
    others: int
    z: float


def tokens_of(text: str) -> set[tuple[str, bool]]:
    """Return the distinct tokens in the beginning of a text, and whether each is special.

    URLs, mentions and numbers become one token each; hashtags, HTML tags and entities stay as they are.
    """
    found = set[tuple[str, bool]]()
    for match in _TOKEN.finditer(text[:READ_CHARACTERS]):
        kind = match.lastgroup or "word"
        token = match[0].casefold()
        if kind == "run":
            found.update((gram, False) for gram in words_of(token))
            continue
        if kind == "tag":
            token = "<" + re.split(r"[\s>]", token[1:], maxsplit=1)[0] + ">"
        found.add((_PLACEHOLDERS.get(kind, token), kind not in _ORDINARY or token in _REMAINS))
    return found


@dataclass(frozen=True)
class Counts:
    """Number of texts, and of texts with each token: a text counts once, however often it repeats a token."""

    texts: int
    tokens: Counter[tuple[str, bool]]

    @classmethod
    def of(cls, texts: Sequence[str]) -> Self:
        """Count the tokens of texts."""
        return cls(len(texts), Counter(token for text in texts for token in tokens_of(text)))

    def __add__(self, other: Counts) -> Counts:
        """Counts over the texts of both."""
        return Counts(self.texts + other.texts, self.tokens + other.tokens)


def stand_out(part: Counts, rest: Counts, top: int = 8) -> tuple[Token, ...]:
    """Tokens that are in a larger share of the texts of a part than of the rest, most telling first.

    Log-odds ratios with an informative prior: what both sides have together, scaled to the smaller side's size, so
    that a rare token needs more than luck to stand out. The source counts words; here texts with the word are
    counted, since one long text should not speak for many.

    Parameters
    ----------
    part, rest : Counts
        Counts without a common text.
    top : int
        Maximum number of tokens.

    References
    ----------
    B. Monroe, M. Colaresi and K. Quinn, "Fightin' Words: Lexical Feature Selection and Evaluation for Identifying
    the Content of Political Conflict", Political Analysis 16(4), 2008, equations 16, 19 and 22.
    """
    prior_texts = min(part.texts, rest.texts)
    if not prior_texts:
        return ()
    scale = prior_texts / (part.texts + rest.texts)
    found = []
    for key, texts in part.tokens.items():
        others = rest.tokens[key]
        # Half a text more and half a text fewer, so that a token in all texts does not divide by zero.
        prior = scale * (texts + others)
        a, not_a = texts + prior + 0.5, part.texts + prior_texts - texts - prior + 0.5
        b, not_b = others + prior + 0.5, rest.texts + prior_texts - others - prior + 0.5
        z = math.log(a * not_b / (b * not_a)) / math.sqrt(1 / a + 1 / not_a + 1 / b + 1 / not_b)
        if texts >= _FEWEST_TEXTS and z >= _SMALLEST_Z:
            found.append(Token(*key, texts=texts, others=others, z=z))
    return tuple(sorted(found, key=lambda token: (-token.z, token.text))[:top])
