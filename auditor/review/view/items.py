"""Items: the rows of a finished run as reviewing needs them, loaded once."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from auditor.config import AuditConfig
from auditor.recognition import unrecognised
from auditor.review.filter.filter import KINDS, TIERS
from auditor.review.log.event import item_hash
from auditor.run import Run

Codes = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

CONSENSUS = "consensus"
NEIGHBOURS = 5
"""Nearest rows that are kept."""
_FEW = 2_000
"""Ids that are looked up one by one; more of them all at once, which takes a pass over all rows."""


@dataclass(frozen=True, eq=False)
class Items:
    """N rows in the order of the dataset; safe to be read from many threads.

    Attributes
    ----------
    name, source : str
        Of the run, and what it is a run of.
    fingerprint : str
        Of ids, texts, labels and splits.
    ids, texts : pyarrow.ChunkedArray
        Of N strings.
    label_names, splits : tuple of str
        Name of each code.
    given, suggested, predicted : (N,) int32
        Codes of labels; -1 where the row is not judged.
    pair : (N,) int32
        Position in ``pairs``; -1 where there is no suggestion.
    pairs : (P, 2) int32
        Codes given, suggested; those with most issues first.
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
        Share of the repeats that flag the row; NaN where not known.
    repeats : int
        How often the audit has trained its models.
    duplicate_group, group : (N,) int32
        Of near duplicates, and of issues that are alike; -1 for a row that is in none.
    exact : (N,) int32 or None
        Group of rows with the same text.
    groups : list of dict
        Rows of ``groups.parquet``.
    cautions : mapping of str to str
        By label: that the models cannot tell it.
    models : tuple of str
        The consensus first.
    loss : mapping of str to (N,) float32
        By model, without the consensus; NaN where the model knows nothing of the row.
    map : (N, 2) float32 or None
        NaN for rows that are not on it.
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
    suspicion: Floats
    rank: Codes
    is_issue: Flags
    kind: Codes
    tier: Codes
    stability: Floats
    repeats: int
    duplicate_group: Codes
    group: Codes
    exact: Codes | None
    groups: list[dict[str, Any]]
    cautions: Mapping[str, str]
    models: tuple[str, ...]
    loss: Mapping[str, Floats]
    map: Floats | None
    _reasons: pa.ChunkedArray
    _probabilities: Mapping[str, Floats]
    _neighbours: tuple[Codes, Floats] | None
    _by_id: npt.NDArray[np.uint64]  # Arrow's order of UTF-8 bytes is Python's order of code points
    _by_duplicate_group: Codes

    @classmethod
    def of(cls, run: Run) -> Self:
        """Load what a finished run has; duplicates, neighbours and the map may be missing.

        Raises
        ------
        RunDamagedError
            If an artifact is not the one that was written.
        RunMissingError
            If the rows or the issues are missing.
        """
        about = run.manifest["dataset"]
        label_names = tuple(about["label_names"])
        config = AuditConfig.of(run.manifest)
        models = config.pooled
        data = _table(run, "dataset.parquet", ["id", "text", "label", "split"])
        labels, numbers = ["predicted_label", "suggested_label"], ["suspicion", "rank", "is_issue"]
        judged = ["kind", "tier", "stability"]
        wanted = [
            *labels,
            *numbers,
            *judged,
            "duplicate_group",
            "group",
            "reasons",
            *(f"loss_{name}" for name in models),
        ]
        issues = _table(run, "issues.parquet", wanted)
        splits = data["split"].combine_chunks().dictionary_encode()
        given, suggested = _codes(data["label"]), _coded(issues["suggested_label"], label_names)
        is_issue, duplicate_group = issues["is_issue"].to_numpy(), _codes(issues["duplicate_group"])
        made = {artifact for stage in run.manifest["stages"].values() for artifact in stage["outputs"]}
        pair, pairs = _pairs(given, suggested, is_issue, len(label_names))
        return cls(
            name=run.directory.resolve().name,
            source=about["source"],
            fingerprint=about["fingerprint"],
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
            exact=_load_exact(run) if "duplicates.parquet" in made else None,
            groups=_table(run, "groups.parquet").to_pylist(),
            cautions=_cautions(run, label_names) if "scores.json" in made else {},
            models=(CONSENSUS, *models),
            loss={name: _floats(issues[f"loss_{name}"]) for name in models},
            map=_array(run, "map.npy") if "map.npy" in made else None,
            _reasons=issues["reasons"],
            _probabilities={name: _array(run, f"probabilities/{name}.npy") for name in (CONSENSUS, *models)},
            _neighbours=_load_neighbours(run) if "neighbours.npz" in made else None,
            _by_id=pc.sort_indices(data["id"]).to_numpy(),
            _by_duplicate_group=np.argsort(duplicate_group, kind="stable").astype(np.int32),
        )

    @cached_property
    def flagged_to(self) -> int:
        """Rank of the last row that is flagged, 0 without one; below it, none of the rows is."""
        return int(self.rank[self.is_issue].max(initial=0))

    def __len__(self) -> int:
        return len(self.given)

    # -- ids ----------------------------------------------------------------------------------------------------

    def id_of(self, row: int) -> str:
        """Id of a row."""
        return self.ids[row].as_py()  # type: ignore[no-any-return]

    def row_of(self, item_id: str) -> int | None:
        """Row of an id; None if there is none."""
        order = self._by_id
        place = bisect_left(order, item_id, key=lambda row: self.id_of(int(row)))
        found = place < len(order) and self.id_of(int(order[place])) == item_id
        return int(order[place]) if found else None

    def rows_of(self, item_ids: Sequence[str]) -> Codes:
        """(I,) int32 row of each id, -1 for those that are none."""
        if len(item_ids) > _FEW:
            return _codes(pc.index_in(pa.array(item_ids, self.ids.type), value_set=self.ids))
        rows = (self.row_of(item_id) for item_id in item_ids)
        return np.fromiter((-1 if row is None else row for row in rows), np.int32, len(item_ids))

    # -- one row ------------------------------------------------------------------------------------------------

    def text_of(self, row: int) -> str:
        """Text of a row."""
        return self.texts[row].as_py()  # type: ignore[no-any-return]

    def hash_of(self, row: int) -> str:
        """Hash of the row's text and given label, by which a decision knows that they are still the same."""
        return item_hash(self.text_of(row), self.label_names[self.given[row]])

    @cached_property
    def codes(self) -> Mapping[str, int]:
        """Code of each label."""
        return {name: code for code, name in enumerate(self.label_names)}

    def label(self, code: int) -> str | None:
        """Name of a code; None for -1."""
        return self.label_names[code] if code >= 0 else None

    def reasons(self, row: int) -> list[str]:
        """Why the row is suspect, in sentences; none beyond the rows that the audit gives some."""
        return self._reasons[row].as_py() or []

    def probabilities(self, model: str) -> Floats:
        """(N, K) float32, memory-mapped; NaN where the model knows nothing of the row."""
        return self._probabilities[model]

    def neighbours(self, row: int) -> list[tuple[int, float]]:
        """Nearest rows and their cosine, nearest first; none in a run without neighbours."""
        if self._neighbours is None:
            return []
        index, similarity = (part[row].tolist() for part in self._neighbours)
        return [(other, near) for other, near in zip(index, similarity, strict=True) if other >= 0]

    def duplicates(self, row: int) -> list[int]:
        """The other rows of the row's duplicate group: those with the same text first, then by row."""
        group = self.duplicate_group[row]
        if group < 0:
            return []
        order = self._by_duplicate_group
        start, end = np.searchsorted(self.duplicate_group, [group, group + 1], sorter=order)
        others = order[start:end][order[start:end] != row]
        return others[np.argsort(~self.same_text(row, others), kind="stable")].tolist()  # type: ignore[no-any-return]

    def same_text(self, row: int, others: npt.NDArray[Any]) -> Flags:
        """(R,) bool: whether their texts are the row's, but for case and white space."""
        if self.exact is None:
            return np.array([self.text_of(int(other)) == self.text_of(row) for other in others], dtype=np.bool_)
        same: Flags = self.exact[others] == self.exact[row]
        return same


def _table(run: Run, artifact: str, columns: Sequence[str] | None = None) -> pa.Table:
    return pq.read_table(run.open(artifact), columns=columns, memory_map=True)


def _cautions(run: Run, label_names: Sequence[str]) -> dict[str, str]:
    scores = json.loads(run.open("scores.json").read_text("utf-8"))
    return {one.label: str(one) for one in unrecognised(scores, label_names)}


def _array(run: Run, artifact: str) -> Floats:
    return np.load(run.open(artifact), mmap_mode="r", allow_pickle=False)  # type: ignore[no-any-return]


def _load_exact(run: Run) -> Codes:
    return _codes(_table(run, "duplicates.parquet", ["exact"])["exact"])


def _load_neighbours(run: Run) -> tuple[Codes, Floats]:
    """The first few columns alone: what a card shows."""
    with np.load(run.open("neighbours.npz"), allow_pickle=False) as file:
        return file["index"][:, :NEIGHBOURS].copy(), file["similarity"][:, :NEIGHBOURS].copy()


def _codes(column: pa.Array | pa.ChunkedArray) -> Codes:
    """(N,) int32, -1 for null."""
    return np.asarray(pc.fill_null(column.cast(pa.int32()), -1).to_numpy(zero_copy_only=False))


def _coded(column: pa.ChunkedArray, names: Sequence[str]) -> Codes:
    """(N,) int32 position of each name, -1 for null."""
    return _codes(pc.index_in(column, value_set=pa.array(names, column.type)))


def _floats(column: pa.ChunkedArray) -> Floats:
    """(N,) float32, NaN for null."""
    return np.asarray(column.to_numpy(), dtype=np.float32)


def _pairs(given: Codes, suggested: Codes, is_issue: Flags, size: int) -> tuple[Codes, Codes]:
    """The pair of each row, and the pairs, numbered by their issues."""
    there = np.flatnonzero(suggested >= 0)
    keys, inverse = np.unique(given[there] * np.int64(size) + suggested[there], return_inverse=True)
    issues = np.bincount(inverse[is_issue[there]], minlength=len(keys))
    order = np.argsort(-issues, kind="stable")
    number = np.empty(len(keys), dtype=np.int32)
    number[order] = np.arange(len(keys))
    pair = np.full(len(given), -1, dtype=np.int32)
    pair[there] = number[inverse]
    return pair, np.column_stack(np.divmod(keys[order], max(size, 1))).astype(np.int32)
