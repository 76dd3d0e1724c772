"""Part and Source: the output of every reader, before columns and labels are identified."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

RAW = "raw"
"""Name of the dataset's column of rows as they appear in their text file."""


@dataclass(frozen=True)
class Contents:
    """The contents of a text file.

    Attributes
    ----------
    table : pyarrow.Table
        N rows; column names are unique.
    raw : pyarrow.ChunkedArray
        (N,) binary: each row in UTF-8, with its line end and the blank lines before it. ``head``, all rows and
        ``tail`` are the whole file.
    about : dict
        What is needed to rewrite a row, as JSON: ``head``, ``tail``, and details of the format (a dialect …).
    notes : tuple of str
        Sentences for the user about what was skipped or guessed.
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
        What an export needs to rewrite this part: ``file`` (name without folders), ``delimiter``, ``header`` …
    notes : tuple of str
        Sentences for the user about what was skipped.
    raw : pyarrow.ChunkedArray or None
        Rows of a text file as they appear in it: see :class:`Contents`.
    """

    split: str
    table: pa.Table
    about: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    raw: pa.ChunkedArray | None = None

    @property
    def name(self) -> str:
        """Name in messages: the file, else the split."""
        return str(self.about.get("file", f"split {self.split}"))


@dataclass(frozen=True)
class Source:
    """A dataset's source with all its parts.

    Attributes
    ----------
    name, format : str
        As in :class:`auditor.data.labeled_texts.Origin`.
    parts : tuple of Part
        At least one.
    options : dict
        What applies to all parts (encoding, revision of a Hub dataset …).
    notes : tuple of str
        Sentences for the user, besides those of the parts.
    """

    name: str
    format: str
    parts: tuple[Part, ...]
    options: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
