"""Votes in one text cell: a list or a mapping, in JSON or as Python prints it."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

LONGEST = 200_000
"""Most characters of a cell: more than the votes on a text need, and quick to parse."""
_ARRAY = re.compile(r"(?:np\.|numpy\.)?array\(\s*")
_END_OF_ARRAY = re.compile(r"(?:\s*+,\s*+dtype=[^()\[\]]*)?\s*+\)")
_STRING = r"""[uU]?(?:'[^'\\]*(?:\\.[^'\\]*)*'|"[^"\\]*(?:\\.[^"\\]*)*")"""
# Possessive throughout: a hostile cell takes only linear time.
_ITEM = re.compile(
    rf"\s*+(?:(?P<call>(?:np|numpy)\.\w++\()\s*+)?(?:(?P<string>{_STRING})|(?P<bare>[+-]?[\w.<>]++))"
    r"\s*+(?(call)\)\s*+)(?P<after>[,:]?)",
    re.DOTALL,
)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_NOTHING = {"none", "nan", "nat", "null", "<na>"}
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
_LETTERS = {"n": "\n", "r": "\r", "t": "\t", "\n": ""}

Cell = list[str | None] | dict[str, str | None]
"""Votes by position, or by rater; None without a vote."""


def is_literal(cell: str) -> bool:
    """Return whether a cell looks like a list or a mapping."""
    return cell[:1] in ("[", "{") or re.match(r"\(\s*['\"]", cell) is not None or _ARRAY.match(cell) is not None


def parse_votes(cell: str) -> Cell:
    """Parse a list of labels or a mapping rater → label.

    JSON, Python's ``repr`` of lists, tuples and dicts, and NumPy's of one-dimensional arrays are accepted. Nothing is
    evaluated, and nested values are refused.

    Raises
    ------
    ValueError
        If the cell is something else, or longer than ``LONGEST``.
    """
    if len(cell) > LONGEST:
        raise ValueError(f"it has {len(cell):,} characters; at most {LONGEST:,} are supported")
    try:
        votes = _of_json(json.loads(cell))
    except (ValueError, RecursionError):
        votes = _of_python(cell.strip())
    for vote in (*votes, *(votes.values() if isinstance(votes, dict) else ())):
        if vote is not None:
            vote.encode()  # a lone surrogate is not text
    return votes


def _of_json(votes: Any) -> Cell:
    if isinstance(votes, dict):
        return {rater: _label(vote) for rater, vote in votes.items()}
    if isinstance(votes, list):
        return [_label(vote) for vote in votes]
    raise ValueError("it is neither a list nor a mapping")


def _label(vote: Any) -> str | None:
    if isinstance(vote, list | dict):
        raise ValueError("it contains another list or mapping")
    return None if vote is None or vote != vote else str(vote)


def _of_python(cell: str) -> Cell:
    if wrapped := _ARRAY.match(cell):
        end = cell.rfind("]") + 1
        if not _END_OF_ARRAY.fullmatch(cell, end):
            raise ValueError("its array has no end")
        cell = cell[wrapped.end() : end]
    inside = cell[1:-1].rstrip()
    if cell[:1] + cell[-1:] == "{}":
        return _mapping(inside)
    if cell[:1] + cell[-1:] not in ("[]", "()"):
        raise ValueError("it is neither a list nor a mapping")
    votes, place = list[str | None](), 0
    while place < len(inside):
        vote, after, place = _item(inside, place)
        if after == ":" or (not after and place < len(inside) and not inside[place - 1].isspace()):
            raise ValueError("a comma is missing between its labels")
        votes.append(vote)
    return votes


def _mapping(inside: str) -> dict[str, str | None]:
    votes: dict[str, str | None] = {}
    place = 0
    while place < len(inside):
        rater, colon, place = _item(inside, place)
        vote, comma, place = _item(inside, place)
        if colon != ":" or comma == ":" or (not comma and place < len(inside)):
            raise ValueError("it is not a mapping of raters to labels")
        votes[str(rater)] = vote
    return votes


def _item(inside: str, place: int) -> tuple[str | None, str, int]:
    """Read a label or a rater. Return it, the separator behind it, and the next position."""
    found = _ITEM.match(inside, place)
    if found is None:
        raise ValueError("it contains more than labels")
    string, bare = found["string"], found["bare"]
    if string is not None:
        return _ESCAPE.sub(_unescaped, string.lstrip("uU")[1:-1]), found["after"], found.end()
    if bare.lower() in _NOTHING:
        return None, found["after"], found.end()
    if bare not in ("True", "False") and not _NUMBER.fullmatch(bare):
        raise ValueError(f"it contains {bare[:40]!r} without quotes")
    return bare, found["after"], found.end()


def _unescaped(found: re.Match[str]) -> str:
    code = found[1] or found[2] or found[3]
    if not code:
        return _LETTERS.get(found[4], found[4])
    if (number := int(code, 16)) > sys.maxunicode:
        raise ValueError(f"there is no character {found[0]}")
    return chr(number)
