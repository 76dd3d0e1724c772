"""Parallel files, as in TweetEval: ``train_text.txt`` and ``train_labels.txt``, one line of each per row."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.config import ReadConfig
from auditor.data.formats.files.tree import Tree
from auditor.data.formats.text.encoding import decode_filled
from auditor.data.formats.text.lines import split_lines
from auditor.data.source import Part
from auditor.errors import RowError, SourceError
from auditor.wording import counted, listed

MAPPING = "mapping.txt"
BETWEEN = b"\0"
"""Separator between the text's line and the label's in a stored row."""
_NAME = re.compile(
    r"(?:(?P<split>.+)[_.-])?(?P<role>text|label)s?(?:\.txt)?(?:\.gz|\.bz2|\.xz)?", re.IGNORECASE | re.DOTALL
)
_MOST_CLASSES = 1 << 20
"""Most bytes of a mapping."""


class Pair(NamedTuple):
    """Names of the two files of a split."""

    texts: str
    labels: str


def find_pairs(names: Iterable[str]) -> dict[str, Pair]:
    """Find the splits with a file of texts and a file of labels, in the order of the names."""
    found: dict[str, dict[str, str]] = {}
    for name in names:
        if match := _NAME.fullmatch(name):
            found.setdefault(match["split"] or "all", {}).setdefault(match["role"].lower(), name)
    return {split: Pair(roles["text"], roles["label"]) for split, roles in found.items() if len(roles) == 2}


def other_half(name: str) -> str | None:
    """Return the name of the other file of a pair; None for a file of neither texts nor labels."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    begin, end = match.span("role")
    instead = {"text": "labels", "texts": "labels", "label": "text", "labels": "text"}
    whole = end + (name[end : end + 1].lower() == "s")
    return name[:begin] + instead[name[begin:whole].lower()] + name[whole:]


def parallel_parts(tree: Tree, config: ReadConfig) -> list[tuple[str, Callable[[str], Part]]]:
    """Return the splits with their readers.

    Raises
    ------
    SourceError
        If ``mapping.txt`` is invalid.
    """
    mapping = next((name for name in tree.sizes if name.casefold() == MAPPING), None)
    classes: dict[str, str] = {}
    about: dict[str, Any] = {}
    if mapping is not None:
        decoded = decode_filled(tree.read(mapping), config.encoding, tree.name(mapping))
        if len(decoded.data) > _MOST_CLASSES:
            raise SourceError(f"{tree.name(mapping)} is too large for names of classes.", "Check its contents.")
        classes = _classes(decoded.data.decode(), tree.name(mapping))
        about = {"mapping": _kept(mapping, decoded) | {"text": decoded.data.decode()}}
    pairs = find_pairs(name for name in tree.sizes if "/" not in name)
    return [(split, partial(_part, tree, pair, classes, about, config)) for split, pair in pairs.items()]


def _part(
    tree: Tree, pair: Pair, classes: Mapping[str, str], about: Mapping[str, Any], config: ReadConfig, split: str
) -> Part:
    decoded = [decode_filled(tree.read(name), config.encoding, tree.name(name)) for name in pair]
    (texts, text_ends), (tokens, label_ends) = (split_lines(file.data) for file in decoded)
    if len(texts) != len(tokens):
        raise SourceError(
            f"{pair.texts} has {counted(len(texts), 'line')}, but {pair.labels} {counted(len(tokens), 'line')}.",
            "Write each text's label on the same line of the other file; blank lines count.",
        )
    labels = pc.utf8_trim_whitespace(tokens)
    labels = pc.if_else(pc.equal(pc.binary_length(labels), 0), None, labels).cast(pa.string())
    if classes:
        labels = _named(labels, classes, pair.labels)
    part_about = {
        **tree.about,
        **about,
        "format": "parallel",
        "file": pair.texts,
        "texts": _kept(pair.texts, decoded[0]),
        "labels": _kept(pair.labels, decoded[1]),
    }
    notes = [
        f"{name}: {file.encoding} can write some characters in several ways; an export uses the usual one."
        for name, file in zip(pair, decoded, strict=True)
        if not file.exact
    ]
    rows = _raw(decoded[0].data, text_ends, decoded[1].data, label_ends)
    return Part(split, pa.table([texts, labels], ["text", "label"]), part_about, tuple(notes), rows)


def _kept(name: str, decoded: Any) -> dict[str, Any]:
    return {"file": name, "encoding": decoded.encoding, "marked": decoded.marked}


def _raw(texts: bytes, text_ends: Any, labels: bytes, label_ends: Any) -> pa.ChunkedArray:
    begins = [np.concatenate([[0], ends[:-1]]) for ends in (text_ends, label_ends)]
    rows = [
        texts[a:b] + BETWEEN + labels[c:d]
        for a, b, c, d in zip(
            begins[0].tolist(), text_ends.tolist(), begins[1].tolist(), label_ends.tolist(), strict=True
        )
    ]
    return pa.chunked_array([pa.array(rows, pa.large_binary())])


def _named(labels: pa.Array, classes: Mapping[str, str], name: str) -> pa.DictionaryArray:
    """Replace numbers by class names, in the order of the mapping."""
    places = pc.index_in(labels, value_set=pa.array(list(classes), pa.string()))
    unknown = pc.and_(pc.is_null(places), pc.is_valid(labels))
    if pc.any(unknown).as_py():
        row = pc.index(unknown, True).as_py()
        raise RowError(
            f"{name}, line {row + 1:,}: {labels[row].as_py()[:60]!r} is not one of the classes in {MAPPING},"
            f" which are {listed(list(classes))}.",
            f"Fix the line, or {MAPPING}.",
        )
    return pa.DictionaryArray.from_arrays(places, pa.array(list(classes.values()), pa.string()))


def _classes(text: str, name: str) -> dict[str, str]:
    """Read the label of each class from lines of ``0``, a tab or blanks, and the class's name."""
    classes: dict[str, str] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        fields = [field.strip() for field in (line.split("\t") if "\t" in line else line.split(maxsplit=1))]
        if not any(fields):
            continue
        if len(fields) < 2 or not all(fields[:2]):
            raise SourceError(
                f"{name}, line {number}: expected a label and the name of its class, found {line.strip()[:60]!r}.",
                "Write a number, a tab and a name on each line.",
            )
        if fields[0] in classes or fields[1] in classes.values():
            raise SourceError(
                f"{name}, line {number}: {line.strip()[:60]!r} repeats a class or a label.",
                "Give each label one name, and each class one label.",
            )
        classes[fields[0]] = fields[1]
    return classes
