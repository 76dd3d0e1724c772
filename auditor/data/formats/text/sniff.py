"""Detect files that are not the data that their names promise, by their first bytes."""

from __future__ import annotations

import re
from pathlib import Path

from auditor.errors import SourceError

HEAD = 1024
"""Bytes that suffice for detection."""
_POINTER = re.compile(rb"(?:\xef\xbb\xbf)?\s*version https://(?:git-lfs|hawser)\.github\.com/spec/v\d", re.ASCII)
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
