"""Downloads: files made in a temporary folder, which is removed once they are sent or sending fails."""

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

_writing = Lock()
"""Held while a dataset is written: one at a time, since each needs disk space and memory."""
_PATIENCE = 20.0
"""Seconds that another export waits for its turn."""
_waiting = Semaphore(4)
"""Held by exports that write or wait: each blocks one of the threads that answer all requests."""
_MAX_NOTES = 4_000
"""Maximum bytes of notes in a header."""


def safe_name(name: str) -> str:
    """Turn a run's name into a file name of letters, digits, dots and dashes."""
    return re.sub(r"[^\w.-]+", "-", name, flags=re.ASCII).strip(".-")[:80] or "dataset"


def send_files(name: str, make: Callable[[Path], Sequence[str]], only: str | None = None) -> Response:
    """Make files and send them as an attachment.

    Parameters
    ----------
    name : str
        Name of the ZIP file, without its extension.
    make : callable
        Called with an empty folder; writes files into it and returns notes about them.
    only : str or None
        File to send by itself; when None, all files are sent in a ZIP file.

    Raises
    ------
    BusyError
        If other exports take too long to finish.
    AuditorError
        Errors of ``make``, without the folder's path.
    """
    temporary = TemporaryDirectory(prefix="auditor-export-", ignore_cleanup_errors=True)
    try:
        folder = Path(temporary.name, "files")
        folder.mkdir()
        with _exclusive(), _without_path(folder):
            notes = make(folder)
            file = folder / only if only else _zipped(folder, Path(temporary.name, f"{name}.zip"))
        return _TemporaryFile(temporary, file, notes)
    except BaseException:
        temporary.cleanup()
        raise


class _TemporaryFile(FileResponse):
    """An attachment that no browser renders. Its folder is removed even if the client disconnects."""

    def __init__(self, temporary: TemporaryDirectory[str], file: Path, notes: Sequence[str]) -> None:
        header = json.dumps(list(notes))  # in ASCII
        headers = {"Cache-Control": "no-store", "Auditor-Notes": header if len(header) <= _MAX_NOTES else "[]"}
        super().__init__(file, headers=headers, media_type="application/octet-stream", filename=file.name)
        self._temporary = temporary

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._temporary.cleanup()


@contextmanager
def _exclusive() -> Iterator[None]:
    busy = BusyError("Another export is being written now.", "Try again in a minute.")
    if not _waiting.acquire(blocking=False):
        raise busy
    try:
        if not _writing.acquire(timeout=_PATIENCE):
            raise busy
        try:
            yield
        finally:
            _writing.release()
    finally:
        _waiting.release()


@contextmanager
def _without_path(folder: Path) -> Iterator[None]:
    """Remove the server's paths from errors."""
    try:
        yield
    except StorageError:
        raise ExportError(
            "The server cannot write the export: its disk is full, or it has no permission.",
            "Ask whoever runs the server to free space in its folder for temporary files.",
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
