"""The interface of signals: one number per row for how suspect its label is, and a sentence that says why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, TypedDict, Unpack

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from auditor.arrays import Codes, Float32, LabelCodes, Probabilities, RowIndex, Suspicion, Vectors
from auditor.data.labels.votes import Votes
from auditor.modelspecs import MODELS
from auditor.signals.dynamics import Dynamics


class Inputs(TypedDict, total=False):
    """The inputs of signals; a signal takes them by name and uses those in ``needs``.

    Attributes
    ----------
    probabilities : mapping of str to (N, K) float32 array
        Out-of-fold probabilities by model name; NaN in rows that are not judged.
    consensus : (N, K) float32 array
        Consensus probabilities.
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
        Neighbours by the fine-tuned model that did not see the row, within its fold.
    repeats : sequence of (N, K) float32 array
        Consensus probabilities of each repeat.
    identical : (N,) int32 array
        Group of rows with the same text; each lies within a group of ``duplicates``.
    duplicates : (N,) int32 array
        Group of (near) duplicates of each row.
    dynamics : mapping of str to Dynamics
        Logits of the training rows by epoch, for each named training.
    texts : sequence of N str
    label_names : sequence of K str
        Name of each code.
    votes : Votes
        Raters' votes on the rows.
    crowd : (N, K) float32 array
        Joint probabilities from votes and models (:func:`auditor.signals.crowd.weigh`).
    """

    probabilities: Mapping[str, Float32]
    consensus: Probabilities
    labels: LabelCodes
    splits: npt.NDArray[np.generic]
    vectors: Vectors
    neighbours: RowIndex
    similarities: Float32
    tuned_neighbours: RowIndex
    tuned_similarities: Float32
    repeats: Sequence[Float32]
    identical: Codes
    duplicates: Codes
    dynamics: Mapping[str, Dynamics]
    texts: Sequence[str]
    label_names: Sequence[str]
    votes: Votes
    crowd: Float32


class Signal(Protocol):
    """A small callable; its parameters go to the constructor."""

    @property
    def name(self) -> str:
        """Unique name, and column in ``signals.parquet``."""

    @property
    def needs(self) -> frozenset[str]:
        """Names of the inputs that the signal uses."""

    def __call__(self, **inputs: Unpack[Inputs]) -> Suspicion:
        """Return the (N,) float32 suspicion in [0, 1], NaN in rows that are not judged."""

    def explain(self, row: int, **inputs: Unpack[Inputs]) -> str:
        """Return a plain sentence for a reviewer; empty if the row is not judged."""


def measure(signals: Iterable[Signal], **inputs: Unpack[Inputs]) -> dict[str, Suspicion]:
    """Return the suspicion of every signal by name, from the same inputs."""
    return {signal.name: signal(**inputs) for signal in signals}


def to_table(measured: Mapping[str, Suspicion]) -> pa.Table:
    """Return the table of ``signals.parquet``: one float32 column per signal, null where not judged."""
    return pa.table({name: pa.array(values, pa.float32(), from_pandas=True) for name, values in measured.items()})


def model_in_words(name: str) -> str:
    """Return a model's name in a sentence: ``finetuned`` becomes ``fine-tuned model``."""
    return f"{MODELS[name].adjective if name in MODELS else name} model"


def percent(probability: float) -> str:
    """Format a probability as a whole per cent; near 0 and 1, as ``under 1 %`` and ``over 99 %``."""
    if probability < 0.005:
        return "under 1\u00a0%"
    return "over 99\u00a0%" if probability >= 0.995 else f"{100 * probability:.0f}\u00a0%"


def likeliest_other(probabilities: Probabilities, given: int) -> int:
    """Return the code of the likeliest label other than the given one, from (K,) probabilities."""
    others = probabilities.copy()
    others[given] = -1.0
    return int(others.argmax())
