"""Files to be read: rows whose texts and labels are known, and how they are written."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LABELS = ("joy", "sadness", "anger", "surprise & awe", "爱")
WORDS = [
    *"i feel so glad that café naïve 😀 don't 爱 it's 5 > 3 #joy @you http://x.y/z? =1+1".split(),
    *"(really);:/\\&%'…",
]
Pair = tuple[str, str]


@dataclass
class Made:
    """A file: its bytes in the pieces that its rows are, what they mean, and how it is to be read."""

    name: str
    head: str
    rows: list[str]
    pairs: list[Pair]
    tail: str = ""
    encoding: str = "utf-8"
    config: dict[str, Any] = field(default_factory=lambda: {"text": "text", "label": "label"})
    relabel: Callable[[str, str, str], str] | None = None
    """A row, its old and its new label: the row as it should be then."""
    store: Callable[[Path, bytes], object] = Path.write_bytes
    """Write the bytes as they are meant: packed, as a table, or into the files of a folder."""
    load: Callable[[Path], bytes] = Path.read_bytes
    """The other way round."""
    in_order: bool = True
    """Whether rows stay where they were: a text in the folder of its class moves when it is relabelled."""

    def bytes_of(self, rows: list[str]) -> bytes:
        """Encode the file with these rows."""
        return (self.head + "".join(rows) + self.tail).encode(self.encoding)


def pairs(chance: random.Random, characters: str = "") -> list[Pair]:
    """Six to twenty texts, with some of ``characters`` among their words, and two labels at least twice."""
    made = [(text(chance, characters), chance.choice(LABELS)) for _ in range(chance.randint(2, 16))]
    return [
        ("the first of all", "joy"),
        (text(chance, characters), "sadness"),
        *made,
        ("one more", "joy"),
        ("last", "sadness"),
    ]


def text(chance: random.Random, characters: str) -> str:
    words = " ".join(chance.choices([*WORDS, *characters], k=chance.randint(1, 12))).strip()
    return words if words[:1].isalpha() else f"x {words}"


def replaced(row: str, old: str, new: str) -> str:
    """The last place at which the old label stands."""
    at = row.rindex(old)
    return row[:at] + new + row[at + len(old) :]
