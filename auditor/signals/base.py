"""What a signal is: one number per row that says how suspect its label is, and one sentence that says why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol, TypedDict, Unpack

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Suspicion = npt.NDArray[np.float32]
"""(N,) in [0, 1], 1 = most suspect, NaN where the row is not judged."""

_MODEL_NAMES = {"features": "feature-based", "lexical": "lexical", "finetuned": "fine-tuned"}


class Inputs(TypedDict, total=False):
    """The fixed set of inputs; a signal takes them by name, and uses those it ``needs``.

    Attributes
    ----------
    probabilities : mapping of str to (N, K) float32 array
        Out-of-fold, by the model's name; rows of NaN are not judged.
    labels : (N,) int32 array
        Codes of the given labels.
    vectors : (N, D) float32 array
    neighbours : (N, k) int32 array
        Rows of the nearest vectors, nearest first; -1 where there are fewer.
    duplicates : (N,) int32 array
        Group of (near) duplicates of each row.
    dynamics : mapping of str to array
        Logits by epoch, by the fold's name.
    """

    probabilities: Mapping[str, npt.NDArray[np.float32]]
    labels: npt.NDArray[np.int32]
    vectors: npt.NDArray[np.float32]
    neighbours: npt.NDArray[np.int32]
    duplicates: npt.NDArray[np.int32]
    dynamics: Mapping[str, npt.NDArray[np.float32]]


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
