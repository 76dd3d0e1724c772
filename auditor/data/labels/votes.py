"""Votes: the labels that several raters chose for the same texts."""

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

from auditor.arrays import Codes, Float64, Mask
from auditor.wording import counted

NO_VOTE = frozenset("nan none n/a na #n/a <na> null ? - -- abstain abstained".split())
"""Lower-case words for "no vote"; see :mod:`auditor.data.labels.abstentions`."""
_DECIMALS = 9
"""Decimals to which sums are compared: the order of addition must not decide a tie."""


@dataclass(frozen=True)
class Votes:
    """V votes, one per row and rater, sorted by row and rater; a row may have none.

    Attributes
    ----------
    row : (V,) int32
        Position in the dataset.
    rater : (V,) int32
        Position in ``raters``.
    label : (V,) int32
        Code of the label that the rater chose.
    raters : tuple of M str
        Names, sorted; each has at least one vote.
    """

    row: Codes
    rater: Codes
    label: Codes
    raters: tuple[str, ...]

    @classmethod
    def of(cls, row: npt.ArrayLike, rater: Sequence[str], label: npt.ArrayLike) -> Self:
        """Create votes from V rows, names and codes in any order; of a rater's votes on a row, the last counts."""
        names = pa.array(rater, pa.string()).dictionary_encode()
        return cls.encoded(row, names.indices.to_numpy(), names.dictionary.to_pylist(), label)

    @classmethod
    def encoded(cls, row: npt.ArrayLike, rater: npt.ArrayLike, names: Sequence[str], label: npt.ArrayLike) -> Self:
        """Create votes like :meth:`of`, with raters as (V,) positions in a list of names."""
        rows, codes, labels = (np.asarray(values, dtype=np.int32) for values in (row, rater, label))
        used = np.unique(codes)
        order = sorted(used.tolist(), key=lambda code: names[code])
        place = np.zeros(len(names), dtype=np.int32)
        place[order] = np.arange(len(order), dtype=np.int32)
        raters = place[codes]
        by_pair = np.lexsort((raters, rows))  # stable: the last vote of a pair comes last
        rows, raters, labels = rows[by_pair], raters[by_pair], labels[by_pair]
        is_last = np.ones(len(rows), dtype=np.bool_)
        is_last[:-1] = (rows[1:] != rows[:-1]) | (raters[1:] != raters[:-1])
        return cls(rows[is_last], raters[is_last], labels[is_last], tuple(names[code] for code in order))

    def __len__(self) -> int:
        return len(self.row)

    def on(self, row: int) -> slice:
        """Return the slice of the votes on a row."""
        first, last = np.searchsorted(self.row, [row, row + 1])
        return slice(int(first), int(last))

    def only(self, kept: Mask) -> Self:
        """Return the votes on the kept rows, which are renumbered."""
        place = np.cumsum(kept, dtype=np.int32) - np.int32(1)
        stays = kept[self.row]
        return self.encoded(place[self.row[stays]], self.rater[stays], self.raters, self.label[stays])

    @property
    def doubt(self) -> str | None:
        """Sentence for the user if no row has two votes; else None."""
        if len(self) and not (np.diff(self.row) == 0).any():
            return "No text has two votes: raters cannot be compared, and only the models judge the labels."
        return None

    def fingerprint(self) -> str:
        """Return the SHA-256 of all votes."""
        digest = hashlib.sha256(json.dumps([len(self), *self.raters]).encode())
        for values in (self.row, self.rater, self.label):
            digest.update(values.astype("<i4").tobytes())
        return digest.hexdigest()

    def write(self, path: Path) -> None:
        """Write ``votes.parquet``, one vote per row: row, annotator, label code."""
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


def majority(votes: Votes, num_rows: int, num_classes: int) -> tuple[Codes, Mask]:
    """Return the majority label of each row.

    Ties go to the label whose raters agree more with clear majorities on other rows; then to the label with more votes
    in total; then to the first.

    Returns
    -------
    label : (N,) int32
        -1 without a vote.
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


def _agreement(votes: Votes, chosen: Codes, tied: Mask) -> Float64:
    """Return each rater's share of votes for clear majorities, (M,); the average share for raters without any."""
    clear = ~tied[votes.row]
    agrees = votes.label[clear] == chosen[votes.row[clear]]
    right, total = (
        np.bincount(votes.rater[clear], weights=weights, minlength=len(votes.raters))
        for weights in (agrees.astype(np.float64), np.ones(len(agrees)))
    )
    average = right.sum() / max(total.sum(), 1.0)
    agreement: Float64 = np.divide(right, total, out=np.full(len(total), average), where=total > 0)
    return agreement


def tie_notes(tied: Mask) -> list[str]:
    """Return a note on the number of ties in :func:`majority`, if any."""
    if not (ties := int(tied.sum())):
        return []
    return [
        f"On {counted(ties, 'text')} several labels have the most votes: ties go to the raters who agree more with the"
        " others elsewhere, else to the more frequent label."
    ]
