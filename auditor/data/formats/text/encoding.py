"""Bytes of a text file → valid UTF-8 without a byte order mark."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
from charset_normalizer import from_bytes

from auditor.data.formats.files.packed import read_bytes as read_bytes
from auditor.data.source import counted
from auditor.errors import SourceError

_WINDOW = 1 << 16
_PART = 1 << 24
_USUAL = (
    "cp1252 cp1250 cp1251 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 cp874 gb18030 big5 cp932 euc_jp cp949"
).split()
"""What Windows writes in the languages of the world; among all encodings, a short text fits the oddest ones."""
_TWO_BYTES = {"gb18030", "big5", "cp932", "euc_jp", "cp949"}
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
"""How files of these encodings begin; in this order, since one mark begins with another."""
_FEW = 4
_SHOWN = 5
"""Lines that a message names."""


class Decoded(NamedTuple):
    """A text file in UTF-8, without a byte order mark, and how it was written."""

    data: bytes
    encoding: str
    marked: bool
    """Whether it began with a byte order mark."""
    exact: bool
    """Whether encoding the text again gives the same bytes."""


def read_utf8(path: Path, encoding: str = "utf-8") -> Decoded:
    """Read a text file, unpacked where its name says that it is packed; byte order marks name UTF-16 and UTF-32.

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
        marked = next((marked for mark, marked in _MARKS.items() if data.startswith(mark)), None)
        if marked and name in ("utf-8", marked[:6]):
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
    if data.isascii():
        return data
    ends = pa.array([0, len(data)], pa.int64()).buffers()[1]
    try:
        pa.Array.from_buffers(pa.large_string(), 1, [None, ends, pa.py_buffer(data)]).validate(full=True)
    except pa.ArrowInvalid:
        data.decode()  # Arrow does not say where
    return data


def _not_in(encoding: str, path: Path | str, data: bytes, offset: int) -> SourceError:
    """What is wrong, and an encoding that reads the whole file, if there is one."""
    likely = _likely(data, offset)
    if likely not in _MARKS.values():
        strange, others = _lines_apart(data)
        if not strange:
            return SourceError(
                f"{path} is not {encoding}, but UTF-8.", "Leave --encoding out, or say --encoding utf-8."
            )
        # In encodings of two bytes a character, a short line may be valid UTF-8 by chance.
        if others and (likely not in _TWO_BYTES or _FEW * others >= len(strange)):
            return _mixed(path, strange, others)
    line = data.count(b"\n", 0, offset) + 1
    return SourceError(
        f"{path} is not {encoding}: byte 0x{data[offset]:02x} at offset {offset} (line {line}).",
        f"Name its encoding, perhaps --encoding {likely}, or save the file as UTF-8."
        if likely
        else "Save the file as UTF-8; no usual encoding reads all of it.",
    )


def _mixed(path: Path | str, strange: Sequence[int], others: int) -> SourceError:
    one = len(strange) == 1
    where = f"line {strange[0]:,} alone" if one else f"{counted(len(strange), 'line')}: {_first(strange)}"
    return SourceError(
        f"{path} is not UTF-8 in {where}; {counted(others, 'other line')} with characters beyond ASCII"
        f" {'is' if others == 1 else 'are'}.",
        f"Correct {'that line' if one else 'those lines'}, and save the file as UTF-8: no other encoding reads the"
        " whole file without garbling it.",
    )


def _first(lines: Sequence[int]) -> str:
    more = f" and {len(lines) - _SHOWN:,} more" if len(lines) > _SHOWN else ""
    return ", ".join(f"{line:,}" for line in lines[:_SHOWN]) + more


def _lines_apart(data: bytes) -> tuple[list[int], int]:
    """Numbers of the lines that are not UTF-8, and how many hold characters beyond ASCII that are."""
    if b"\n" not in data:
        data = data.replace(b"\r", b"\n")
    strange, others = [], 0
    for number, line in enumerate(io.BytesIO(data), start=1):
        if line.isascii():
            continue
        try:
            line.decode()
            others += 1
        except UnicodeDecodeError:
            strange.append(number)
    return strange, others


def _likely(data: bytes, offset: int) -> str | None:
    """Guess the encoding from the surroundings of a byte that does not fit; one that reads the whole file."""
    named = [name for mark, name in _MARKS.items() if data.startswith(mark)]
    start = data.rfind(b"\n", 0, offset) + 1
    found = from_bytes(data[start : start + _WINDOW], cp_isolation=_USUAL)
    best = found.best()
    # Several often decode the same bytes alike, and of these cp1252 is what Windows and Excel write most.
    usual = ["cp1252"] if best is None or "cp1252" in best.could_be_from_charset else []
    guesses = dict.fromkeys([*named, *usual, *(str(one.encoding) for one in found)])
    return next((name for name in guesses if _reads(data, name)), None)


def _reads(data: bytes, encoding: str) -> bool:
    """Whether it decodes all of the data, which is not kept."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for start in range(0, len(data), _PART):
            decoder.decode(data[start : start + _PART])
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True
