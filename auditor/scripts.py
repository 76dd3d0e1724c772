r"""Scripts that are written without spaces between words, and the n-grams that stand in for their words.

Chinese, Japanese, Thai, Lao, Khmer and Burmese are cut without a dictionary: overlapping n-grams contain every short
word. Korean is written with spaces and is not among them. For ``我很高兴``::

    runs    [["我", "很", "高", "兴"]]
    ngrams  我很 很高 高兴 我很高 很高兴     (of two to three characters)

Texts in other scripts have neither runs nor n-grams.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

IDEOGRAPHIC = (
    "\u3005-\u3007\u3105-\u312f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han, bopomofo
    "\u3041-\u3096\u3099\u309a\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9f"  # kana
)
"""Characters that stand for a syllable or a word, for a character class of :mod:`re`."""
_ALPHABETIC = (
    "\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ecd\u0edc-\u0edf"  # Thai, Lao
    "\u1780-\u17d3\u17dc\u17dd\u1000-\u103f\u1050-\u108f\uaa60-\uaa76\uaa7a-\uaa7f"  # Khmer, Burmese
)
UNSPACED = IDEOGRAPHIC + _ALPHABETIC
"""Characters of all scripts that are written without spaces, for a character class of :mod:`re`."""
WORD = 4
"""Characters in the longest n-gram that is shown to a reader."""

_BEFORE = "\u0e40-\u0e44\u0ec0-\u0ec4"
"""Vowels that are written before their consonant."""
_STACKED = "\u1039\u17d2"
"""Signs that put the next consonant below."""
_AFTER = (
    "\u3099\u309a\uff9e\uff9f\u0e30-\u0e3a\u0e45\u0e47-\u0e4e\u0eb0-\u0ebc\u0ec8-\u0ecd"
    "\u17b4-\u17d1\u17d3\u17dd\u102b-\u1038\u103a-\u103e\u1056-\u1059\u1062-\u1064\u1067-\u106d\u1071-\u1074\u1082-\u108d"
)
"""Vowels, tones and other marks that belong to the character before them."""

_RUN = re.compile(f"[{UNSPACED}]+")
_UNIT = re.compile(f"[{_BEFORE}]?[{UNSPACED}](?:[{_STACKED}][{UNSPACED}]|[{_AFTER}])*")


def has_unspaced(text: str) -> bool:
    """Return whether a text contains a character of a script without spaces."""
    return not text.isascii() and _RUN.search(text) is not None


def runs(text: str) -> Iterator[list[str]]:
    """Yield each run of a script without spaces as its units: a character with the vowels and tones around it."""
    if not text.isascii():
        yield from (_UNIT.findall(run) for run in _RUN.findall(text))


def ngrams(text: str, shortest: int, longest: int) -> list[str]:
    """Return the n-grams of the runs in a text: every ``shortest`` to ``longest`` consecutive units."""
    return [
        "".join(units[start : start + size])
        for units in runs(text)
        for size in range(shortest, longest + 1)
        for start in range(len(units) - size + 1)
    ]


def words_of(run: str) -> list[str]:
    """Return the n-grams of a run that a reader may take for words, or the run itself if it is a single character."""
    return ngrams(run, 2, WORD) or [run]


def revision(texts: Sequence[str]) -> dict[str, int]:
    """Return the parameters of stages that use this module: a number for texts that it affects, otherwise nothing.

    Stages of earlier versions thus run again for such texts, and for no others.
    """
    return {"unspaced": 1} if any(map(has_unspaced, texts)) else {}
