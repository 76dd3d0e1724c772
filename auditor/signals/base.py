"""What a signal is: one number per row that says how suspect its label is, and one sentence that says why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, TypedDict, Unpack

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from auditor.data.labels.votes import Votes
from auditor.signals.dynamics import Dynamics

Suspicion = npt.NDArray[np.float32]
"""(N,) in [0, 1], 1 = most suspect, NaN where the row is not judged."""

_MODEL_NAMES = {"features": "feature-based", "lexical": "lexical", "finetuned": "fine-tuned"}


class Inputs(TypedDict, total=False):
    """The fixed set of inputs; a signal takes them by name, and uses those it ``needs``.

    Attributes
    ----------
    probabilities : mapping of str to (N, K) float32 array
        Out-of-fold, by the model's name; rows of NaN are not judged.
    consensus : (N, K) float32 array
        Of all models.
    labels : (N,) int32 array
        Codes of the given labels.
    splits : (N,) array
        Split of each row, by name or code.
    vectors : (N, D) float32 array
    neighbours : (N, k) int32 array
        Rows of the nearest vectors, nearest first; -1 where there are fewer.
    similarities : (N, k) float32 array
        Cosine of each neighbour, in [-1, 1]; NaN where there is none.
    tuned_neighbours, tuned_similarities : (N, k) int32 array, (N, k) float32 array
        The same by the fine-tuned model that did not see the row, within its fold.
    repeats : sequence of (N, K) float32 array
        The consensus of each repeat alone.
    identical : (N,) int32 array
        Group of rows with the same text, within one of ``duplicates``.
    duplicates : (N,) int32 array
        Group of (near) duplicates of each row.
    dynamics : mapping of str to Dynamics
        Logits of the training rows by epoch, by the training's name.
    texts : sequence of N str
    label_names : sequence of K str
        Name of each code.
    votes : Votes
        Of several raters on the rows.
    crowd : (N, K) float32 array
        What votes and models together come to (:func:`auditor.signals.crowd.weigh`).
    """

    probabilities: Mapping[str, npt.NDArray[np.float32]]
    consensus: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int32]
    splits: npt.NDArray[np.generic]
    vectors: npt.NDArray[np.float32]
    neighbours: npt.NDArray[np.int32]
    similarities: npt.NDArray[np.float32]
    tuned_neighbours: npt.NDArray[np.int32]
    tuned_similarities: npt.NDArray[np.float32]
    repeats: Sequence[npt.NDArray[np.float32]]
    identical: npt.NDArray[np.int32]
    duplicates: npt.NDArray[np.int32]
    dynamics: Mapping[str, Dynamics]
    texts: Sequence[str]
    label_names: Sequence[str]
    votes: Votes
    crowd: npt.NDArray[np.float32]


class Signal(Protocol):
    """A small callable with its parameters in the constructor."""

    @property
    def name(self) -> str:
        """Unique name: that of its column in ``signals.parquet``."""

    @property
    def needs(self) -> frozenset[str]:
        """Names of the inputs that it uses."""

    def __call__(self, **inputs: Unpack[Inputs]) -> Suspicion:
        """(N,) float32 suspicion in [0, 1], NaN where not judged."""

    def explain(self, row: int, **inputs: Unpack[Inputs]) -> str:
        """One plain sentence for a reviewer, from the same inputs; empty where the row is not judged."""


def measure(signals: Iterable[Signal], **inputs: Unpack[Inputs]) -> dict[str, Suspicion]:
    """Every signal by its name, on the same inputs."""
    return {signal.name: signal(**inputs) for signal in signals}


def to_table(measured: Mapping[str, Suspicion]) -> pa.Table:
    """``signals.parquet``: one float32 column a signal, null where not judged."""
    return pa.table({name: pa.array(values, pa.float32(), from_pandas=True) for name, values in measured.items()})


def model_in_words(name: str) -> str:
    """``finetuned`` → ``fine-tuned model``."""
    return f"{_MODEL_NAMES.get(name, name)} model"


def percent(probability: float) -> str:
    """Whole per cent, unbreakable; what rounds to 0 or 100 says on which side it is."""
    if probability < 0.005:
        return "under 1\u00a0%"
    return "over 99\u00a0%" if probability >= 0.995 else f"{100 * probability:.0f}\u00a0%"


def likeliest_other(probabilities: npt.NDArray[np.float32], given: int) -> int:
    """Code of the most likely label other than the given one, of one row's (K,) probabilities."""
    others = probabilities.copy()
    others[given] = -1.0
    return int(others.argmax())


def listed(names: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def counted(number: int, noun: str) -> str:
    """``1 text``, ``3 texts``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
