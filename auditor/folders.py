"""Folders: looked through and worked in without being led elsewhere by a link that somebody has put there."""

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
"""Opening a pipe would wait for its other end."""
_FOLLOW_NOTHING = getattr(os, "O_NOFOLLOW", 0)
_BYTES = getattr(os, "O_BINARY", 0)
_HAS_HANDLES = _FOLLOW_NOTHING != 0 and {os.open, os.mkdir, os.rename, os.stat, os.unlink} <= os.supports_dir_fd
"""Whether a folder can be held open and worked in by its handle; on Windows it cannot."""
_TEMPORARY = re.compile(r"\.(?P<name>.+)\.[0-9a-f]{16}\.partial", re.DOTALL)
_LONGEST = 48
"""Characters of a file's name in that of its temporary file: file systems allow 255 bytes."""
_DISTRUST = "Remove it, or put a copy of the real file there. If somebody sent you this run, do not trust it."


def check_tree(directory: Path, in_place: Sequence[str] = ()) -> None:
    """Refuse a directory with anything in it but plain files and folders.

    Parameters
    ----------
    directory : Path
        It may itself be reached through a link, and need not exist.
    in_place : sequence of str
        Beginnings of names in it: these files are written without being replaced, and those below folders with such
        a name. They must have no second name, for what is written to them would be written there too.

    Raises
    ------
    RunDamagedError
        If something is a link, a pipe, a socket or a device, or cannot be looked at.
    """
    folders = [(os.fspath(directory), False)] if directory.is_dir() else []
    try:
        while folders:
            folder, below = folders.pop()
            with suppress(FileNotFoundError):  # another process is at work there, and has removed it meanwhile
                for name in os.listdir(folder):
                    path = os.path.join(folder, name)
                    written = below or (folder == os.fspath(directory) and name.startswith(tuple(in_place)))
                    with suppress(FileNotFoundError):
                        found = os.stat(path, follow_symlinks=False)
                        if trouble := trouble_of(found, written):
                            raise RunDamagedError(
                                f"{path} {trouble}; a run holds plain files and folders only.", _DISTRUST
                            )
                        if stat.S_ISDIR(found.st_mode):
                            folders.append((path, written))
    except OSError as error:
        raise RunDamagedError(
            f"{error.filename or directory} cannot be read: {error.strerror}.",
            "Check the permissions of the run's directory.",
        ) from error


def trouble_of(found: os.stat_result, in_place: bool = False) -> str:
    """What is wrong with a file or folder, as a part of a sentence; empty if it is a plain one."""
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
    """Hold the folder of a file open; below ``inside``, follow no link on the way there."""
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
    """Have errors name the file, not its temporary name or its name alone."""
    try:
        yield
    except OSError as error:
        if error.errno is not None:
            error.filename, error.filename2 = os.fspath(path), None
        raise


class Folder:
    """A folder, held open where the platform can: what is done in it is done there, wherever its name leads to by then.

    Elsewhere ``handle`` is None, and names are whole paths.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY) if _HAS_HANDLES else None

    def close(self) -> None:
        """Let go of it."""
        if self.handle is not None:
            os.close(self.handle)

    def at(self, name: str) -> str:
        """A name in it, to be given together with the handle."""
        return name if self.handle is not None else os.fspath(self.path / name)

    def enter(self, name: str, make: bool) -> None:
        """Go on to a folder in it, which may be made."""
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
        """Open a file in it, or a folder, which must be no link; its handle."""
        return os.open(self.at(name), flags | _FOLLOW_NOTHING | _BYTES, mode, dir_fd=self.handle)

    def stat(self, name: str) -> os.stat_result:
        """What a name in it is, a link itself."""
        return os.stat(self.at(name), dir_fd=self.handle, follow_symlinks=False)

    def rename(self, name: str, to: str) -> None:
        """Give a file in it another name, which may be that of another file: it is gone then."""
        os.replace(self.at(name), self.at(to), src_dir_fd=self.handle, dst_dir_fd=self.handle)

    def unlink(self, name: str) -> None:
        """Remove a file, or a link itself."""
        os.unlink(self.at(name), dir_fd=self.handle)

    def flush(self) -> None:
        """Have its names on the disk."""
        if self.handle is not None:
            os.fsync(self.handle)

    def check_replaceable(self, name: str, links: bool) -> None:
        """Replace plain files, and links to them where the user may have made them; never a terminal or a pipe."""
        with suppress(FileNotFoundError):
            found = self.stat(name)
            if links and stat.S_ISLNK(found.st_mode):
                found = os.stat(self.at(name), dir_fd=self.handle)
            if not stat.S_ISREG(found.st_mode):
                raise OSError(errno.EISDIR, f"it {trouble_of(found) or 'is a folder'}")

    def create(self, name: str, mode: int) -> tuple[str, int]:
        """Make a temporary file: its name and handle. It is locked until it is closed, so that no sweep takes it."""
        while True:
            temporary = f".{name[:_LONGEST]}.{secrets.token_hex(8)}.partial"
            handle = self.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode)
            if _hold(handle) is not False and os.fstat(handle).st_nlink:
                return temporary, handle
            os.close(handle)  # a sweep came between

    def sweep(self, name: str | None = None) -> None:
        """Remove what killed processes have left of a file, or of all files."""
        for entry in os.listdir(self.path if self.handle is None else self.handle):
            of = final_name(entry)
            if of is None or (name is not None and of != name[:_LONGEST]):
                continue
            with suppress(OSError):
                if sys.platform == "win32":
                    self.unlink(entry)  # which it refuses while the file is open
                    continue
                handle = self.open(entry, os.O_RDWR | WAIT_FOR_NOTHING)
                try:
                    if stat.S_ISREG(os.fstat(handle).st_mode) and _hold(handle):
                        self.unlink(entry)
                finally:
                    os.close(handle)


def _hold(handle: int) -> bool | None:
    """Lock a temporary file; False if another process has it, None where the file system knows no locks."""
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
    """The name that a temporary file was to get, cut if it is long; None for any other file."""
    found = _TEMPORARY.fullmatch(name)
    return found["name"] if found else None
