"""Trees: files by path, below a folder, in an archive, or named one by one."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from auditor.data.formats.files.packed import MOST_FILES, is_junk, open_archive, read_bytes
from auditor.errors import SourceError
from auditor.formats import packing_of
from auditor.storage import hash_file, open_plain
from auditor.wording import counted, listed

SPLIT_NAMES = {"train", "training", "val", "valid", "validation", "dev", "test", "testing", "eval", "evaluation"}
"""Usual names of files and folders that are splits, ignoring case."""


@dataclass(frozen=True)
class Tree:
    """Files that have not been read yet.

    Attributes
    ----------
    path : Path
        Path of the folder or archive.
    sizes : mapping of str to int
        Bytes of each file, by its path relative to the tree, with slashes, in order. A folder that contains all files
        is not part of the paths, unless it has the name of a split.
    read : callable
        Returns the unpacked bytes of a file by its path.
    about : mapping
        What a part records about the tree: ``folder`` or ``archive``, and the latter's ``sha256``.
    notes : tuple of str
    """

    path: Path
    sizes: Mapping[str, int]
    read: Callable[[str], bytes]
    about: Mapping[str, str]
    notes: tuple[str, ...] = ()

    def name(self, path: str) -> str:
        """Return the name of a file in messages."""
        return f"{path} in {self.path.name}" if self.about else path


def open_tree(path: Path) -> Tree:
    """List the files of a folder or an archive.

    Raises
    ------
    SourceError
        If it cannot be read, or contains too many files.
    """
    return _archive(path) if packing_of(path) == ".zip" else _folder(path)


def given_tree(paths: Sequence[Path]) -> Tree:
    """Return a tree of files with different names."""
    by_name = {path.name: path for path in paths}
    return Tree(paths[0].parent, dict.fromkeys(by_name, 0), lambda name: read_bytes(by_name[name]), {})


def _archive(path: Path) -> Tree:
    archive = open_archive(path)
    top = _common(archive.sizes)
    sizes = {name.removeprefix(top): size for name, size in sorted(archive.sizes.items())}
    about = {"archive": path.name, "sha256": hash_file(path)}
    return Tree(path, sizes, lambda name: archive.read(top + name), about)


def _folder(path: Path) -> Tree:
    """List the files of a folder. Links are not followed: they may lead anywhere, even in circles."""
    sizes: dict[str, int] = {}
    others: list[str] = []
    folders = [""]
    try:
        while folders:
            folder = folders.pop()
            with os.scandir(path / folder) as entries:
                for entry in entries:
                    name = folder + entry.name
                    if is_junk(entry.name):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(f"{name}/")
                    elif entry.is_file(follow_symlinks=False):
                        sizes[name] = entry.stat(follow_symlinks=False).st_size
                    else:
                        others.append(name)
            if len(sizes) + len(folders) > MOST_FILES:
                raise SourceError(
                    f"{path} contains more than {MOST_FILES:,} files and folders.", "Choose a part of it."
                )
    except OSError as error:
        reason = error.strerror or str(error)
        raise SourceError(f"{error.filename or path} cannot be read: {reason}.", "Check its permissions.") from None
    top = _common(sizes)
    sizes = {name.removeprefix(top): size for name, size in sorted(sizes.items())}
    notes = []
    if others:
        notes.append(
            f"{path.name}: skipped {counted(len(others), 'link')}, pipes and devices included:"
            f" {listed(sorted(others))}."
        )
    return Tree(path, sizes, lambda name: _read(path / top / name), {"folder": path.name}, tuple(notes))


def _read(path: Path) -> bytes:
    if packing_of(path):
        return read_bytes(path)
    try:
        with open_plain(path) as file:
            return file.read()
    except OSError as error:
        reason = error.strerror or str(error)
        raise SourceError(f"{path} cannot be read: {reason}.", "Check the file and its permissions.") from None


def _common(paths: Mapping[str, int]) -> str:
    """Return the folders that contain all files, up to the first with the name of a split."""
    top = ""
    while paths:
        first, slash, _ = next(iter(paths)).removeprefix(top).partition("/")
        if not slash or first.casefold() in SPLIT_NAMES or not all(path.startswith(f"{top}{first}/") for path in paths):
            break
        top += f"{first}/"
    return top
