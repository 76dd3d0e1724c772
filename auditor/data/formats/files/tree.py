"""Trees: the files below a folder, in an archive, or as they are given, by their paths."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from auditor.data.formats.files.packed import MOST_FILES, is_junk, open_archive, read_bytes
from auditor.data.source import counted, listed
from auditor.errors import SourceError
from auditor.formats import packing_of
from auditor.storage import hash_file, open_plain

SPLIT_NAMES = {"train", "training", "val", "valid", "validation", "dev", "test", "testing", "eval", "evaluation"}
"""What files and folders that are splits are usually called, without regard to case."""


@dataclass(frozen=True)
class Tree:
    """Files, none of them read yet.

    Attributes
    ----------
    path : Path
        Of the folder or archive.
    sizes : mapping of str to int
        Bytes that each file takes, by its path below the tree's, with slashes, in order. A folder that holds all of
        them is no part of it, unless it has the name of a split.
    read : callable
        Give the bytes of a file by its path, unpacked.
    about : mapping
        What a part keeps of the tree: ``folder`` or ``archive``, and the latter's ``sha256``.
    notes : tuple of str
    """

    path: Path
    sizes: Mapping[str, int]
    read: Callable[[str], bytes]
    about: Mapping[str, str]
    notes: tuple[str, ...] = ()

    def name(self, path: str) -> str:
        """What messages call a file."""
        return f"{path} in {self.path.name}" if self.about else path


def open_tree(path: Path) -> Tree:
    """Look through a folder or an archive.

    Raises
    ------
    SourceError
        If it cannot be read, or holds too many files.
    """
    return _archive(path) if packing_of(path) == ".zip" else _folder(path)


def given_tree(paths: Sequence[Path]) -> Tree:
    """Take files that are named one by one, all of different names."""
    by_name = {path.name: path for path in paths}
    return Tree(paths[0].parent, dict.fromkeys(by_name, 0), lambda name: read_bytes(by_name[name]), {})


def _archive(path: Path) -> Tree:
    archive = open_archive(path)
    top = _common(archive.sizes)
    sizes = {name.removeprefix(top): size for name, size in sorted(archive.sizes.items())}
    about = {"archive": path.name, "sha256": hash_file(path)}
    return Tree(path, sizes, lambda name: archive.read(top + name), about)


def _folder(path: Path) -> Tree:
    """Look through a folder. Links are not followed: they may lead anywhere, and round in circles."""
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
                raise SourceError(f"{path} holds more than {MOST_FILES:,} files and folders.", "Give a part of it.")
    except OSError as error:
        reason = error.strerror or str(error)
        raise SourceError(f"{error.filename or path} cannot be read: {reason}.", "Check its permissions.") from None
    top = _common(sizes)
    sizes = {name.removeprefix(top): size for name, size in sorted(sizes.items())}
    notes = []
    if others:
        notes.append(
            f"{path.name}: {counted(len(others), 'link')} not followed (nor pipes or devices read):"
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
    """The folders that hold all files, each of which holds nothing else; those that have the name of a split stay."""
    top = ""
    while paths:
        first, slash, _ = next(iter(paths)).removeprefix(top).partition("/")
        if not slash or first.casefold() in SPLIT_NAMES or not all(path.startswith(f"{top}{first}/") for path in paths):
            break
        top += f"{first}/"
    return top
