"""Readers of artifacts. Each file is checked against its recorded hash."""

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
"""Errors that Arrow, NumPy and ``json`` raise on a malformed file."""


class Reader(ABC):
    """A reader of artifacts: a run, or a stage's view of it."""

    @abstractmethod
    def has(self, artifact: Name) -> bool:
        """Return whether an artifact exists."""

    @abstractmethod
    def open(self, artifact: Name) -> Path:
        """Check an artifact against its hash. Return its path.

        Raises
        ------
        RunMissingError
            If the artifact does not exist.
        RunDamagedError
            If the file is missing or has been changed.
        """

    def load(self, artifact: Artifact[T]) -> T:
        """Read an artifact. Errors are those of :meth:`open`; a malformed file raises ``RunDamagedError``."""
        return self._checked(artifact, artifact.load)

    def table(self, artifact: Table, columns: Sequence[str]) -> pa.Table:
        """Read those of some columns that a table has. Errors are those of :meth:`load`."""
        return self._checked(artifact, lambda path: artifact.load(path, columns))

    def _checked(self, artifact: Name, load: Callable[[Path], T]) -> T:
        path = self.open(artifact)
        try:
            return load(path)
        except _BAD_CONTENT as error:
            why = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
            raise damaged(path, why) from error


class DeclaredReader(Reader):
    """A stage's reader: it reads only the artifacts that the stage declared as inputs.

    A stage does not run again while its inputs are unchanged. If it read an undeclared artifact, it would keep stale
    outputs after that artifact changed.

    Parameters
    ----------
    run : Reader
    stage : str
    declared : collection of str
    """

    def __init__(self, run: Reader, stage: str, declared: Collection[str]) -> None:
        self._run, self._stage, self._declared = run, stage, frozenset(declared)

    def has(self, artifact: Name) -> bool:
        """Return whether an artifact is declared; declared artifacts exist."""
        return os.fspath(artifact) in self._declared

    def open(self, artifact: Name) -> Path:
        """Check a declared artifact. Return its path.

        Raises
        ------
        LookupError
            If the artifact is not declared: a bug in the stage, not damage to the run.
        """
        if not self.has(artifact):
            raise LookupError(f"stage {self._stage!r} reads {os.fspath(artifact)}, which is not among its inputs")
        return self._run.open(artifact)


def damaged(path: Path, why: str) -> RunDamagedError:
    """Return the error for a damaged artifact."""
    return RunDamagedError(f"{path} is damaged: {why}.", "Re-create the run with --fresh; decisions.db is kept.")
