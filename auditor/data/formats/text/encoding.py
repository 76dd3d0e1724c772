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
from auditor.data.formats.text.sniff import HEAD, check_is_text, unmarked_utf16
from auditor.errors import ConfigError, SourceError
from auditor.wording import counted

_WINDOW = 1 << 16
_PART = 1 << 24
_USUAL = (
    "cp1252 cp1250 cp1251 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 cp874 gb18030 big5 cp932 euc_jp cp949"
).split()
"""Encodings that Windows writes; among all encodings, a short text would fit too many odd ones."""
_TWO_BYTES = {"gb18030", "big5", "cp932", "euc_jp", "cp949"}
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
"""Byte order marks and their encodings; the order matters because one mark begins with another."""
_FEW = 4
_SHOWN = 5
"""Most lines in a message."""


class Decoded(NamedTuple):
    """A text file in UTF-8 without a byte order mark, and its original encoding."""

    data: bytes
    encoding: str
    marked: bool
    """Whether the file began with a byte order mark."""
    exact: bool
    """Whether re-encoding the text produces the same bytes."""


def read_utf8(path: Path, encoding: str = "utf-8") -> Decoded:
    """Read a text file, decompressed if its name says so; byte order marks identify UTF-16 and UTF-32.

    Raises
    ------
    SourceError
        If it cannot be read, is empty, or is not in ``encoding``; for the latter, the message has the offset of the
        first invalid byte and a likely encoding.
    """
    return decode_filled(read_bytes(path), encoding, path)


def decode_filled(data: bytes, encoding: str, path: Path | str) -> Decoded:
    """Decode the contents of a file, which must not be empty; see :func:`read_utf8`."""
    found = decode(data, encoding, path)
    if not found.data or found.data.isspace():
        raise SourceError(f"{path} is empty.", "Choose a file with labelled texts.")
    return found


def decode(data: bytes, encoding: str, path: Path | str) -> Decoded:
    """Decode the contents of a file, which may be empty; see :func:`read_utf8`."""
    try:
        name = codecs.lookup(encoding).name
        marked = next((marked for mark, marked in _MARKS.items() if data.startswith(mark)), None)
        if marked and name in ("utf-8", marked[:6]):
            name = marked
        if name in ("utf-8", "utf-8-sig"):
            check_is_text(data[:HEAD], path)
            if order := unmarked_utf16(data[:HEAD]):
                raise SourceError(
                    f"{path} is not {encoding}, but UTF-16 without a byte order mark.", f"Add --encoding {order}."
                )
            # UTF-8 is only validated: decoding it would take several times its size in memory.
            plain = _checked(data).removeprefix(codecs.BOM_UTF8)
            return Decoded(plain, "utf-8", len(plain) < len(data), exact=True)
        text = data.decode(name)
        whole = text.encode(name) == data
        return Decoded(text.removeprefix("\ufeff").encode(), name, text.startswith("\ufeff"), whole)
    except LookupError:
        raise ConfigError(
            f"There is no text encoding {encoding!r}.", "Choose one with --encoding, such as utf-8, cp1252 or utf-16."
        ) from None
    except UnicodeDecodeError as error:
        if marked and name == marked:
            raise SourceError(
                f"{path} has the byte order mark of {name[:6].upper()}, but is not valid {name[:6].upper()} at offset"
                f" {error.start:,}: {error.reason}.",
                "Re-create or download it again, or save it as UTF-8.",
            ) from None
        raise _not_in(encoding, path, data, error.start) from None
    except UnicodeError as error:
        raise SourceError(f"{path} cannot be read as {encoding}: {error}.", "Choose another with --encoding.") from None


def line_end(data: bytes) -> str:
    """Return the end of the last line, or of the first if the last has none; quoted texts may use others."""
    found = re.search(rb"(\r\n|\n|\r)\Z", data[-2:]) or re.search(rb"(\r\n|\n|\r)", data)
    return found[1].decode() if found else "\n"


def _checked(data: bytes) -> bytes:
    if data.isascii():
        return data
    ends = pa.array([0, len(data)], pa.int64()).buffers()[1]
    try:
        pa.Array.from_buffers(pa.large_string(), 1, [None, ends, pa.py_buffer(data)]).validate(full=True)
    except pa.ArrowInvalid:
        data.decode()  # unlike Arrow, Python reports the position
    return data


def _not_in(encoding: str, path: Path | str, data: bytes, offset: int) -> SourceError:
    """Return the error, with an encoding that reads the whole file, if there is one."""
    likely = _likely(data, offset)
    if likely not in _MARKS.values():
        strange, others = _lines_apart(data)
        if not strange:
            return SourceError(f"{path} is not {encoding}, but UTF-8.", "Omit --encoding, or use --encoding utf-8.")
        # In two-byte encodings, a short line may be valid UTF-8 by chance.
        if others and (likely not in _TWO_BYTES or _FEW * others >= len(strange)):
            return _mixed(path, strange, others)
    line = data.count(b"\n", 0, offset) + 1
    return SourceError(
        f"{path} is not {encoding}: byte 0x{data[offset]:02x} at offset {offset} (line {line}).",
        f"Choose its encoding, perhaps --encoding {likely}, or save the file as UTF-8."
        if likely
        else "Save the file as UTF-8; no usual encoding reads all of it.",
    )


def _mixed(path: Path | str, strange: Sequence[int], others: int) -> SourceError:
    is_single = len(strange) == 1
    where = f"line {strange[0]:,}" if is_single else f"{counted(len(strange), 'line')}: {_first(strange)}"
    return SourceError(
        f"{path} is not UTF-8 in {where}; {counted(others, 'other line')} with non-ASCII characters"
        f" {'is' if others == 1 else 'are'}.",
        f"Fix {'that line' if is_single else 'those lines'} and save the file as UTF-8: every other encoding would"
        " garble a part of the file.",
    )


def _first(lines: Sequence[int]) -> str:
    more = f" and {len(lines) - _SHOWN:,} more" if len(lines) > _SHOWN else ""
    return ", ".join(f"{line:,}" for line in lines[:_SHOWN]) + more


def _lines_apart(data: bytes) -> tuple[list[int], int]:
    """Return the numbers of lines that are not UTF-8, and the number of non-ASCII lines that are."""
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
    """Guess an encoding that reads the whole file, from the context of an invalid byte."""
    named = [name for mark, name in _MARKS.items() if data.startswith(mark)]
    start = data.rfind(b"\n", 0, offset) + 1
    found = from_bytes(data[start : start + _WINDOW], cp_isolation=_USUAL)
    best = found.best()
    # Several encodings often decode the same bytes alike; of these, Windows and Excel mostly write cp1252.
    usual = ["cp1252"] if best is None or "cp1252" in best.could_be_from_charset else []
    guesses = dict.fromkeys([*named, *usual, *(str(match.encoding) for match in found)])
    return next((name for name in guesses if _reads(data, name)), None)


def _reads(data: bytes, encoding: str) -> bool:
    """Return whether an encoding decodes all of the data, without keeping the result."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for start in range(0, len(data), _PART):
            decoder.decode(data[start : start + _PART])
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True
