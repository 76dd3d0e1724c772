"""Bytes of a text file → valid UTF-8 without a byte order mark."""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
from charset_normalizer import from_bytes

from auditor.data.packed import read_bytes as read_bytes
from auditor.errors import SourceError

_MARKS = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_WINDOW = 1 << 16
_USUAL = (
    "cp1252 cp1250 cp1251 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 cp874 gb18030 big5 cp932 euc_jp cp949"
).split()
"""What Windows writes in the languages of the world; among all encodings, a short text fits the oddest ones."""


class Decoded(NamedTuple):
    """A text file in UTF-8, without a byte order mark, and how it was written."""

    data: bytes
    encoding: str
    marked: bool
    """Whether it began with a byte order mark."""
    exact: bool
    """Whether encoding the text again gives the same bytes."""


def read_utf8(path: Path, encoding: str = "utf-8") -> Decoded:
    """Read a text file, unpacked where its name says that it is packed; UTF-16 is known by its byte order mark.

    Raises
    ------
    SourceError
        If it cannot be read, is empty, or is not in ``encoding``; the latter with the offset of the first byte that
        does not fit, and the encoding it may be in.
    """
    return decode_filled(read_bytes(path), encoding, path)


def decode_filled(data: bytes, encoding: str, path: Path | str) -> Decoded:
    """Decode what a file holds, which must be something; see :func:`read_utf8`."""
    found = decode(data, encoding, path)
    if not found.data or found.data.isspace():
        raise SourceError(f"{path} is empty.", "Name a file with labelled texts.")
    return found


def decode(data: bytes, encoding: str, path: Path | str) -> Decoded:
    """Decode what a file holds, if only nothing; see :func:`read_utf8`."""
    try:
        name = codecs.lookup(encoding).name
        for mark, marked in _MARKS.items():
            if data.startswith(mark) and name in ("utf-8", "utf-16"):
                name = marked
        if name in ("utf-8", "utf-8-sig"):
            # A UTF-8 file is only looked through: decoding it would take several times its size in memory.
            plain = _checked(data).removeprefix(codecs.BOM_UTF8)
            return Decoded(plain, "utf-8", len(plain) < len(data), exact=True)
        text = data.decode(name)
        whole = text.encode(name) == data
        return Decoded(text.removeprefix("\ufeff").encode(), name, text.startswith("\ufeff"), whole)
    except LookupError:
        raise SourceError(
            f"There is no text encoding {encoding!r}.", "Name another with --encoding, such as utf-8, cp1252 or utf-16."
        ) from None
    except UnicodeDecodeError as error:
        raise _not_in(encoding, path, data, error.start) from None
    except UnicodeError as error:
        raise SourceError(f"{path} cannot be read as {encoding}: {error}.", "Name another with --encoding.") from None


def line_end(data: bytes) -> str:
    """How the last line ends, or the first if the last one does not: within a quoted text it may be otherwise."""
    found = re.search(rb"(\r\n|\n|\r)\Z", data[-2:]) or re.search(rb"(\r\n|\n|\r)", data)
    return found[1].decode() if found else "\n"


def _checked(data: bytes) -> bytes:
    ends = pa.array([0, len(data)], pa.int64()).buffers()[1]
    try:
        pa.Array.from_buffers(pa.large_string(), 1, [None, ends, pa.py_buffer(data)]).validate(full=True)
    except pa.ArrowInvalid:
        data.decode()  # Arrow does not say where
    return data


def _not_in(encoding: str, path: Path | str, data: bytes, offset: int) -> SourceError:
    line = data.count(b"\n", 0, offset) + 1
    return SourceError(
        f"{path} is not {encoding}: byte 0x{data[offset]:02x} at offset {offset} (line {line}).",
        f"Name its encoding, perhaps --encoding {_likely(data, offset)}, or save the file as UTF-8.",
    )


def _likely(data: bytes, offset: int) -> str:
    """Guess the encoding from the surroundings of a byte that is not UTF-8."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    start = data.rfind(b"\n", 0, offset) + 1
    best = from_bytes(data[start : start + _WINDOW], cp_isolation=_USUAL).best()
    # Several often decode the same bytes alike, and of these cp1252 is what Windows and Excel write most.
    return "cp1252" if best is None or "cp1252" in best.could_be_from_charset else str(best.encoding)
