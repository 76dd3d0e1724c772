"""Folders: walk and change them without following links that someone may have planted."""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from auditor.errors import RunDamagedError

WAIT_FOR_NOTHING = getattr(os, "O_NONBLOCK", 0)
"""Flag that keeps the opening of a pipe from waiting for its other end."""
_FOLLOW_NOTHING = getattr(os, "O_NOFOLLOW", 0)
_BYTES = getattr(os, "O_BINARY", 0)
_HAS_HANDLES = _FOLLOW_NOTHING != 0 and {os.open, os.mkdir, os.rename, os.stat, os.unlink} <= os.supports_dir_fd
"""Whether files can be reached through an open folder's handle; not on Windows."""
_TEMPORARY = re.compile(r"\.(?P<name>.+)\.[0-9a-f]{16}\.partial", re.DOTALL)
_LONGEST = 48
"""Most characters of a file's name in its temporary name: file systems allow 255 bytes."""
_DISTRUST = "Remove it, or replace it with a copy of the real file. If someone sent you this run, do not trust it."


def check_tree(directory: Path, in_place: Sequence[str] = ()) -> None:
    """Refuse a directory that contains anything but plain files and folders.

    Parameters
    ----------
    directory : Path
        It may be a link itself, and need not exist.
    in_place : sequence of str
        Prefixes of names in the directory. Matching files, and all files below matching folders, are written in
        place. They must have no hard link, which would be written to as well.

    Raises
    ------
    RunDamagedError
        If an entry is a link, a pipe, a socket or a device, or cannot be read.
    """
    folders = [(os.fspath(directory), False)] if directory.is_dir() else []
    try:
        while folders:
            folder, below = folders.pop()
            with suppress(FileNotFoundError):  # another process may have removed it in the meantime
                for name in os.listdir(folder):
                    path = os.path.join(folder, name)
                    written = below or (folder == os.fspath(directory) and name.startswith(tuple(in_place)))
                    with suppress(FileNotFoundError):
                        found = os.stat(path, follow_symlinks=False)
                        if trouble := trouble_of(found, written):
                            raise RunDamagedError(
                                f"{path} {trouble}; a run contains only plain files and folders.", _DISTRUST
                            )
                        if stat.S_ISDIR(found.st_mode):
                            folders.append((path, written))
    except OSError as error:
        raise RunDamagedError(
            f"{error.filename or directory} cannot be read: {error.strerror}.",
            "Check the permissions of the run's directory.",
        ) from error


def trouble_of(found: os.stat_result, in_place: bool = False) -> str:
    """Return why a file or folder is not plain, as a predicate; empty if it is plain."""
    mode = found.st_mode
    if stat.S_ISLNK(mode):
        return "is a symbolic link"
    if stat.S_ISFIFO(mode):
        return "is a named pipe"
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        return "is a socket or a device"
    if in_place and stat.S_ISREG(mode) and found.st_nlink > 1:
        return "has a second name elsewhere (a hard link)"
    return ""


@contextmanager
def opened(path: Path, inside: Path | None, make: bool = False) -> Iterator[Folder]:
    """Open the folder of a file; below ``inside``, follow no links."""
    root = path.parent if inside is None else inside
    parts = path.relative_to(root).parts[:-1]
    if ".." in parts:
        raise OSError(errno.EPERM, "it would lead out of its folder", os.fspath(path))
    folder = Folder(root)
    try:
        for part in parts:
            folder.enter(part, make)
        yield folder
    finally:
        folder.close()


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Make errors name the file's full path, not its temporary or bare name."""
    try:
        yield
    except OSError as error:
        if error.errno is not None:
            error.filename, error.filename2 = os.fspath(path), None
        raise


class Folder:
    """An open folder. Its handle keeps pointing to it even if its path is replaced.

    Where the platform has no such handles, ``handle`` is None and names are whole paths.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY) if _HAS_HANDLES else None

    def close(self) -> None:
        """Close the handle."""
        if self.handle is not None:
            os.close(self.handle)

    def at(self, name: str) -> str:
        """Return the path of a name in the folder, for use with the handle."""
        return name if self.handle is not None else os.fspath(self.path / name)

    def enter(self, name: str, make: bool) -> None:
        """Move on to a subfolder; create it if ``make`` is true."""
        path = self.path / name
        with naming(path):
            if make:
                with suppress(FileExistsError):
                    os.mkdir(self.at(name), dir_fd=self.handle)
            found = self.stat(name)
            if not stat.S_ISDIR(found.st_mode):
                raise OSError(errno.ENOTDIR, f"it {trouble_of(found) or 'is not a folder'}")
            if self.handle is not None:
                inner = self.open(name, os.O_RDONLY | os.O_DIRECTORY)
                os.close(self.handle)
                self.handle = inner
        self.path = path

    def open(self, name: str, flags: int, mode: int = 0o666) -> int:
        """Open a file or subfolder that is not a link. Return its handle."""
        return os.open(self.at(name), flags | _FOLLOW_NOTHING | _BYTES, mode, dir_fd=self.handle)

    def stat(self, name: str) -> os.stat_result:
        """Return the status of an entry, of a link itself."""
        return os.stat(self.at(name), dir_fd=self.handle, follow_symlinks=False)

    def rename(self, name: str, to: str) -> None:
        """Rename a file, replacing any file of the new name."""
        os.replace(self.at(name), self.at(to), src_dir_fd=self.handle, dst_dir_fd=self.handle)

    def unlink(self, name: str) -> None:
        """Remove a file, or a link itself."""
        os.unlink(self.at(name), dir_fd=self.handle)

    def flush(self) -> None:
        """Flush the folder's entries to disk."""
        if self.handle is not None:
            os.fsync(self.handle)

    def check_replaceable(self, name: str, links: bool) -> None:
        """Raise unless the entry is missing or a plain file, or, with ``links``, a link to one."""
        with suppress(FileNotFoundError):
            found = self.stat(name)
            if links and stat.S_ISLNK(found.st_mode):
                found = os.stat(self.at(name), dir_fd=self.handle)
            if not stat.S_ISREG(found.st_mode):
                raise OSError(errno.EISDIR, f"it {trouble_of(found) or 'is a folder'}")

    def create(self, name: str, mode: int) -> tuple[str, int]:
        """Create a temporary file, locked against sweeps until closed. Return its name and handle."""
        while True:
            temporary = f".{name[:_LONGEST]}.{secrets.token_hex(8)}.partial"
            handle = self.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode)
            if _hold(handle) is not False and os.fstat(handle).st_nlink:
                return temporary, handle
            os.close(handle)  # a sweep removed it before it was locked

    def sweep(self, name: str | None = None) -> None:
        """Remove temporary files that killed processes left, of one file or of all."""
        for entry in os.listdir(self.path if self.handle is None else self.handle):
            of = final_name(entry)
            if of is None or (name is not None and of != name[:_LONGEST]):
                continue
            with suppress(OSError):
                if sys.platform == "win32":
                    self.unlink(entry)  # Windows refuses while the file is open
                    continue
                handle = self.open(entry, os.O_RDWR | WAIT_FOR_NOTHING)
                try:
                    if stat.S_ISREG(os.fstat(handle).st_mode) and _hold(handle):
                        self.unlink(entry)
                finally:
                    os.close(handle)


def _hold(handle: int) -> bool | None:
    """Lock a temporary file. Return False if another process holds it, None if the file system has no locks."""
    if sys.platform == "win32":
        return None
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def final_name(name: str) -> str | None:
    """Return the (shortened) final name of a temporary file; None for any other file."""
    found = _TEMPORARY.fullmatch(name)
    return found["name"] if found else None
