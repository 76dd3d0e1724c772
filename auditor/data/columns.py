"""Which column holds the texts, and which the labels."""

from __future__ import annotations

import csv
from collections.abc import Container, Sequence
from dataclasses import dataclass
from itertools import chain, count

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as types

from auditor.config import ReadConfig
from auditor.errors import ColumnError
from auditor.wording import listed, shorten

TEXT_NAMES = (
    "text texts sentence tweet content message review utterance question document comment body post headline title "
    "query input snippet description"
).split()
LABEL_NAMES = (
    "label labels emotion sentiment category class target intent topic label_name label_text given_label gold_label "
    "annotation tag stance"
).split()
"""The usual names; if several columns match, the first two names take precedence."""
_LOOKED_AT = 1_000
_BLANKS = 2
"""Least mean number of blanks in a text."""


@dataclass(frozen=True)
class Columns:
    """Names of the columns.

    Attributes
    ----------
    text : str
    label : str
    votes : tuple of str
        One column of all votes, or one column per rater; empty without such columns.
    added : bool
        Whether the label column is new and holds the majority labels, because the source has none.
    note : str or None
        Sentence about what was guessed, if anything.
    """

    text: str
    label: str
    votes: tuple[str, ...] = ()
    added: bool = False
    note: str | None = None


def find_columns(schema: pa.Schema, source: str, config: ReadConfig, hidden: Sequence[str] = ()) -> Columns:
    """Find the columns that ``config`` names, and guess the others from the usual names.

    Columns of raters and votes are neither texts nor labels. With votes, a label column is optional.

    Parameters
    ----------
    schema : pyarrow.Schema
    source : str
        Its name, for messages.
    config : ReadConfig
    hidden : sequence of str
        Names of further columns that are neither texts nor labels.

    Raises
    ------
    ColumnError
        If a named column does not exist, or the guess is ambiguous; the message lists the columns.
    """
    if config.annotator is not None and config.votes is not None:
        raise ColumnError(
            f"Columns {config.annotator!r} and {config.votes!r} cannot both hold votes.",
            "Use --annotator if each row is one vote, or --votes if each row has all votes.",
        )
    votes = _votes(schema.names, config.votes)
    taken = votes if config.annotator is None else (config.annotator,)
    for name in (config.text, config.label, config.id, *taken):
        if name is not None and name not in schema.names and not (name == config.label == "" and votes):
            raise ColumnError(
                f"{source} has no column {name!r}; it has {described(schema)}.", "Choose one of these columns."
            )
    others = [name for name in schema.names if name not in (config.label, *taken)]
    text = config.text or _guess(schema, source, "text", others, taken)
    left = [name for name in schema.names if name not in (text, *taken)]
    # A single column with a usual name of labels is taken for the labels, unless the user passes --label ''.
    unlike = [*left, *votes] if len(votes) == 1 else left
    added = bool(votes) and (config.label == "" or (config.label is None and not _named(unlike, "label")))
    label = _free([*schema.names, *hidden]) if added else config.label or _guess(schema, source, "label", left, taken)
    _check_apart(text, label, taken, schema, source, config)
    guessed = [f"text={text!r}"] * (config.text is None) + [f"label={label!r}"] * (config.label is None and not added)
    note = f"Column{'s' * (len(guessed) - 1)} guessed: {', '.join(guessed)}." if guessed else None
    return Columns(text, label, votes, added, note)


def _votes(names: Sequence[str], given: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return the columns of votes, given one name, several, or several in one comma-separated string."""
    if isinstance(given, str):
        given = [given] if given in names else _split(given, names)
    return tuple(dict.fromkeys(given or ()))


def _split(given: str, names: Sequence[str]) -> list[str]:
    try:
        # As in CSV, quotes surround a name that contains a comma.
        pieces = next(csv.reader([given], skipinitialspace=True), [])
    except csv.Error:
        pieces = given.split(",")
    return [name if name in names else name.strip() for name in pieces if name.strip()]


def _free(names: Sequence[str]) -> str:
    """Return an unused name for the column of labels."""
    numbered = (f"majority_label_{number}" for number in count(2))
    return next(name for name in chain(("label", "majority_label"), numbered) if name not in names)


def _check_apart(
    text: str, label: str, taken: Sequence[str], schema: pa.Schema, source: str, config: ReadConfig
) -> None:
    """Refuse a column with two roles."""
    if text == label:
        raise ColumnError(
            f"Column {text!r} cannot hold both the texts and the labels; {source} has {described(schema)}.",
            "Choose two columns with --text and --label.",
        )
    if text in taken or label in taken:
        role, name = ("texts", text) if text in taken else ("labels", label)
        raise ColumnError(
            f"Column {name!r} cannot hold both the {role} and {'the raters' if config.annotator else 'the votes'}.",
            f"Choose another with --{role[:-1]}, or with --{'annotator' if config.annotator else 'votes'}.",
        )


def find_text(schema: pa.Schema, source: str, name: str | None = None) -> str:
    """Return the text column: the named one, else the only one, else a guess from the usual names.

    Raises
    ------
    ColumnError
        If it does not exist or is not of strings, or the guess is ambiguous; the message lists the columns.
    """
    if name is not None and name not in schema.names:
        raise ColumnError(f"{source} has no column {name!r}; it has {described(schema)}.", "Choose one with --text.")
    found = name or (schema.names[0] if len(schema.names) == 1 else _guess(schema, source, "text", schema.names))
    if not is_text(schema.field(found).type):
        raise ColumnError(
            f"Column {found!r} of {source} has values of type {schema.field(found).type}; expected strings.",
            "Choose another column with --text.",
        )
    return found


def find_sentences(table: pa.Table, others: Container[str | None]) -> str | None:
    """Return the only column whose values are mostly distinct and have several words; None if there is not one."""
    found = []
    for name in table.column_names:
        if name not in others and is_text(table.schema.field(name).type):
            values = table[name].slice(0, _LOOKED_AT).cast(pa.string()).drop_null()
            blanks = pc.mean(pc.count_substring(pc.utf8_trim_whitespace(values), " ")).as_py() or 0
            if blanks >= _BLANKS and pc.count_distinct(values).as_py() > len(values) / 2:
                found.append(name)
    return found[0] if len(found) == 1 else None


def described(schema: pa.Schema) -> str:
    """Format columns with their types, for a message."""
    return listed([f"{field.name!r} ({_short(field.type)})" for field in schema], most=30)


def _short(type_: pa.DataType) -> str:
    """Name a type in a few words; of objects, name their keys."""
    if types.is_struct(type_):
        return f"objects with {listed([field.name for field in type_], most=5)}"
    return shorten(str(type_), 40)


def plain(name: str) -> str:
    """Normalise a column's name for comparison with the usual names."""
    return name.strip().strip("\ufeff").casefold().replace(" ", "_").replace("-", "_")


def is_text(type_: pa.DataType) -> bool:
    """Return whether a type is of strings, plain or dictionary-encoded."""
    if types.is_dictionary(type_):
        type_ = type_.value_type
    return bool(types.is_string(type_) or types.is_large_string(type_) or types.is_string_view(type_))


def _named(names: Sequence[str], role: str) -> list[str]:
    """Return the columns with a usual name."""
    usual = TEXT_NAMES if role == "text" else LABEL_NAMES
    return [name for name in names if plain(name) in usual]


def _guess(schema: pa.Schema, source: str, role: str, names: list[str], taken: Sequence[str | None] = ()) -> str:
    usual = TEXT_NAMES if role == "text" else LABEL_NAMES
    found = _named(names, role)
    if role == "text":
        found = [name for name in found if is_text(schema.field(name).type)] or found
    for best in usual[:2]:
        exact = [name for name in found if plain(name) == best]
        if len(exact) == 1:
            return exact[0]
    if len(found) == 1:
        return found[0]
    unclear = (
        f"several columns may hold the {role}s: {listed(found)}" if found else f"no column has a usual name of {role}s"
    )
    if held := [name for name in taken if name is not None and plain(name) in usual]:
        unclear += f" but {held[0]!r}, which is named for the raters or the votes"
    raise ColumnError(f"In {source}, {unclear}. Its columns: {described(schema)}.", f"Choose the column with --{role}.")
