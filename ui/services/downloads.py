"""Downloads: files made in a temporary folder, which goes when they have been sent, or could not be."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock, Semaphore

from starlette.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

from auditor.errors import AuditorError, ExportError, StorageError

from ..answers import BusyError

_one = Lock()
"""One dataset is written at a time: each takes the disk's room, and the memory of its rows."""
_PATIENCE = 20.0
"""Seconds that another one waits for it."""
_few = Semaphore(4)
"""Those that write or wait: each holds one of the threads that answer everything else."""
_MOST_NOTES = 4_000
"""Bytes of notes in a header."""


def safe_name(name: str) -> str:
    """Make a file's name of a run's: letters, digits, dots and dashes."""
    return re.sub(r"[^\w.-]+", "-", name, flags=re.ASCII).strip(".-")[:80] or "dataset"


def send_made(name: str, make: Callable[[Path], Sequence[str]], only: str | None = None) -> Response:
    """Have files made, and send them as an attachment.

    Parameters
    ----------
    name : str
        Of the ZIP file, without its ending.
    make : callable
        Given an empty folder, puts files into it, and returns what is to be told about them.
    only : str or None
        One of the files, to be sent alone, as it is; all of them in a ZIP file when None.

    Raises
    ------
    BusyError
        If others are being made all the while.
    AuditorError
        What making them has raised, without the folder's path.
    """
    place = TemporaryDirectory(prefix="auditor-export-", ignore_cleanup_errors=True)
    try:
        folder = Path(place.name, "files")
        folder.mkdir()
        with _alone(), _without_path(folder):
            notes = make(folder)
            file = folder / only if only else _zipped(folder, Path(place.name, f"{name}.zip"))
        return _Sent(place, file, notes)
    except BaseException:
        place.cleanup()
        raise


class _Sent(FileResponse):
    """An attachment that no browser shows as a page, whose folder goes with it, also if the reader has gone."""

    def __init__(self, place: TemporaryDirectory[str], file: Path, notes: Sequence[str]) -> None:
        told = json.dumps(list(notes))  # in ASCII
        headers = {"Cache-Control": "no-store", "Auditor-Notes": told if len(told) <= _MOST_NOTES else "[]"}
        super().__init__(file, headers=headers, media_type="application/octet-stream", filename=file.name)
        self._place = place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._place.cleanup()


@contextmanager
def _alone() -> Iterator[None]:
    busy = BusyError("Another export is being written just now.", "Try again in a minute.")
    if not _few.acquire(blocking=False):
        raise busy
    try:
        if not _one.acquire(timeout=_PATIENCE):
            raise busy
        try:
            yield
        finally:
            _one.release()
    finally:
        _few.release()


@contextmanager
def _without_path(folder: Path) -> Iterator[None]:
    """Say what is wrong without a path of the server's."""
    try:
        yield
    except StorageError:
        raise ExportError(
            "The server has no room to write the export, or may not write it.",
            "Ask whoever started the page to make room in its folder for temporary files.",
        ) from None
    except AuditorError as error:
        what, todo = (line.replace(f"{folder}/", "").replace(str(folder), "the export") for line in error.args)
        raise type(error)(what, todo) from None


def _zipped(folder: Path, to: Path) -> Path:
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED, compresslevel=1, strict_timestamps=False) as packed:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                packed.write(file, file.relative_to(folder))
    return to
