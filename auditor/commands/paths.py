"""Checks that paths on the command line exist, before imports that take seconds."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from auditor.errors import AuditorError, SourceError
from auditor.formats import check_exists, looks_like_path


def check_sources(sources: Sequence[str]) -> None:
    """Refuse sources that do not exist. A single source may be the name of a Hub dataset.

    Raises
    ------
    SourceError
    """
    for source in sources:
        path = Path(os.path.expanduser(source))
        if len(sources) > 1 or looks_like_path(source):
            check_exists(path)


def check_files(
    paths: Sequence[Path | None], what: str = "file", error: type[AuditorError] = SourceError, todo: str = ""
) -> None:
    """Refuse files that do not exist.

    Parameters
    ----------
    paths : sequence of Path or None
        Files to check. None is ignored.
    what : str
        Noun for such a file in messages.
    error : type
        Type of the error raised.
    todo : str
        Second line of the error.
    """
    for path in paths:
        if path is not None and not os.path.exists(os.path.expanduser(path)):
            raise error(f"{path} does not exist.", todo or f"Check the name of the {what}.")
