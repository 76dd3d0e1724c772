"""Storage: how the library writes files, and what it refuses to touch in a directory made by someone else.

A file is written under an unguessable temporary name, flushed, and renamed. A reader sees the old file or the new one,
and a link planted at the name is replaced, never followed. Inside a run, no folder on the path may be a link either.
A killed process leaves its temporary file behind; the next process that writes there removes it.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

from filelock import FileLock, Timeout

from auditor.errors import StorageError
from auditor.folders import WAIT_FOR_NOTHING, naming, opened, trouble_of

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_REFUSED = {
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.EEXIST,
    errno.ENOENT,
    errno.ELOOP,
}

_TO_BE_LOCKED = 60.0
"""Seconds within which a process has locked the temporary folder that it has made."""
_KINDS = {stat.S_ISFIFO: "a pipe", stat.S_ISSOCK: "a socket", stat.S_ISCHR: "a device", stat.S_ISBLK: "a device"}

# -- reading --------------------------------------------------------------------------------------------------------


def check_plain(path: Path) -> None:
    """Refuse to write a file in place unless it is plain and has a single name, or is missing.

    Raises
    ------
    OSError
    """
    with suppress(FileNotFoundError):
        if trouble := trouble_of(os.stat(path, follow_symlinks=False), in_place=True):
            raise OSError(errno.ELOOP, f"it {trouble}", os.fspath(path))


def open_plain(path: Path, inside: Path | None = None) -> BufferedReader:
    """Open a plain file for reading.

    Parameters
    ----------
    path : Path
    inside : Path, optional
        A folder that contains the file: no folder below it may be a link.

    Raises
    ------
    OSError
        Also if the path is a link, a folder, a pipe, a socket or a device.
    """
    with opened(path, inside) as folder, naming(path):
        if trouble := trouble_of(folder.stat(path.name)):  # opening a device may have effects
            raise OSError(errno.ELOOP, f"it {trouble}")
        handle = folder.open(path.name, os.O_RDONLY | WAIT_FOR_NOTHING)
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise OSError(errno.EISDIR, "it is not a plain file")
        return os.fdopen(handle, "rb")


def open_file(path: Path) -> BinaryIO:
    """Open a file that the user named for reading; links are followed.

    Raises
    ------
    OSError
        Also if the path is a folder, or a pipe, socket or device, which might never end.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    raise OSError(errno.EINVAL, f"it is {kind_of(mode)}, not a file", str(path))


def kind_of(mode: int) -> str:
    """Name the kind of a path that is neither a file nor a folder."""
    return next((kind for is_such, kind in _KINDS.items() if is_such(mode)), "something else")


def read_plain(path: Path) -> bytes:
    """Return the bytes of a file that :func:`open_plain` opens."""
    with open_plain(path) as file:
        return file.read()


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hash_open_file(file)


def hash_open_file(file: BufferedReader) -> str:
    """Return the SHA-256 of the rest of an open file, in hexadecimal."""
    return hashlib.file_digest(file, "sha256").hexdigest()


# -- writing --------------------------------------------------------------------------------------------------------


@contextmanager
def replacing(path: Path, *, inside: Path | None = None, mode: int = 0o666) -> Iterator[BinaryIO]:
    """Write a file atomically: it appears complete at the end, or not at all if an error is raised.

    Parameters
    ----------
    path : Path
        An existing file is replaced; of a link, the link itself, not its target.
    inside : Path, optional
        A folder that the file must stay in. Missing folders below it are made, and none may be a link.
    mode : int
        Permissions, before the umask.

    Raises
    ------
    OSError
        With the file's final name.
    """
    with opened(path, inside, make=True) as folder, naming(path):
        folder.check_replaceable(path.name, links=inside is None)
        folder.sweep(path.name)
        temporary, handle = folder.create(path.name, mode)
        try:
            with os.fdopen(handle, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
                if sys.platform == "win32":
                    file.close()  # Windows does not rename open files
                folder.rename(temporary, path.name)
        except BaseException:
            with suppress(OSError):
                folder.unlink(temporary)
            raise
        folder.flush()


def write(path: Path, data: bytes, *, inside: Path | None = None, mode: int = 0o666) -> None:
    """Write a file as :func:`replacing` does."""
    with replacing(path, inside=inside, mode=mode) as file:
        file.write(data)


def move_in(source: Path, path: Path, inside: Path) -> None:
    """Move a file into a folder; missing folders are made as by :func:`replacing`."""
    with opened(path, inside, make=True) as folder, naming(path):
        folder.check_replaceable(path.name, links=False)
        os.replace(source, folder.at(path.name), dst_dir_fd=folder.handle)


def make_folder(path: Path) -> None:
    """Make a folder that must not exist yet, so that nothing can be planted in it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir()


def flush(path: Path) -> None:
    """Flush a file's bytes, or a folder's entries, to disk."""
    if os.name == "nt" and path.is_dir():
        return  # Windows has no folder handles
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sweep(directory: Path) -> None:
    """Remove the temporary files that killed processes left in a folder; files being written stay."""
    with suppress(FileNotFoundError), opened(directory / "any", None) as folder:
        folder.sweep()


def lock(path: Path, timeout: float = -1, mode: int | None = None) -> FileLock:
    """Create a lock on an empty file, which stays.

    Raises
    ------
    OSError
        If the path exists and is not a plain file.
    """
    check_plain(path)
    return FileLock(path, timeout=timeout) if mode is None else FileLock(path, timeout=timeout, mode=mode)


def is_full(error: OSError) -> bool:
    """Return whether the disk is full, or the file is larger than allowed."""
    # NumPy's error has no errno when the disk is full: "5000 requested and 359 written".
    return error.errno in _FULL or (type(error) is OSError and error.errno is None)


@contextmanager
def scratch(prefix: str) -> Iterator[Path]:
    """Give an empty folder among the system's temporary ones; it is gone afterwards.

    What killed processes have left under the same prefix goes first.
    """
    _sweep_scratch(prefix)
    with tempfile.TemporaryDirectory(prefix=prefix) as folder, lock(Path(folder) / "lock"):
        room = Path(folder) / "files"
        room.mkdir()
        yield room


def _sweep_scratch(prefix: str) -> None:
    latest = time.time() - _TO_BE_LOCKED
    for entry in Path(tempfile.gettempdir()).glob(f"{prefix}*/lock"):
        folder = entry.parent
        with suppress(OSError, Timeout):
            found = folder.stat(follow_symlinks=False)
            is_ours = stat.S_ISDIR(found.st_mode) and (os.name == "nt" or found.st_uid == os.geteuid())
            if is_ours and found.st_mtime < latest:
                with lock(entry, timeout=0):
                    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def storage_errors(place: Path, todo: str = "") -> Iterator[None]:
    """Turn the operating system's write errors into ours.

    Parameters
    ----------
    place : Path
        What could not be written, in case the error names no file.
    todo : str
        Second line of the message. Pass it where the block only writes: then every error is turned into ours. Without
        it, only errors of a full disk or a path that is not writable are.

    Raises
    ------
    StorageError
    """
    try:
        yield
    except OSError as error:
        if not (todo or is_full(error) or error.errno in _REFUSED):
            raise
        refused = "Choose another path with --out, or make this one writable."
        full = "Free some disk space and run the same command again; it continues from here."
        raise StorageError(
            f"{error.filename or place} cannot be written: {error.strerror or error}.",
            todo or (refused if error.errno in _REFUSED else full),
        ) from error
