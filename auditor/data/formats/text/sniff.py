"""Detect files that are not the data that their names promise, by their first bytes."""

from __future__ import annotations

import re
from pathlib import Path

from auditor.errors import SourceError

HEAD = 1024
"""Bytes that suffice for detection."""
_POINTER = re.compile(rb"(?:\xef\xbb\xbf)?\s*version https://(?:git-lfs|hawser)\.github\.com/spec/v\d", re.ASCII)
_BINARY = {
    b"\x1f\x8b": ("a gzip file", "Rename it to end in .gz, such as rows.csv.gz."),
    b"BZh91AY&SY": ("a bzip2 file", "Rename it to end in .bz2, such as rows.csv.bz2."),
    b"\xfd7zXZ\0": ("an xz file", "Rename it to end in .xz, such as rows.csv.xz."),
    b"PK\3\4": ("a zip archive or an Excel workbook", "Rename it to end in .zip or .xlsx."),
    b"PAR1\x15": ("a Parquet file", "Rename it to end in .parquet."),
    b"\xd0\xcf\x11\xe0": ("a workbook of an older Excel", "Save it as .xlsx or .csv."),
    b"\x28\xb5\x2f\xfd": ("a Zstandard file", "Unpack it first."),
    b"7z\xbc\xaf\x27\x1c": ("a 7-Zip archive", "Unpack it first."),
    b"Rar!\x1a\7": ("a RAR archive", "Unpack it first."),
    b"%PDF-": ("a PDF file", "Save the data as a table, such as .csv."),
    b"SQLite format 3\0": ("an SQLite database", "Save the table as .csv or .parquet."),
    b"ARROW1\0": ("an Arrow file", "Save it as .parquet or .csv."),
}
"""First bytes of files that are not text: what the file is, and what to do."""
_FEW_ZEROS, _MANY_ZEROS = 0.02, 0.4
"""Shares of null bytes at even and at odd positions in UTF-16 of mostly ASCII characters."""
_PAGE = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--.{0,400}?-->\s*)?<(?:!doctype\s+html|html[\s>])",
    re.IGNORECASE | re.DOTALL,
)


def check_is_data(head: bytes, path: Path | str) -> None:
    """Refuse placeholders for data: a Git LFS pointer, or a web page that shows the file.

    Parameters
    ----------
    head : bytes
        Start of the file; ``HEAD`` bytes are enough.
    path : Path or str
        Path for the message.

    Raises
    ------
    SourceError
    """
    if _POINTER.match(head):
        raise SourceError(
            f"{path} is a Git LFS pointer, not the data.",
            "Run `git lfs pull` in its repository, or download the file itself.",
        )
    if _PAGE.match(head):
        raise SourceError(
            f"{path} is an HTML page, not the data.",
            "Download the raw file: on GitHub with the button Raw, on the Hugging Face Hub with /resolve/ instead of"
            " /blob/ in its URL.",
        )


def check_is_text(head: bytes, path: Path | str) -> None:
    """Refuse a binary file that is named like a text file.

    Raises
    ------
    SourceError
    """
    for begin, (kind, todo) in _BINARY.items():
        if head.startswith(begin):
            raise SourceError(f"{path} is {kind}, not text.", todo)


def unmarked_utf16(head: bytes) -> str | None:
    """Return the byte order of UTF-16 without a byte order mark, as an encoding's name; None for other text."""
    even, odd = (head[at::2].count(0) / max(1, len(head) // 2) for at in (0, 1))
    if even <= _FEW_ZEROS and odd >= _MANY_ZEROS:
        return "utf-16-le"
    return "utf-16-be" if odd <= _FEW_ZEROS and even >= _MANY_ZEROS else None
