"""Artifacts: the name of every file that a stage writes, and how such a file is read and written.

Nothing else in the library spells these names. A module that only asks for a file by its name imports no library that
reads it: those come along when the file is read.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    import pyarrow as pa

    from auditor.arrays import AnyArray, Float32, FoldNumbers, Probabilities, RowIndex, Vectors

MANIFEST, LOCK, HOLDER, RUN_ID = "manifest.json", "run.lock", "run.holder", "run.id"
"""Files of a run that are no artifacts: by them it is known as a run, held, and named in decision logs."""
DECISIONS, REPORT, FIGURES = "decisions.db", "report.html", "figures"
"""What people have decided, and the report: no stage writes them, and they change without making anything stale."""

T = TypeVar("T")
A = TypeVar("A", bound="AnyArray")

CONSENSUS = "consensus"
"""What all models together say, where the name of a model is expected."""
BASELINE = "dummy"
"""Name of the baseline that every model is compared with."""


@dataclass(frozen=True)
class Artifact(ABC, Generic[T]):
    """A file of a run that holds a ``T``; it can be appended to a path, ``space / ISSUES``.

    Attributes
    ----------
    name : str
        Path within the run's directory, with ``/`` between its parts.
    """

    name: str

    def __fspath__(self) -> str:
        return self.name

    @abstractmethod
    def load(self, path: Path) -> T:
        """Read the file at a path."""

    @abstractmethod
    def write(self, path: Path, value: T) -> None:
        """Write the file at a path."""

    def save(self, space: Path, value: T) -> None:
        """Write the file under its name in a directory; folders in the name are made."""
        path = space / self.name
        path.parent.mkdir(parents=True, exist_ok=True)
        self.write(path, value)


class Table(Artifact["pa.Table"]):
    """A Parquet file."""

    def load(self, path: Path, columns: Sequence[str] | None = None) -> pa.Table:
        """Read the file, memory-mapped: all columns, or those of some that it has."""
        import pyarrow.parquet as pq

        return pq.read_table(path, columns=columns, memory_map=True)

    def write(self, path: Path, value: pa.Table) -> None:
        """Write the file, compressed."""
        import pyarrow.parquet as pq

        pq.write_table(value, path, compression="zstd")


class Csv(Artifact["pa.Table"]):
    """A CSV file, for people and their tools; nothing here reads it."""

    def load(self, path: Path) -> pa.Table:
        """Read the file with the types that Arrow guesses."""
        from pyarrow import csv

        return csv.read_csv(path)

    def write(self, path: Path, value: pa.Table) -> None:
        """Write the file as a spreadsheet can open it safely."""
        from auditor.tabular import write_csv

        write_csv(value, path)


class Array(Artifact[A]):
    """A ``.npy`` file."""

    def load(self, path: Path) -> A:
        """Read the file, memory-mapped and so read-only."""
        import numpy as np

        array: Any = np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
        return array  # type: ignore[no-any-return]  # of the type that was written

    def write(self, path: Path, value: A) -> None:
        """Write the file."""
        import numpy as np

        np.save(path, value, allow_pickle=False)


@dataclass(frozen=True)
class Nearest:
    """The nearest rows of each row, nearest first, as a ``.npz`` file holds them.

    Attributes
    ----------
    index : (N, k) int32
        Rows; -1 where there are fewer.
    similarity : (N, k) float32
        Cosine; NaN where there is none.
    """

    index: RowIndex
    similarity: Float32


class Neighbours(Artifact[Nearest]):
    """A ``.npz`` file of both arrays."""

    def load(self, path: Path) -> Nearest:
        """Read both arrays into memory."""
        import numpy as np

        with np.load(path, allow_pickle=False) as file:
            return Nearest(file["index"], file["similarity"])

    def write(self, path: Path, value: Nearest) -> None:
        """Write both arrays."""
        import numpy as np

        np.savez(path, index=value.index, similarity=value.similarity)


class Json(Artifact[Any]):
    """A JSON file."""

    def load(self, path: Path) -> Any:
        """Read the value."""
        return json.loads(path.read_text("utf-8"))

    def write(self, path: Path, value: Any) -> None:
        """Write the value, so that people can read it too."""
        path.write_text(json.dumps(value, ensure_ascii=False, indent=1), "utf-8")


# -- the data -------------------------------------------------------------------------------------------------------

DATASET = Table("dataset.parquet")
REJECTED = Table("rejected.parquet")
VOTES = Table("votes.parquet")
DUPLICATES = Table("duplicates.parquet")
CONFLICTS = Table("conflicts.parquet")

# -- what models and detection make of it ---------------------------------------------------------------------------

VECTORS: Array[Vectors] = Array("vectors.npy")
MAP: Array[Float32] = Array("map.npy")
SCORES = Json("scores.json")
WEIGHTS = Json("consensus.json")
SIGNALS = Table("signals.parquet")
ISSUES = Table("issues.parquet")
ISSUES_CSV = Csv("issues.csv")
GROUPS = Table("groups.parquet")
HEALTH = Json("health.json")
DEFINITIONS = Json("definitions.json")
COMPARISON = Json("retrain/comparison.json")


def artifact_name(name: str, repeat: int = 0) -> str:
    """The name of an artifact, or of the stage that makes it, in a repeat; the first time, as it is."""
    return f"repeat-{repeat}/{name}" if repeat else name


def folds(repeat: int = 0) -> Array[FoldNumbers]:
    """(N,) fold of each row."""
    return Array(artifact_name("folds.npy", repeat))


def probabilities(model: str, repeat: int = 0) -> Array[Probabilities]:
    """(N, K) out-of-fold probabilities of a model, or of the consensus."""
    return Array(f"probabilities/{artifact_name(model, repeat)}.npy")


def consensus_alone(repeat: int) -> Array[Probabilities]:
    """(N, K) consensus of one repeat, where there are several; that of all of them is ``probabilities(CONSENSUS)``."""
    return Array(f"probabilities/repeat-{repeat}/{CONSENSUS}.npy")


def fold_probabilities(model: str, fold: int, repeat: int = 0) -> Array[Probabilities]:
    """(H, K) probabilities of the rows that one fold holds out."""
    return Array(f"probabilities/{artifact_name(model, repeat)}/fold-{fold}.npy")


def dynamics(model: str, what: str, fold: int, repeat: int = 0) -> Array[Any]:
    """What a model saw in the epochs of one fold: ``train`` and ``held_out`` are logits, ``vectors`` are vectors."""
    return Array(f"dynamics/{artifact_name(model, repeat)}/fold-{fold}.{what}.npy")


def neighbours(model: str | None = None) -> Neighbours:
    """Nearest rows by the frozen encoder's vectors, or by those of a model that has its own."""
    return Neighbours("neighbours.npz" if model is None else f"neighbours.{model}.npz")


def retrained(stage: str) -> Array[Probabilities]:
    """(T, K) probabilities of the test rows, by the training that a stage is."""
    return Array(f"{stage}.npy")


def model_file(model: str, name: str = "") -> str:
    """The folder of a model that is kept, or a file in it."""
    return f"model/{model}/{name}".rstrip("/")
