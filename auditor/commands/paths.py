"""Paths on the command line that lead nowhere, found before the imports that take seconds."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from auditor.errors import AuditorError, SourceError
from auditor.formats import check_exists, looks_like_path


def check_sources(sources: Sequence[str]) -> None:
    """Refuse sources that are not there; a single one may be the name of a dataset on the Hub.

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
    """Refuse files that are not there, or are no files.

    Parameters
    ----------
    paths : sequence of Path or None
        None is passed over.
    what : str
        What messages call such a file.
    error : type
        Of the error that is raised.
    todo : str
        Its second line.
    """
    for path in paths:
        if path is not None and not os.path.exists(os.path.expanduser(path)):
            raise error(f"{path} does not exist.", todo or f"Check the name of the {what}.")
