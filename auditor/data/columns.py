"""Which column holds the texts, and which the labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.types as types

from auditor.config import ReadConfig
from auditor.data.source import listed
from auditor.errors import ColumnError

TEXT_NAMES = (
    "text texts sentence tweet content message review utterance question document comment body post headline title "
    "query input snippet description"
).split()
LABEL_NAMES = (
    "label labels emotion sentiment category class target intent topic label_name label_text given_label gold_label "
    "annotation tag stance"
).split()
"""The usual names, of which the first two win over the others when several columns have one."""


@dataclass(frozen=True)
class Columns:
    """Names of the columns; ``note`` says what was guessed, if anything was."""

    text: str
    label: str
    note: str | None = None


def find_columns(schema: pa.Schema, source: str, config: ReadConfig) -> Columns:
    """Take the columns that ``config`` names, and guess the others from the usual names.

    The columns of raters and of votes hold neither texts nor labels.

    Raises
    ------
    ColumnError
        If a named column is not there, or the guess is not clear; the columns are listed.
    """
    votes = (config.annotator, config.votes)
    if None not in votes:
        raise ColumnError(
            f"Columns {votes[0]!r} and {votes[1]!r} cannot both hold votes.",
            "Give --annotator where each row is one vote, --votes where each row has them all.",
        )
    for name in (config.text, config.label, config.id, *votes):
        if name is not None and name not in schema.names:
            raise ColumnError(
                f"{source} has no column {name!r}; it has {described(schema)}.", "Name one of these columns."
            )
    others = [name for name in schema.names if name not in (config.label, *votes)]
    text = config.text or _guess(schema, source, "text", others, votes)
    left = [name for name in schema.names if name not in (text, *votes)]
    label = config.label or _guess(schema, source, "label", left, votes)
    if text == label:
        raise ColumnError(
            f"Column {text!r} cannot hold both the texts and the labels; {source} has {described(schema)}.",
            "Name two columns with --text and --label.",
        )
    if text in votes or label in votes:
        role, name = ("texts", text) if text in votes else ("labels", label)
        raise ColumnError(
            f"Column {name!r} cannot hold both the {role} and {'the raters' if config.annotator else 'the votes'}.",
            f"Name another with --{role[:-1]}, or with --{'annotator' if config.annotator else 'votes'}.",
        )
    guessed = [f"text={text!r}"] * (config.text is None) + [f"label={label!r}"] * (config.label is None)
    note = f"Column{'s' * (len(guessed) - 1)} guessed: {', '.join(guessed)}." if guessed else None
    return Columns(text, label, note)


def find_text(schema: pa.Schema, source: str, name: str | None = None) -> str:
    """Take the column of that name, else the only one, else guess from the usual names.

    Raises
    ------
    ColumnError
        If it is not there or holds no strings, or the guess is not clear; the columns are listed.
    """
    if name is not None and name not in schema.names:
        raise ColumnError(f"{source} has no column {name!r}; it has {described(schema)}.", "Name one with --text.")
    found = name or (schema.names[0] if len(schema.names) == 1 else _guess(schema, source, "text", schema.names))
    if not is_text(schema.field(found).type):
        raise ColumnError(
            f"Column {found!r} of {source} holds no texts: its values are of type {schema.field(found).type}.",
            "Name another column with --text.",
        )
    return found


def described(schema: pa.Schema) -> str:
    """List columns with their types, for a message."""
    return listed([f"{field.name!r} ({_short(field.type)})" for field in schema], most=30)


def _short(type_: pa.DataType) -> str:
    """Name a type in a few words; of objects, their keys, by which they can be named."""
    if types.is_struct(type_):
        return f"objects with {listed([field.name for field in type_], most=5)}"
    text = str(type_)
    return text if len(text) <= 40 else f"{text[:40]}…"


def plain(name: str) -> str:
    """Spell a column's name as the usual names are."""
    return name.strip().strip("\ufeff").casefold().replace(" ", "_").replace("-", "_")


def is_text(type_: pa.DataType) -> bool:
    """Whether a column of this type holds strings, as they are or dictionary-encoded."""
    if types.is_dictionary(type_):
        type_ = type_.value_type
    return bool(types.is_string(type_) or types.is_large_string(type_) or types.is_string_view(type_))


def _guess(schema: pa.Schema, source: str, role: str, names: list[str], taken: Sequence[str | None] = ()) -> str:
    usual = TEXT_NAMES if role == "text" else LABEL_NAMES
    found = [name for name in names if plain(name) in usual]
    if role == "text":
        found = [name for name in found if is_text(schema.field(name).type)] or found
    for best in usual[:2]:
        exact = [name for name in found if plain(name) == best]
        if len(exact) == 1:
            return exact[0]
    if len(found) == 1:
        return found[0]
    unclear = f"several columns may hold the {role}s: {listed(found)}" if found else f"no column is named like {role}s"
    if held := [name for name in taken if name is not None and plain(name) in usual]:
        unclear += f" but {held[0]!r}, which is to hold the raters or the votes"
    raise ColumnError(f"In {source}, {unclear}. Its columns: {described(schema)}.", f"Name the column with --{role}.")
