"""Publishing: write files to a staging folder, then move all of them into place, or none."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import Timeout

from auditor.storage import flush, lock, make_folder, storage_errors


@contextmanager
def staging(target: Path) -> Iterator[Path]:
    """Yield an empty folder beside the target, on the same disk, and remove it afterwards.

    Leftovers of an earlier export to the target that was killed are restored or removed first.

    Raises
    ------
    StorageError
        If the disk is full or cannot be written to.
    """
    with storage_errors(target, "Name another place with --to, or check free disk space and write access."):
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


def _sweep(target: Path) -> None:
    """Remove the folders of killed exports. Running exports lock theirs."""
    pattern = re.compile(rf"\.{re.escape(target.name)}\.[0-9a-f]{{8}}\.partial")
    for room in [entry for entry in target.parent.iterdir() if pattern.fullmatch(entry.name) and _is_folder(entry)]:
        with suppress(OSError, Timeout), lock(room / "lock", timeout=0):
            shutil.rmtree(room, ignore_errors=True)


def flush_all(folder: Path) -> None:
    """Flush all files of a folder, and their names, to the disk."""
    for path in sorted(folder.rglob("*"), reverse=True):
        flush(path)
    flush(folder)


def publish_folder(stage: Path, target: Path) -> None:
    """Replace the target by a folder.

    An existing target is set aside for a moment. If the process is killed meanwhile, the next export restores it.
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
    """Move files into place in order, and remove the files ``gone``.

    A failure is undone. If the process is killed, each file is either the old or the new one.
    """
    old = stage / ".old"
    old.mkdir()
    for name in names:
        if os.path.lexists(home / name):
            try:
                os.link(home / name, old / name, follow_symlinks=False)
            except OSError:  # a disk without links
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
    """Restore a target that a killed export had set aside."""
    aside = _aside(target)
    if aside.is_symlink() or os.path.lexists(target):
        _remove(aside)  # the target of a link was not moved
    elif aside.is_dir():
        os.rename(aside, target)


def _remove(folder: Path) -> None:
    """Remove a folder, or only the link to one."""
    if folder.is_symlink():
        folder.unlink()
    else:
        shutil.rmtree(folder, ignore_errors=True)


def _is_folder(path: Path) -> bool:
    """Return whether a path is a folder and not a link."""
    return path.is_dir() and not path.is_symlink()
