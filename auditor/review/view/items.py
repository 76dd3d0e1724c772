"""Items: the rows of a finished run with everything a review needs, loaded once."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from auditor.arrays import Codes, Float32, Mask
from auditor.errors import DecisionError
from auditor.recognition import unrecognised
from auditor.review.filter.filter import KINDS, TIERS
from auditor.review.log.event import item_hash
from auditor.run import Reader, Run
from auditor.run.artifacts import (
    CONSENSUS,
    DATASET,
    DUPLICATES,
    GROUPS,
    ISSUES,
    MAP,
    SCORES,
    Nearest,
    neighbours,
    probabilities,
)

NEIGHBOURS = 5
"""Number of nearest rows kept."""
_FEW = 2_000
"""Maximum number of ids looked up one by one. More are looked up together, in a pass over all rows."""
_COLUMNS = (
    *("predicted_label", "suggested_label", "suspicion", "rank", "is_issue", "kind", "tier", "stability"),
    *("duplicate_group", "group", "reasons"),
)
"""Columns of the issues that are read; each model's loss beside them."""

_REMEMBERED = 1 << 14
"""Number of ids whose rows are remembered."""


@dataclass(frozen=True, eq=False)
class Items:
    """N rows in the order of the dataset. Safe to read from many threads.

    Attributes
    ----------
    name, source : str
        Name of the run, and its source.
    fingerprint : str
        Hash of ids, texts, labels and splits.
    ids, texts : pyarrow.ChunkedArray
        N strings each.
    label_names, splits : tuple of str
        Name of each code.
    given, suggested, predicted : (N,) int32
        Codes of labels; -1 where the row is not judged.
    pair : (N,) int32
        Position in ``pairs``; -1 where there is no suggestion.
    pairs : (P, 2) int32
        Codes of given and suggested label, pairs with most issues first.
    split : (N,) int32
        Codes of splits.
    suspicion : (N,) float32
        NaN where the row is not judged.
    rank : (N,) int32
        1 for the most suspect.
    is_issue : (N,) bool
    kind, tier : (N,) int32
        Positions in ``KINDS`` and ``TIERS`` of :mod:`auditor.review.filter.filter`; -1 for none.
    stability : (N,) float32
        Share of the repeats that flag the row; NaN where unknown.
    repeats : int
        Number of times that the audit trained its models.
    duplicate_group, group : (N,) int32
        Groups of near duplicates, and of similar issues; -1 for a row in none.
    exact : (N,) int32 or None
        Group of rows with the same text.
    groups : list of dict
        Rows of ``groups.parquet``.
    cautions : mapping of str to str
        Caution by label that the models cannot recognise.
    models : tuple of str
        Names of the models, the consensus first.
    loss : mapping of str to (N,) float32
        Loss by model, without the consensus; NaN where the model has no prediction.
    map : (N, 2) float32 or None
        Positions; NaN for rows that are not on the map.
    """

    name: str
    source: str
    fingerprint: str
    ids: pa.ChunkedArray
    texts: pa.ChunkedArray
    label_names: tuple[str, ...]
    splits: tuple[str, ...]
    given: Codes
    suggested: Codes
    predicted: Codes
    pair: Codes
    pairs: Codes
    split: Codes
    suspicion: Float32
    rank: Codes
    is_issue: Mask
    kind: Codes
    tier: Codes
    stability: Float32
    repeats: int
    duplicate_group: Codes
    group: Codes
    exact: Codes | None
    groups: list[dict[str, Any]]
    cautions: Mapping[str, str]
    models: tuple[str, ...]
    loss: Mapping[str, Float32]
    map: Float32 | None
    _reasons: pa.ChunkedArray
    _probabilities: Mapping[str, Float32]
    _neighbours: Nearest | None
    _by_id: npt.NDArray[np.uint64]  # Arrow's order of UTF-8 bytes is Python's order of code points
    _by_duplicate_group: Codes

    @classmethod
    def of(cls, run: Run) -> Self:
        """Load a finished run. Duplicates, neighbours and the map may be missing.

        Raises
        ------
        RunDamagedError
            If an artifact has changed since it was written.
        RunMissingError
            If the rows or the issues are missing.
        """
        label_names, config = run.dataset.label_names, run.config
        models = config.pooled
        data = run.table(DATASET, ["id", "text", "label", "split"])
        issues = run.table(ISSUES, [*_COLUMNS, *(f"loss_{name}" for name in models)])
        splits = data["split"].combine_chunks().dictionary_encode()
        given, suggested = _codes(data["label"]), _coded(issues["suggested_label"], label_names)
        is_issue, duplicate_group = issues["is_issue"].to_numpy(), _codes(issues["duplicate_group"])
        pair, pairs = _pairs(given, suggested, is_issue, len(label_names))
        return cls(
            name=run.directory.resolve().name,
            source=run.dataset.source,
            fingerprint=run.dataset.fingerprint,
            ids=data["id"],
            texts=data["text"],
            label_names=label_names,
            splits=tuple(splits.dictionary.to_pylist()),
            given=given,
            suggested=suggested,
            predicted=_coded(issues["predicted_label"], label_names),
            pair=pair,
            pairs=pairs,
            split=_codes(splits.indices),
            suspicion=_floats(issues["suspicion"]),
            rank=_codes(issues["rank"]),
            is_issue=is_issue,
            kind=_coded(issues["kind"], KINDS),
            tier=_coded(issues["tier"], TIERS),
            stability=_floats(issues["stability"]),
            repeats=config.trainings,
            duplicate_group=duplicate_group,
            group=_codes(issues["group"]),
            exact=_load_exact(run) if run.has(DUPLICATES) else None,
            groups=run.load(GROUPS).to_pylist(),
            cautions=_cautions(run, label_names) if run.has(SCORES) else {},
            models=(CONSENSUS, *models),
            loss={name: _floats(issues[f"loss_{name}"]) for name in models},
            map=run.load(MAP) if run.has(MAP) else None,
            _reasons=issues["reasons"],
            _probabilities={name: run.load(probabilities(name)) for name in (CONSENSUS, *models)},
            _neighbours=_load_neighbours(run) if run.has(neighbours()) else None,
            _by_id=pc.sort_indices(data["id"]).to_numpy(),
            _by_duplicate_group=np.argsort(duplicate_group, kind="stable").astype(np.int32),
        )

    @cached_property
    def flagged_to(self) -> int:
        """Rank of the last flagged row; 0 without any."""
        return int(self.rank[self.is_issue].max(initial=0))

    def __len__(self) -> int:
        return len(self.given)

    # -- ids ----------------------------------------------------------------------------------------------------

    def id_of(self, row: int) -> str:
        """Return the id of a row."""
        return self.ids[row].as_py()  # type: ignore[no-any-return]

    def row_of(self, item_id: str) -> int | None:
        """Return the row of an id; None if there is none."""
        return self._row_of(item_id)

    @cached_property
    def _row_of(self) -> Callable[[str], int | None]:
        """Search for an id. The latest are remembered: those of the cards in hand are asked for again and again."""
        return lru_cache(maxsize=_REMEMBERED)(self._search)

    def _search(self, item_id: str) -> int | None:
        order = self._by_id
        place = bisect_left(order, item_id, key=lambda row: self.id_of(int(row)))
        found = place < len(order) and self.id_of(int(order[place])) == item_id
        return int(order[place]) if found else None

    def rows_of(self, item_ids: Sequence[str]) -> Codes:
        """Return the row of each id, (I,) int32; -1 for unknown ids."""
        if len(item_ids) > _FEW:
            return _codes(pc.index_in(pa.array(item_ids, self.ids.type), value_set=self.ids))
        rows = (self.row_of(item_id) for item_id in item_ids)
        return np.fromiter((-1 if row is None else row for row in rows), np.int32, len(item_ids))

    # -- one row ------------------------------------------------------------------------------------------------

    def text_of(self, row: int) -> str:
        """Return the text of a row."""
        return self.texts[row].as_py()  # type: ignore[no-any-return]

    def hash_of(self, row: int) -> str:
        """Return the hash of a row's text and given label, which decisions on it record."""
        return item_hash(self.text_of(row), self.label_names[self.given[row]])

    @cached_property
    def codes(self) -> Mapping[str, int]:
        """Code of each label."""
        return {name: code for code, name in enumerate(self.label_names)}

    def code_of(self, label: str) -> int:
        """Return the code of a label.

        Raises
        ------
        DecisionError
            If the dataset does not have it.
        """
        if label not in self.codes:
            raise DecisionError(f"The dataset does not have the label {label!r:.80}.", "Choose one of its labels.")
        return self.codes[label]

    def label(self, code: int) -> str | None:
        """Return the name of a code; None for -1."""
        return self.label_names[code] if code >= 0 else None

    def reasons(self, row: int) -> list[str]:
        """Return sentences on why the row is suspect; none for rows without reasons in the audit."""
        return self._reasons[row].as_py() or []

    def probabilities(self, model: str) -> Float32:
        """Return a model's probabilities, (N, K) float32, memory-mapped; NaN where it has no prediction."""
        return self._probabilities[model]

    def neighbours(self, row: int) -> list[tuple[int, float]]:
        """Return the nearest rows and their cosine similarity, nearest first; none if the run has no neighbours."""
        if self._neighbours is None:
            return []
        index, similarity = self._neighbours.index[row].tolist(), self._neighbours.similarity[row].tolist()
        return [(other, near) for other, near in zip(index, similarity, strict=True) if other >= 0]

    def duplicates(self, row: int) -> list[int]:
        """Return the other rows of the row's duplicate group, those with the same text first, then by row."""
        group = self.duplicate_group[row]
        if group < 0:
            return []
        order = self._by_duplicate_group
        start, end = np.searchsorted(self.duplicate_group, [group, group + 1], sorter=order)
        others = order[start:end][order[start:end] != row]
        return others[np.argsort(~self.same_text(row, others), kind="stable")].tolist()  # type: ignore[no-any-return]

    def same_text(self, row: int, others: npt.NDArray[Any]) -> Mask:
        """Return whether other rows have the row's text, apart from case and white space, as an (R,) mask."""
        if self.exact is None:
            return np.array([self.text_of(int(other)) == self.text_of(row) for other in others], dtype=np.bool_)
        same: Mask = self.exact[others] == self.exact[row]
        return same


def _cautions(run: Reader, label_names: Sequence[str]) -> dict[str, str]:
    return {caution.label: str(caution) for caution in unrecognised(run.load(SCORES), label_names)}


def _load_exact(run: Reader) -> Codes:
    return _codes(run.table(DUPLICATES, ["exact"])["exact"])


def _load_neighbours(run: Reader) -> Nearest:
    """Load the first few columns, which a card shows."""
    nearest = run.load(neighbours())
    return Nearest(nearest.index[:, :NEIGHBOURS].copy(), nearest.similarity[:, :NEIGHBOURS].copy())


def _codes(column: pa.Array | pa.ChunkedArray) -> Codes:
    """Return a column as (N,) int32, -1 for null."""
    return np.asarray(pc.fill_null(column.cast(pa.int32()), -1).to_numpy(zero_copy_only=False))


def _coded(column: pa.ChunkedArray, names: Sequence[str]) -> Codes:
    """Return the position of each name, (N,) int32, -1 for null."""
    return _codes(pc.index_in(column, value_set=pa.array(names, column.type)))


def _floats(column: pa.ChunkedArray) -> Float32:
    """Return a column as (N,) float32, NaN for null."""
    return np.asarray(column.to_numpy(), dtype=np.float32)


def _pairs(given: Codes, suggested: Codes, is_issue: Mask, size: int) -> tuple[Codes, Codes]:
    """Return the pair of each row, and the pairs, numbered by their issues."""
    rows = np.flatnonzero(suggested >= 0)
    keys, inverse = np.unique(given[rows] * np.int64(size) + suggested[rows], return_inverse=True)
    issues = np.bincount(inverse[is_issue[rows]], minlength=len(keys))
    order = np.argsort(-issues, kind="stable")
    number = np.empty(len(keys), dtype=np.int32)
    number[order] = np.arange(len(keys))
    pair = np.full(len(given), -1, dtype=np.int32)
    pair[rows] = number[inverse]
    return pair, np.column_stack(np.divmod(keys[order], max(size, 1))).astype(np.int32)
