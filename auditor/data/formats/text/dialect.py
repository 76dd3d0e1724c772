"""Dialect: how a CSV file writes its fields, with patterns to cut rows and methods to write fields back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Self

import pyarrow as pa
import pyarrow.compute as pc

_END = rb"(?:\r\n|\n|\r|\Z)"
_QUOTED = rb'"[^"]*+(?:""[^"]*+)*+"'
_QUOTED_ESCAPED = rb'"[^"\\]*+(?:(?:""|\\(?s:.))[^"\\]*+)*+"'


@dataclass(frozen=True)
class Dialect:
    r"""How fields are separated.

    Attributes
    ----------
    delimiter : str
        One ASCII character.
    quotes : bool
        Whether a field that begins with a double quote ends with one; ``""`` is a quote in it.
    escapes : bool
        Whether a backslash escapes the next character: ``\"``, ``\\``, ``\,``.
    blanks : bool
        Whether blanks after a delimiter and around quotes are ignored.
    """

    delimiter: str = ","
    quotes: bool = True
    escapes: bool = False
    blanks: bool = False

    @classmethod
    def of(cls, about: Mapping[str, Any]) -> Self:
        """Restore the dialect from a part's record of its file."""
        return cls(**{name: about[name] for name in cls.__dataclass_fields__ if name in about})

    def row(self, columns: int) -> re.Pattern[bytes]:
        """Return the pattern of one row with its end: group 1 is the blank lines before, then each column's field."""
        return _row(self, columns)

    def cut(self, data: bytes, place: int) -> tuple[list[bytes], int] | None:
        """Cut a row of any number of fields. Return them and the next position; None if the row is malformed."""
        pattern, fields = self._field, list[bytes]()
        while found := pattern.match(data, place):
            fields.append(found[1])
            place = found.end()
            if found[2] != self.delimiter.encode():
                return fields, place
        return None

    @cached_property
    def blank(self) -> re.Pattern[bytes]:
        """Pattern of blank lines."""
        return re.compile(blank_lines(self))

    @cached_property
    def _field(self) -> re.Pattern[bytes]:
        """Pattern of a field with the delimiter or line end after it."""
        return re.compile(_pattern(self) + rb"(" + re.escape(self.delimiter).encode() + rb"|" + _END + rb")")

    def values(self, fields: pa.Array) -> pa.Array:
        """Decode raw fields (N, binary) into values (N, string)."""
        values = fields
        if self.quotes:
            quoted = pc.starts_with(fields, '"')
            if pc.any(quoted).as_py():
                inner = pc.replace_substring(pc.binary_slice(fields, 1, -1), '""', '"')
                values = pc.if_else(quoted, inner, fields)
        if self.escapes:
            values = pc.replace_substring_regex(values, self._escaped, r"\1")
        return values.cast(pa.string())

    def written(self, value: str, like: bytes) -> bytes | None:
        """Encode a value in the style of the field that it replaces; None if the dialect cannot.

        Blanks around an unquoted field stay: they are not part of a label.
        """
        new = value.encode()
        if self.quotes and like.startswith(b'"'):
            return self._between_quotes(new)
        text = like.decode()
        padding = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :] if text.strip() else ""
        special = self.delimiter + "\r\n" + '"' * self.quotes
        if not any(character in value for character in special) and not (self.escapes and "\\" in value):
            return padding[0].encode() + new + padding[1].encode()
        if self.quotes:
            return self._between_quotes(new)
        if self.escapes:
            return re.sub(self._special, rb"\\\g<0>", new)
        return None

    def _between_quotes(self, value: bytes) -> bytes:
        if self.escapes:
            return b'"' + value.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
        return b'"' + value.replace(b'"', b'""') + b'"'

    @property
    def _special(self) -> bytes:
        return rb'[\\"\r\n' + re.escape(self.delimiter).encode() + rb"]"

    @property
    def _escaped(self) -> str:
        return rf'\\([\\"\r\n{re.escape(self.delimiter)}])'


def passed_blank(data: bytes, place: int, dialect: Dialect) -> int:
    """Skip blank lines. Return the next position."""
    found = dialect.blank.match(data, place)
    return found.end() if found else place


def blank_lines(dialect: Dialect) -> bytes:
    """Return the pattern of blank lines; if tabs delimit fields, a line of tabs is not blank."""
    return rb"(?:[" + _blanks(dialect) + rb"]*+(?:\r\n|\n|\r))*+"


def _blanks(dialect: Dialect) -> bytes:
    return b" \t".replace(dialect.delimiter.encode(), b"")


def _pattern(dialect: Dialect) -> bytes:
    """Return the pattern of a field, with its content as the only group."""
    cut = re.escape(dialect.delimiter).encode()
    bare = rb"[^" + cut + rb"\r\n]*+"
    if dialect.escapes:
        plain = rb"[^\\" + cut + rb"\r\n]*+"
        bare = plain + rb"(?:\\(?s:.)" + plain + rb")*+"
    if not dialect.quotes:
        return rb"(" + bare + rb")"
    quoted = _QUOTED_ESCAPED if dialect.escapes else _QUOTED
    if not dialect.blanks:
        return rb"(" + quoted + rb'|(?!")' + bare + rb")"
    return rb"[ ]*+(" + quoted + rb'|(?!")' + bare + rb")[ ]*+"


@cache
def _row(dialect: Dialect, columns: int) -> re.Pattern[bytes]:
    fields = re.escape(dialect.delimiter).encode().join([_pattern(dialect)] * columns)
    no_rest = rb"(?![" + _blanks(dialect) + rb"]*+\Z)"
    return re.compile(rb"(" + blank_lines(dialect) + rb")" + no_rest + fields + _END)
