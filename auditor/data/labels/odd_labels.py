"""Odd class names: several spellings, look-alikes, words that mean "no label", several labels in one."""

from __future__ import annotations

import re
import shlex
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise

from auditor.wording import counted, listed

_ZWJ = "\u200d"
_IGNORED = {"\u034f", "\u115f", "\u1160", "\u17b4", "\u17b5", "\u2800", *map(chr, range(0xFE00, 0xFE10))}
"""Invisible characters outside the categories Cc and Cf."""
_TAGS = range(0xE0020, 0xE0080)
"""Invisible characters that distinguish the flags of England and Scotland."""
_LETTERS = str.maketrans("аеорсухіјѕԁһԛԝαονρτιυκ", "aeopcyxijsdhqwaovptiuk")
"""Cyrillic and Greek letters that look like Latin ones."""
_JOINTS = re.compile(r"(?<=[^\W_])[\s_\-\u2010-\u2014'\u2019.]+(?=[^\W_])")
_INTEGER = re.compile(r"-?\d+")
_NO_LABEL = frozenset(
    "nan na n/a n.a. n\\a \\n #n/a #na <na> none null nil nat undefined unknown unlabeled unlabelled unsup"
    " ? ?? ??? - -- --- – — . … * [] {} #value! #ref! #name? #null! #num! #div/0!".split()
) | {"no label", "no_label", "no-label", "not labeled", "not labelled", "(none)", "(blank)", "<none>", "<null>"}
_SENTINELS = {-1, -9, -99, -100, -999, -9999, 99, 999, 9999}
_MARKS = "#|,;/&+\t\n"
"""Marks between several labels."""
_WEAK_MARKS = (r"\s+and\s+", r"\s+", "_", "-", ":", r"\.")
"""Marks between labels or within a label, as in ``non-fiction``."""
_NEARLY_ALL = 0.8
_SHOWN = 12


def alike(label: str) -> str:
    """Return the form that labels share if they look the same.

    It is normalised (NFKC), without invisible characters and surrounding blanks, and with single blanks. Joiners stay
    if they combine two symbols into one.
    """
    if label.isascii() and label.isprintable():
        return " ".join(label.split())
    blank = "".join(" " if character.isspace() else character for character in unicodedata.normalize("NFKC", label))
    drawn = [character for character in blank if character == _ZWJ or not _is_invisible(character)]
    kept = "".join(
        character
        for character, following in pairwise([*drawn, "\n"])  # a joiner joins the following character
        if character != _ZWJ or unicodedata.category(following) == "So"
    )
    return " ".join(unicodedata.normalize("NFKC", kept).split())


def _is_invisible(character: str) -> bool:
    return character in _IGNORED or (
        unicodedata.category(character) in ("Cc", "Cf") and ord(character) not in _TAGS and character != _ZWJ
    )


# -- missing labels ---------------------------------------------------------------------------------------------


def find_missing(counts: Mapping[str, int], named: Iterable[str]) -> tuple[set[str], tuple[str, ...]]:
    """Find the labels that ``--missing-labels`` names.

    Parameters
    ----------
    counts : mapping of str to int
        Rows by label, spelled as in the column.
    named : iterable of str
        Labels, compared without surrounding blanks. ``*`` matches any characters, unless it is a label itself.

    Returns
    -------
    missing : set of str
        Keys of ``counts`` that are named.
    notes : tuple of str
    """
    by_name = defaultdict(set)
    for label in counts:
        by_name[alike(label)].add(label)
    missing, notes = set[str](), []
    for name in dict.fromkeys(map(alike, named)):
        found = by_name.get(name) or _fitting(name, by_name)
        if not found:
            notes.append(f"--missing-labels names {name!r}, which is not a label.")
        missing |= found
    rows = Counter[str]()
    for label, number in counts.items():
        if label in missing:
            rows[alike(label)] += number
    if rows.total():
        notes.insert(
            0,
            f"{counted(rows.total(), 'row')} treated as unlabelled because of --missing-labels:"
            f" {_with_rows(dict(rows.most_common()))}.",
        )
    return missing, tuple(notes)


def _fitting(name: str, by_name: Mapping[str, set[str]]) -> set[str]:
    if "*" not in name or not name.strip("*"):
        return set()
    pattern = re.compile(".*".join(map(re.escape, name.split("*"))), re.DOTALL)
    return set().union(*(labels for label, labels in by_name.items() if pattern.fullmatch(label)))


# -- notes ------------------------------------------------------------------------------------------------------


def spelling_notes(names: Sequence[str], spellings: Sequence[Sequence[object]]) -> tuple[str, ...]:
    """Name the classes with several spellings, and those that differ only slightly.

    Parameters
    ----------
    names : sequence of str
        Names of K classes.
    spellings : sequence of sequence
        Spellings of each class in the column.
    """
    notes = [
        f"Read as one class, {name!r}: {listed(_shown(values))}."
        for name, values in zip(names, spellings, strict=True)
        if len(values) > 1
    ]
    by_case = _groups(names, str.casefold)
    notes += [f"Labels that differ only in case are separate classes: {listed(_shown(group))}." for group in by_case]
    notes += [
        "Labels that differ only in blanks, hyphens or look-alike letters are separate classes:"
        f" {listed(_shown(group))}."
        for group in _groups(names, _similar)
        if group not in by_case
    ]
    return tuple(notes)


def odd_notes(names: Sequence[str], rows: Sequence[int]) -> tuple[str, ...]:
    """Name the classes that may mean "no label", or several labels.

    Parameters
    ----------
    names : sequence of str
        Names of K classes.
    rows : sequence of int
        (K,) number of rows of each class; classes without rows are ignored.
    """
    counts = {name: number for name, number in zip(names, rows, strict=True) if number}
    notes = []
    if words := {name: counts[name] for name in counts if _is_no_label(name, counts)}:
        notes.append(
            f"{counted(sum(words.values()), 'row')} with a label that may mean a missing one:"
            f" {_with_rows(words)}. Each is a separate class; to set these rows aside, {_option(words)}."
        )
    if several := {name: counts[name] for name in _several(counts)}:
        notes.append(
            f"{counted(sum(several.values()), 'row')} with what looks like several labels in one:"
            f" {_with_rows(several)}. Each is a separate class; to set these rows aside, {_option(several)}."
        )
    return tuple(notes)


def _is_no_label(name: str, counts: Mapping[str, int]) -> bool:
    word = alike(name).casefold()
    if word in _NO_LABEL:
        return True
    others = [int(other) for other in counts if other != name and _INTEGER.fullmatch(other)]
    if not _INTEGER.fullmatch(word) or int(word) not in _SENTINELS or len(counts) < 3:
        return False
    if len(others) < len(counts) - 1:  # some labels are words
        return not others and int(word) < 0
    counted_on = sorted(others) in (list(range(len(others))), list(range(1, len(others) + 1)))
    return counted_on and (int(word) < 0 or int(word) > max(others) + 1)


def _several(counts: Mapping[str, int]) -> list[str]:
    """Return the names that are composed of other names."""
    names = {alike(name) for name in counts}
    found = set[str]()
    for mark in _MARKS:
        pieces = {name: parts for name in counts if len(parts := _pieces(name, re.escape(mark))) > 1}
        whole = {name for name, parts in pieces.items() if names.issuperset(parts)}
        every = [part in names for parts in pieces.values() for part in parts]
        # If nearly all pieces are labels, the remaining pieces are probably labels too.
        found |= set(pieces) if whole and sum(every) >= _NEARLY_ALL * len(every) else whole
    for pattern in (f"[{re.escape(_MARKS)}]", *_WEAK_MARKS):
        found |= {name for name in counts if len(parts := _pieces(name, pattern)) > 1 and names.issuperset(parts)}
    return [name for name in counts if name in found]


def _pieces(name: str, pattern: str) -> list[str]:
    pieces = [alike(piece) for piece in re.split(pattern, name.strip())]
    return pieces if all(pieces) else []


def _similar(name: str) -> str:
    folded = alike(name).casefold().translate(_LETTERS)
    return _JOINTS.sub("", folded) if any(map(str.isalpha, folded)) else name


def _groups(names: Iterable[str], key: Callable[[str], str]) -> list[list[str]]:
    """Return the groups of two or more names with the same key."""
    groups = defaultdict(list)
    for name in names:
        groups[key(name)].append(name)
    return [group for group in groups.values() if len(group) > 1]


def _shown(values: Sequence[object]) -> list[str]:
    """Return values as Python writes them, with letters escaped if values would look the same."""
    shown = [repr(value) for value in values]
    looks = {unicodedata.normalize("NFC", text).casefold().translate(_LETTERS) for text in shown}
    plain = {text.casefold() for text in shown}
    return shown if len(looks) == len(plain) else [ascii(value) for value in values]


def _with_rows(rows: Mapping[str, int]) -> str:
    return listed([f"{name!r} ({number:,})" for name, number in rows.items()], _SHOWN)


def _option(names: Iterable[str]) -> str:
    """Return the command-line options that name these labels as missing."""
    shown = [f'"{name.replace(chr(34), chr(34) * 2)}"' if set(name) & set(',"') else name for name in names]
    if len(shown) > _SHOWN:
        return "name them with --missing-labels (* matches any characters), and add --drop-invalid"
    return f"add --missing-labels {shlex.quote(','.join(shown))} --drop-invalid"
