"""Storage: how the library writes files, and what it refuses to touch in a directory that somebody else has made.

A file is written under a temporary name that nobody can guess, flushed, and renamed: a reader sees the old file or the
new one, and a link that lies in wait at the name is replaced, never followed. Inside a run no folder on the way may be
a link either. A process that is killed leaves its temporary file behind; the next one to write there removes it.
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
    """Refuse a file that is to be written to in place unless it is a plain one with a single name, or missing.

    Raises
    ------
    OSError
    """
    with suppress(FileNotFoundError):
        if trouble := trouble_of(os.stat(path, follow_symlinks=False), in_place=True):
            raise OSError(errno.ELOOP, f"it {trouble}", os.fspath(path))


def open_plain(path: Path, inside: Path | None = None) -> BufferedReader:
    """Open a file for reading, if it is a plain one.

    Parameters
    ----------
    path : Path
    inside : Path, optional
        A folder that the file lies in: no folder below it may be a link.

    Raises
    ------
    OSError
        Also if it is a link, a folder, a pipe, a socket or a device.
    """
    with opened(path, inside) as folder, naming(path):
        if trouble := trouble_of(folder.stat(path.name)):  # a device may do something when it is opened
            raise OSError(errno.ELOOP, f"it {trouble}")
        handle = folder.open(path.name, os.O_RDONLY | WAIT_FOR_NOTHING)
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise OSError(errno.EISDIR, "it is not a plain file")
        return os.fdopen(handle, "rb")


def open_file(path: Path) -> BinaryIO:
    """Open a file that the user has named for reading; it may be reached through a link.

    Raises
    ------
    OSError
        If that fails, or it is a folder, or a pipe, socket or device, from which nothing might ever come.
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
    """What a path is that is neither a file nor a folder."""
    return next((kind for is_such, kind in _KINDS.items() if is_such(mode)), "something else")


def read_plain(path: Path) -> bytes:
    """Bytes of a file that :func:`open_plain` opens."""
    with open_plain(path) as file:
        return file.read()


def hash_file(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hash_open_file(file)


def hash_open_file(file: BufferedReader) -> str:
    """SHA-256 of the rest of an open file, in hexadecimal."""
    return hashlib.file_digest(file, "sha256").hexdigest()


# -- writing --------------------------------------------------------------------------------------------------------


@contextmanager
def replacing(path: Path, *, inside: Path | None = None, mode: int = 0o666) -> Iterator[BinaryIO]:
    """Write a file: the whole of it takes its name at the end, or nothing does if an error is raised.

    Parameters
    ----------
    path : Path
        What is there is replaced: a link itself, not what it leads to.
    inside : Path, optional
        A folder that the file must stay in: folders below it are made where they are missing, and none may be a link.
    mode : int
        Permissions, before the umask.

    Raises
    ------
    OSError
        With the file's own name.
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
                    file.close()  # it renames no file that is open
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
    """Rename a file to its place inside a folder, where folders are made as :func:`replacing` makes them."""
    with opened(path, inside, make=True) as folder, naming(path):
        folder.check_replaceable(path.name, links=False)
        os.replace(source, folder.at(path.name), dst_dir_fd=folder.handle)


def make_folder(path: Path) -> None:
    """Make a folder, which must not be there yet: then nothing can lie in wait in it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir()


def flush(path: Path) -> None:
    """Have a file's bytes, or a folder's names, on the disk."""
    if os.name == "nt" and path.is_dir():
        return  # Windows has no handle to a folder
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sweep(directory: Path) -> None:
    """Remove the temporary files that killed processes have left in a folder; those being written stay."""
    with suppress(FileNotFoundError), opened(directory / "any", None) as folder:
        folder.sweep()


def lock(path: Path, timeout: float = -1, mode: int | None = None) -> FileLock:
    """Make a lock of a file beside what it protects; the file stays, and is empty.

    Raises
    ------
    OSError
        If something else than a plain file is there.
    """
    check_plain(path)
    return FileLock(path, timeout=timeout) if mode is None else FileLock(path, timeout=timeout, mode=mode)


def is_full(error: OSError) -> bool:
    """Whether the disk has no room, or the file may not become so large."""
    # NumPy gives no number when the disk is full: "5000 requested and 359 written".
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
    """Turn the operating system's errors in writing into ours.

    Parameters
    ----------
    place : Path
        What cannot be written, where the error names nothing.
    todo : str
        Second line of the message, where nothing but writing is done: every error is turned into ours then. Without
        it, a full disk and a place that must not be written to are.

    Raises
    ------
    StorageError
    """
    try:
        yield
    except OSError as error:
        if not (todo or is_full(error) or error.errno in _REFUSED):
            raise
        refused = "Name another place with --out, or see to it that this one can be written to."
        full = "Make room, then give the same command again: it goes on from here."
        raise StorageError(
            f"{error.filename or place} cannot be written: {error.strerror or error}.",
            todo or (refused if error.errno in _REFUSED else full),
        ) from error
