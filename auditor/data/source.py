"""Part and Source: what every reader hands over, before columns and labels are looked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from auditor.wording import counted as counted
from auditor.wording import listed as listed

RAW = "raw"
"""Name of the column of a dataset that holds each row as it stands in its text file."""


@dataclass(frozen=True)
class Contents:
    """What a text file holds.

    Attributes
    ----------
    table : pyarrow.Table
        N rows; column names are unique.
    raw : pyarrow.ChunkedArray
        (N,) binary: each row as it stands, in UTF-8, with its end and the blank lines before it. ``head``, all rows
        and ``tail`` are the whole file.
    about : dict
        What writing a row again takes, as JSON has it: ``head``, ``tail``, and what the format knows (a dialect …).
    notes : tuple of str
        What was skipped or guessed, in sentences to be shown.
    """

    table: pa.Table
    raw: pa.ChunkedArray
    about: dict[str, Any]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """One file or one split of a source.

    Attributes
    ----------
    split : str
    table : pyarrow.Table
        The source's own columns, unchanged.
    about : dict
        What an export needs to write this part again: ``file`` (name without folders), ``delimiter``, ``header`` …
    notes : tuple of str
        What was skipped while reading it, in sentences to be shown.
    raw : pyarrow.ChunkedArray or None
        Of a text file, each row as it stands: see :class:`Contents`.
    """

    split: str
    table: pa.Table
    about: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    raw: pa.ChunkedArray | None = None

    @property
    def name(self) -> str:
        """What messages call it: its file, else its split."""
        return str(self.about.get("file", f"split {self.split}"))


@dataclass(frozen=True)
class Source:
    """All parts of what was given.

    Attributes
    ----------
    name, format : str
        As in :class:`auditor.data.labeled_texts.Origin`.
    parts : tuple of Part
        At least one.
    options : dict
        What holds for all parts (encoding, revision of a Hub dataset …).
    notes : tuple of str
        Sentences to be shown, beside those of the parts.
    """

    name: str
    format: str
    parts: tuple[Part, ...]
    options: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
