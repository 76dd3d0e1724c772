"""Votes: what several raters have said of the same texts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from auditor.data.source import counted

Codes = npt.NDArray[np.int32]
NO_VOTE = frozenset("nan none n/a na #n/a <na> null ? - -- abstain abstained".split())
"""Words, in small letters, that stand where a rater gives no label; see :mod:`auditor.data.labels.abstentions`."""
_DECIMALS = 9
"""Shares are compared to so many, so that the order in which they were added up does not decide a tie."""


@dataclass(frozen=True)
class Votes:
    """V votes, one a row and rater, by row and then by rater; a row may have none.

    Attributes
    ----------
    row : (V,) int32
        Place in the dataset.
    rater : (V,) int32
        Place in ``raters``.
    label : (V,) int32
        Code of the label that the rater chose.
    raters : tuple of M str
        Names, sorted; each has a vote.
    """

    row: Codes
    rater: Codes
    label: Codes
    raters: tuple[str, ...]

    @classmethod
    def of(cls, row: npt.ArrayLike, rater: Sequence[str], label: npt.ArrayLike) -> Self:
        """Make them of V rows, names and codes in any order; of several by one rater on one row, the last stays."""
        names = pa.array(rater, pa.string()).dictionary_encode()
        return cls.encoded(row, names.indices.to_numpy(), names.dictionary.to_pylist(), label)

    @classmethod
    def encoded(cls, row: npt.ArrayLike, rater: npt.ArrayLike, names: Sequence[str], label: npt.ArrayLike) -> Self:
        """Make them as :meth:`of` does, the raters given as (V,) places in a list of names."""
        rows, codes, labels = (np.asarray(values, dtype=np.int32) for values in (row, rater, label))
        known = np.unique(codes)
        order = sorted(known.tolist(), key=lambda code: names[code])
        place = np.zeros(len(names), dtype=np.int32)
        place[order] = np.arange(len(order), dtype=np.int32)
        raters = place[codes]
        by_pair = np.lexsort((raters, rows))  # stable: of one pair, the last comes last
        rows, raters, labels = rows[by_pair], raters[by_pair], labels[by_pair]
        is_last = np.ones(len(rows), dtype=np.bool_)
        is_last[:-1] = (rows[1:] != rows[:-1]) | (raters[1:] != raters[:-1])
        return cls(rows[is_last], raters[is_last], labels[is_last], tuple(names[code] for code in order))

    def __len__(self) -> int:
        return len(self.row)

    def on(self, row: int) -> slice:
        """Which votes are on a row."""
        first, last = np.searchsorted(self.row, [row, row + 1])
        return slice(int(first), int(last))

    def only(self, kept: npt.NDArray[np.bool_]) -> Self:
        """Those on the kept of N rows, which are numbered anew."""
        place = np.cumsum(kept, dtype=np.int32) - np.int32(1)
        here = kept[self.row]
        return self.encoded(place[self.row[here]], self.rater[here], self.raters, self.label[here])

    @property
    def doubt(self) -> str | None:
        """That no row has two votes, if so."""
        if len(self) and not (np.diff(self.row) == 0).any():
            return "No text has two votes: raters cannot be compared, and the models alone judge the labels."
        return None

    def fingerprint(self) -> str:
        """SHA-256 over all of it."""
        digest = hashlib.sha256(json.dumps([len(self), *self.raters]).encode())
        for values in (self.row, self.rater, self.label):
            digest.update(values.astype("<i4").tobytes())
        return digest.hexdigest()

    def write(self, path: Path) -> None:
        """Write ``votes.parquet``, one vote a line: row, annotator, label code."""
        raters = pa.array(self.raters, pa.string()).take(pa.array(self.rater))
        table = pa.table({"row": self.row, "annotator": raters, "label": self.label})
        pq.write_table(table, path, compression="zstd")

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what :meth:`write` wrote."""
        table = pq.read_table(path)
        names = pc.dictionary_encode(table["annotator"]).combine_chunks()
        rater = names.indices.to_numpy(zero_copy_only=False)
        return cls.encoded(table["row"].to_numpy(), rater, names.dictionary.to_pylist(), table["label"].to_numpy())


def majority(votes: Votes, num_rows: int, num_classes: int) -> tuple[Codes, npt.NDArray[np.bool_]]:
    """The label that most raters of each row chose.

    At a tie, the label of those who agree more with the majority on the rows where there is one; then the one that
    has more votes in all; then the first.

    Returns
    -------
    label : (N,) int32
        -1 where nobody voted.
    tied : (N,) bool
        Whether several labels had the most votes.
    """
    pair, inverse, count = np.unique(
        votes.row.astype(np.int64) * num_classes + votes.label, return_inverse=True, return_counts=True
    )
    row, label = pair // num_classes, (pair % num_classes).astype(np.int32)
    most = np.zeros(num_rows, dtype=np.int64)
    np.maximum.at(most, row, count)
    tied = np.bincount(row[count == most[row]], minlength=num_rows) > 1
    chosen = np.full(num_rows, -1, dtype=np.int32)
    clear = (count == most[row]) & ~tied[row]
    chosen[row[clear]] = label[clear]
    agreement = _agreement(votes, chosen, tied)
    trust = np.bincount(inverse, weights=agreement[votes.rater], minlength=len(pair)).round(_DECIMALS)
    frequency = np.bincount(votes.label, minlength=num_classes)[label]
    order = np.lexsort((label, -frequency, -trust, -count, row))
    rows, first = np.unique(row[order], return_index=True)
    chosen[rows] = label[order[first]]
    return chosen, tied


def _agreement(votes: Votes, chosen: Codes, tied: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """(M,) share of each rater's votes on rows with a clear majority that are for it; of others, everybody's share."""
    clear = ~tied[votes.row]
    agrees = votes.label[clear] == chosen[votes.row[clear]]
    right, known = (
        np.bincount(votes.rater[clear], weights=weights, minlength=len(votes.raters))
        for weights in (agrees.astype(np.float64), np.ones(len(agrees)))
    )
    usual = right.sum() / max(known.sum(), 1.0)
    agreement: npt.NDArray[np.float64] = np.divide(right, known, out=np.full(len(known), usual), where=known > 0)
    return agreement


def tie_notes(tied: npt.NDArray[np.bool_]) -> list[str]:
    """Say how often :func:`majority` had to choose, if it had to."""
    if not (ties := int(tied.sum())):
        return []
    return [
        f"On {counted(ties, 'text')} several labels have the most votes: given is the one of the raters who agree"
        " more with the others elsewhere, else the more frequent one."
    ]
