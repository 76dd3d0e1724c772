"""Publishing: files are made in a folder of their own beside, then take their places, all of them or none."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import Timeout

from auditor.errors import StorageError
from auditor.storage import flush, lock, make_folder


@contextmanager
def staging(target: Path) -> Iterator[Path]:
    """Give an empty folder beside the target, on the same disk; it is gone afterwards.

    What an earlier export to that place has left, since it was killed, is put back or removed first.

    Raises
    ------
    StorageError
        If the disk is full, or refuses to be written to.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _restore(target)
        _sweep(target)
        room = target.parent / f".{target.name}.{secrets.token_hex(4)}.partial"
        stage = room / "files"
        make_folder(room)
        try:
            stage.mkdir()
            with lock(room / "lock"):
                yield stage
        finally:
            shutil.rmtree(room, ignore_errors=True)
    except OSError as error:
        raise StorageError(
            f"{error.filename or target} cannot be written: {error.strerror or error}.",
            "Name another place with --to, or see to it that there is room, and that it can be written to.",
        ) from error


def _sweep(target: Path) -> None:
    """Remove the folders of killed exports; those of exports that are still at work are held."""
    ours = re.compile(rf"\.{re.escape(target.name)}\.[0-9a-f]{{8}}\.partial")
    for room in [entry for entry in target.parent.iterdir() if ours.fullmatch(entry.name) and _is_folder(entry)]:
        with suppress(OSError, Timeout), lock(room / "lock", timeout=0):
            shutil.rmtree(room, ignore_errors=True)


def flush_all(folder: Path) -> None:
    """Have all files of a folder on the disk, and their names."""
    for path in sorted(folder.rglob("*"), reverse=True):
        flush(path)
    flush(folder)


def publish_folder(stage: Path, target: Path) -> None:
    """Let a folder take the target's place.

    An earlier one stands aside for a moment. Killed within that, it is put back by the next export to that place.
    """
    aside = _aside(target)
    if target.is_symlink() or (target.is_dir() and any(target.iterdir())):
        os.rename(target, aside)
    try:
        if target.is_dir():
            target.rmdir()
        os.rename(stage, target)
    except OSError:
        _restore(target)
        raise
    _remove(aside)
    flush(target.parent)


def publish_files(stage: Path, names: Sequence[str], home: Path, gone: Sequence[str] = ()) -> None:
    """Let files take their places, the last one last, and remove those that are ``gone``.

    What fails in the middle is undone. Killed there, each file is the old or the new one.
    """
    old = stage / ".old"
    old.mkdir()
    for name in names:
        if os.path.lexists(home / name):
            try:
                os.link(home / name, old / name, follow_symlinks=False)
            except OSError:  # a disk that has no links
                shutil.copy2(home / name, old / name, follow_symlinks=False)
    done: list[str] = []
    try:
        for name in names:
            done.append(name)
            os.replace(stage / name, home / name)
    except OSError:
        for name in done:
            with suppress(OSError):
                if os.path.lexists(old / name):
                    os.replace(old / name, home / name)
                elif not (stage / name).exists():
                    (home / name).unlink()
        raise
    for name in gone:
        (home / name).unlink(missing_ok=True)
    flush(home)


def _aside(target: Path) -> Path:
    return target.parent / f".{target.name}.before-export"


def _restore(target: Path) -> None:
    """Put back what stood aside when an earlier export was killed."""
    aside = _aside(target)
    if aside.is_symlink() or os.path.lexists(target):
        _remove(aside)  # of a link, what it leads to is where it was
    elif aside.is_dir():
        os.rename(aside, target)


def _remove(folder: Path) -> None:
    """Remove a folder, or a link to one without what it leads to."""
    if folder.is_symlink():
        folder.unlink()
    else:
        shutil.rmtree(folder, ignore_errors=True)


def _is_folder(path: Path) -> bool:
    """Whether it is a folder, and not a link to one."""
    return path.is_dir() and not path.is_symlink()
