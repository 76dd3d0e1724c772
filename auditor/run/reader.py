"""Readers: from an artifact to what it holds, each file checked against the hash that was recorded for it."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from zipfile import BadZipFile

from auditor.errors import RunDamagedError
from auditor.run.artifacts import Artifact, Table

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")
Name = str | os.PathLike[str]
"""An artifact, or its name."""

_BAD_CONTENT = (ValueError, TypeError, LookupError, OSError, EOFError, RecursionError, NotImplementedError, BadZipFile)
"""What Arrow, NumPy and ``json`` raise at a file that is not of their kind."""


class Reader(ABC):
    """What reads artifacts: a run, or what a stage is given of one."""

    @abstractmethod
    def has(self, artifact: Name) -> bool:
        """Whether there is such an artifact to read."""

    @abstractmethod
    def open(self, artifact: Name) -> Path:
        """Path of an artifact, checked against its hash.

        Raises
        ------
        RunMissingError
            If there is none.
        RunDamagedError
            If the file is not the one that was written.
        """

    def load(self, artifact: Artifact[T]) -> T:
        """Read an artifact; what :meth:`open` raises, and ``RunDamagedError`` if it cannot be read as what it is."""
        return self._checked(artifact, artifact.load)

    def table(self, artifact: Table, columns: Sequence[str]) -> pa.Table:
        """Read some columns of a table, as far as it has them; errors as in :meth:`load`."""
        return self._checked(artifact, lambda path: artifact.load(path, columns))

    def _checked(self, artifact: Name, load: Callable[[Path], T]) -> T:
        path = self.open(artifact)
        try:
            return load(path)
        except _BAD_CONTENT as error:
            why = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
            raise damaged(path, why) from error


class DeclaredReader(Reader):
    """What a stage is given: the artifacts that it has declared as its inputs, and no others.

    A stage is not run again while its inputs are the same. One that read something undeclared would keep its old
    outputs after that had changed, and nobody would notice.

    Parameters
    ----------
    run : Reader
    stage : str
    declared : collection of str
    """

    def __init__(self, run: Reader, stage: str, declared: Collection[str]) -> None:
        self._run, self._stage, self._declared = run, stage, frozenset(declared)

    def has(self, artifact: Name) -> bool:
        """Whether it is declared: what is, is there."""
        return os.fspath(artifact) in self._declared

    def open(self, artifact: Name) -> Path:
        """Path of a declared artifact.

        Raises
        ------
        LookupError
            If it is not declared: a fault in the stage, not in the run.
        """
        if not self.has(artifact):
            raise LookupError(f"stage {self._stage!r} reads {os.fspath(artifact)}, which is not among its inputs")
        return self._run.open(artifact)


def damaged(path: Path, why: str) -> RunDamagedError:
    """Say that an artifact is not what it should be."""
    return RunDamagedError(f"{path} is damaged: {why}.", "Make the run again with --fresh; decisions.db is kept.")
