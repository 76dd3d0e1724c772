"""Overwriting: whether a command may write to the path that its user names.

Never lost: the audited source, under any spelling or link, and the files of a run. Other files are overwritten only
with ``force``.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from auditor.errors import ExportError
from auditor.run import artifacts
from auditor.run.artifacts import DATASET, DECISIONS, FIGURES, HOLDER, LOCK, MANIFEST, REPORT, RUN_ID, Artifact
from auditor.storage import hash_file

_FOLDERS = (FIGURES, "model", "retrain", "probabilities", "dynamics", "repeat-", "folds", "neighbours", ".work")
_NAMES = (
    *(MANIFEST, LOCK, HOLDER, RUN_ID, DECISIONS, REPORT, *_FOLDERS),
    *(value.name for value in vars(artifacts).values() if isinstance(value, Artifact)),
)
"""Prefixes of the names that a run uses for its own files, whether or not they exist yet."""


@dataclass(frozen=True)
class Sources:
    """Files and folders that a dataset was read from.

    Attributes
    ----------
    paths : tuple of Path
        Those that the user has named.
    names, hashes : frozenset of str
        Names, and SHA-256 of the contents, of those that a run has read: it does not record their folders.
    """

    paths: tuple[Path, ...] = ()
    names: frozenset[str] = frozenset()
    hashes: frozenset[str] = frozenset()

    def named(self, path: Path) -> bool:
        """Return whether a path is one that the user has named, or a folder that contains it."""
        if not os.path.exists(path):
            return False
        sources = [source for source in self.paths if os.path.exists(source)]
        return any(
            path.samefile(source) or (path.is_dir() and path.resolve() in source.resolve().parents)
            for source in sources
        )

    def read(self, path: Path) -> bool:
        """Return whether an existing file has the name or the content of one that was read; links are followed."""
        if not os.path.lexists(path):
            return False
        same_name = {path.name, path.resolve().name} & self.names
        return bool(same_name) or (path.is_file() and hash_file(path) in self.hashes)


NO_SOURCES = Sources()


def check_place(path: Path, sources: Sources = NO_SOURCES, *, is_own: bool = False) -> None:
    """Refuse to write a file or folder over the source or over a file of a run.

    Parameters
    ----------
    path : Path
    sources : Sources
    is_own : bool
        Whether the command has recognised what is at the path as an earlier output of its own.

    Raises
    ------
    ExportError
    """
    if sources.named(path) or (not is_own and sources.read(path)):
        raise ExportError(
            f"{path} is the source or a copy of it, and is never overwritten.",
            "Give --to another name, or another folder.",
        )
    for place in dict.fromkeys([_spelt_out(path), path.resolve()]):
        run = next((folder for folder in place.parents if _is_run(folder)), None)
        if run is not None and not is_own and (os.path.lexists(place) or _is_of_run(place, run)):
            raise ExportError(
                f"{path} belongs to the run {run.name}, whose files are never overwritten.",
                "Name a file outside the run's directory.",
            )


def check_file(path: Path, sources: Sources = NO_SOURCES, *, force: bool, is_own: bool = False) -> None:
    """Refuse to write a file as :func:`check_place` does, and over any other file unless ``force`` is set.

    Raises
    ------
    ExportError
    """
    check_place(path, sources, is_own=is_own)
    if os.path.isdir(path):
        raise ExportError(f"{path} is a folder, not a file.", "Name a file.")
    if os.path.lexists(_spelt_out(path)) and not force:
        raise ExportError(f"{path} already exists.", "Name another file, or overwrite it with --force.")


def _spelt_out(path: Path) -> Path:
    """Return an absolute path without ``..`` and links, except for a link at its end."""
    return path.parent.resolve() / path.name


def _is_run(folder: Path) -> bool:
    """Return whether a folder is a run; other programs have a ``manifest.json``, too."""
    return os.path.lexists(folder / MANIFEST) and any(os.path.lexists(folder / name) for name in (LOCK, DATASET))


def _is_of_run(place: Path, run: Path) -> bool:
    return place.relative_to(run).parts[0].casefold().startswith(_NAMES)
