"""Artifacts: the names of all files that stages write, and how these files are read and written.

Nothing else in the library spells these names. The libraries that read a file are imported when it is read, not when
its name is used.
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

    from auditor.arrays import AnyArray, Float16, Float32, FoldNumbers, LabelCodes, Probabilities, RowIndex, Vectors

MANIFEST, LOCK, HOLDER, RUN_ID = "manifest.json", "run.lock", "run.holder", "run.id"
"""Files of a run that are not artifacts: they mark it as a run, lock it, and identify it in decision logs."""
DECISIONS, REPORT, FIGURES = "decisions.db", "report.html", "figures"
"""People's decisions and the report: no stage writes them, and changing them makes no stage stale."""

T = TypeVar("T")
A = TypeVar("A", bound="AnyArray")

CONSENSUS = "consensus"
"""Name of the consensus, where the name of a model is expected."""
BASELINE = "dummy"
"""Name of the baseline that every model is compared with."""


@dataclass(frozen=True)
class Artifact(ABC, Generic[T]):
    """A file of a run that stores a ``T``; it can be appended to a path, as in ``space / ISSUES``.

    Attributes
    ----------
    name : str
        Path relative to the run's directory, with ``/`` as separator.
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
        """Write the file under its name in a directory; missing folders are made."""
        path = space / self.name
        path.parent.mkdir(parents=True, exist_ok=True)
        self.write(path, value)


class Table(Artifact["pa.Table"]):
    """A Parquet file."""

    def load(self, path: Path, columns: Sequence[str] | None = None) -> pa.Table:
        """Read the file, memory-mapped: all columns, or those of ``columns`` that exist."""
        import pyarrow.parquet as pq

        return pq.read_table(path, columns=columns, memory_map=True)

    def write(self, path: Path, value: pa.Table) -> None:
        """Write the file, compressed."""
        import pyarrow.parquet as pq

        pq.write_table(value, path, compression="zstd")


class Csv(Artifact["pa.Table"]):
    """A CSV file for people and their tools; auditor does not read it."""

    def load(self, path: Path) -> pa.Table:
        """Read the file with types guessed by Arrow."""
        from pyarrow import csv

        return csv.read_csv(path)

    def write(self, path: Path, value: pa.Table) -> None:
        """Write the file so that a spreadsheet can open it safely."""
        from auditor.tabular import write_csv

        write_csv(value, path)


class Array(Artifact[A]):
    """A ``.npy`` file."""

    def load(self, path: Path) -> A:
        """Read the file, memory-mapped and therefore read-only."""
        import numpy as np

        array: Any = np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
        return array  # type: ignore[no-any-return]  # it has the type that was written

    def write(self, path: Path, value: A) -> None:
        """Write the file."""
        import numpy as np

        np.save(path, value, allow_pickle=False)


@dataclass(frozen=True)
class Nearest:
    """The nearest rows of each row, nearest first, as stored in a ``.npz`` file.

    Attributes
    ----------
    index : (N, k) int32
        Rows; -1 where there are fewer than k.
    similarity : (N, k) float32
        Cosine similarity; NaN where there is no row.
    """

    index: RowIndex
    similarity: Float32


class Neighbours(Artifact[Nearest]):
    """A ``.npz`` file of the arrays of :class:`Nearest`."""

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
        """Write the value, indented for people."""
        path.write_text(json.dumps(value, ensure_ascii=False, indent=1), "utf-8")


class ScoresFile(Json):
    """A JSON file of scores by model: null where no row was judged."""

    def load(self, path: Path) -> Any:
        """Read the scores; the zeros that earlier versions wrote where no row was judged become null."""
        scores = super().load(path)
        for entry in scores.values():
            if not entry["rows"]:
                entry.update(dict.fromkeys(("accuracy", "weighted_f1", "macro_f1", "log_loss")))
            by_class = zip(entry["f1_by_class"], entry["confusion"], strict=True)
            entry["f1_by_class"] = [f1 if any(rows) else None for f1, rows in by_class]
        return scores


# -- the data -------------------------------------------------------------------------------------------------------

DATASET = Table("dataset.parquet")
REJECTED = Table("rejected.parquet")
VOTES = Table("votes.parquet")
DUPLICATES = Table("duplicates.parquet")
CONFLICTS = Table("conflicts.parquet")

# -- models and detection -------------------------------------------------------------------------------------------

VECTORS: Array[Vectors] = Array("vectors.npy")
STATES: Array[Float16] = Array("states.npy")
BOUNDS: Array[RowIndex] = Array("states.bounds.npy")
MAP: Array[Float32] = Array("map.npy")
SCORES = ScoresFile("scores.json")
WEIGHTS = Json("consensus.json")
SIGNALS = Table("signals.parquet")
ISSUES = Table("issues.parquet")
ISSUES_CSV = Csv("issues.csv")
GROUPS = Table("groups.parquet")
HEALTH = Json("health.json")
DEFINITIONS = Json("definitions.json")
COMPARISON = Json("retrain/comparison.json")


def artifact_name(name: str, repeat: int = 0) -> str:
    """Return the name of an artifact or stage in a repeat; repeat 0 leaves it unchanged."""
    return f"repeat-{repeat}/{name}" if repeat else name


def folds(repeat: int = 0) -> Array[FoldNumbers]:
    """Return the artifact of each row's fold, (N,)."""
    return Array(artifact_name("folds.npy", repeat))


def probabilities(model: str, repeat: int = 0) -> Array[Probabilities]:
    """Return the artifact of a model's or the consensus' out-of-fold probabilities, (N, K)."""
    return Array(f"probabilities/{artifact_name(model, repeat)}.npy")


def consensus_alone(repeat: int) -> Array[Probabilities]:
    """Return the artifact of one repeat's consensus, (N, K); ``probabilities(CONSENSUS)`` pools all repeats."""
    return Array(f"probabilities/repeat-{repeat}/{CONSENSUS}.npy")


def fold_probabilities(model: str, fold: int, repeat: int = 0) -> Array[Probabilities]:
    """Return the artifact of the probabilities of one fold's H held-out rows, (H, K)."""
    return Array(f"probabilities/{artifact_name(model, repeat)}/fold-{fold}.npy")


def dynamics(model: str, what: str, fold: int, repeat: int = 0) -> Array[Any]:
    """Return an artifact of one fold's training dynamics: logits (``train``, ``held_out``), or ``vectors``."""
    return Array(f"dynamics/{artifact_name(model, repeat)}/fold-{fold}.{what}.npy")


def neighbours(model: str | None = None) -> Neighbours:
    """Return the artifact of nearest rows, by the frozen encoder's vectors or by a model's own."""
    return Neighbours("neighbours.npz" if model is None else f"neighbours.{model}.npz")


def retrained(stage: str) -> Array[Probabilities]:
    """Return the artifact of the T test rows' probabilities, (T, K), from a training stage."""
    return Array(f"{stage}.npy")


def judged_labels(stage: str) -> Array[LabelCodes]:
    """Return the artifact of the labels that a training predicts for judged rows it has not seen, (R,)."""
    return Array(f"{stage}.judged.npy")


def model_file(model: str, name: str = "") -> str:
    """Return the path of a saved model's folder, or of a file in it."""
    return f"model/{model}/{name}".rstrip("/")
