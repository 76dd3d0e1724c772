"""Exact and near duplicates, found in about linear time."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from auditor.arrays import Codes, Float64, RowIndex
from auditor.config import DuplicatesConfig
from auditor.data.minhash import IDEOGRAPH, IDEOGRAPHS, Buckets, find_buckets, shingles_of
from auditor.run import Reader
from auditor.run.artifacts import DUPLICATES
from auditor.runner import Runner

T = TypeVar("T", bound=Hashable)
Pairs = tuple[RowIndex, RowIndex]

CHARACTERS = 10_000
"""Characters at the start of a text that near duplicates are compared by; bounds the cost of long texts."""
STRICT = 0.95
"""Jaccard threshold within a chain that is too long."""
SMALLEST_CHAIN = 50
"""Distinct texts in the longest chain that is never cut."""

_ADDRESS = re.compile(r"(?:https?://|www\.)\S+|(?<!\w)@\w+")
_CUT_GROUPS = b"auditor:cut_groups"
_WINDOW = 5


@dataclass(frozen=True)
class Duplicates:
    """Groups of duplicate rows.

    Attributes
    ----------
    exact : (N,) int32
        Group of rows with the same text, ignoring case, width of characters and white space. Punctuation counts:
        ``:)`` and ``:(`` mean different things.
    near : (N,) int32
        The exact groups, merged if their texts are near duplicates. Both are numbered by first occurrence.
    cut_groups : int
        Number of chains of near duplicates that were too long for one group.
    """

    exact: Codes
    near: Codes
    cut_groups: int

    @property
    def exact_groups(self) -> int:
        """Number of exact groups of two or more rows."""
        return int((np.bincount(self.exact) > 1).sum())

    @property
    def near_groups(self) -> int:
        """Number of near groups of two or more rows."""
        return int((np.bincount(self.near) > 1).sum())

    @property
    def rows_in_groups(self) -> int:
        """Number of rows with an exact or near duplicate."""
        rows = np.bincount(self.near)
        return int(rows[rows > 1].sum())

    @property
    def largest(self) -> int:
        """Number of rows in the largest near group."""
        return int(np.bincount(self.near).max(initial=0))

    def conflicting_groups(self, labels: Codes) -> int:
        """Return the number of exact groups whose rows have different labels, given (N,) int32 codes."""
        pairs = np.unique(np.column_stack([self.exact, labels]), axis=0)
        return int((np.bincount(pairs[:, 0]) > 1).sum())

    def summary(self, labels: Codes) -> dict[str, int]:
        """Return the counts by name, for ``health.json``."""
        names = ("exact_groups", "near_groups", "rows_in_groups", "largest", "cut_groups")
        counts = {name: getattr(self, name) for name in names}
        return {**counts, "conflicting_groups": self.conflicting_groups(labels)}

    def write(self, path: Path) -> None:
        """Write ``duplicates.parquet``, one row per row; :meth:`load` reads it."""
        table = pa.table({"exact": self.exact, "near": self.near})
        pq.write_table(table.replace_schema_metadata({_CUT_GROUPS: str(self.cut_groups)}), path, compression="zstd")

    @classmethod
    def of(cls, run: Reader) -> Self:
        """Read the duplicates of a run.

        Raises
        ------
        RunDamagedError
            If the file is missing or has been changed.
        """
        return cls.load(run.open(DUPLICATES))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what :meth:`write` wrote."""
        table = pq.read_table(path)
        cut_groups = int(table.schema.metadata[_CUT_GROUPS])
        return cls(table["exact"].to_numpy(), table["near"].to_numpy(), cut_groups)


def find_duplicates(
    texts: Sequence[str],
    config: DuplicatesConfig,
    progress: Callable[[int, int], None] | None = None,
    runner: Runner | None = None,
    space: Path | None = None,
) -> Duplicates:
    """Group exact and near duplicates.

    Near duplicates have a Jaccard similarity of at least ``config.jaccard`` between the sets of their runs of
    ``config.shingle`` characters, ignoring web addresses and @mentions. A Chinese or Japanese character counts as
    several (:data:`~auditor.data.minhash.IDEOGRAPH`): where an English run has five characters, a Chinese one has two.
    Candidates come from MinHash signatures cut into bands (Broder 1997; Leskovec, Rajaraman and Ullman, *Mining of
    Massive Datasets*, ch. 3) and are then compared exactly. Near duplicates of near duplicates join one group. Such a
    chain with more distinct texts than ``config.max_share`` of the rows (and than 50) keeps only links of at least
    0.95; if it is still too long, it is split into exact groups. A text shorter than a shingle has only exact
    duplicates.

    The result depends only on the texts, their order and the configuration.

    Parameters
    ----------
    texts : sequence of N str
    config : DuplicatesConfig
    progress : callable of (done, total), optional
        Called from time to time with the number of distinct texts done.
    runner : Runner, optional
        Computes the signatures of blocks of texts, unless this process is quicker.
    space : Path, optional
        Folder for what the runner's tasks write; needed with a runner.

    Returns
    -------
    Duplicates
    """
    exact, distinct = _numbered(_normalised(text) for text in texts)
    body_of, bodies = _numbered(_body(text, config.shingle) for text in distinct)
    first, second = _candidates(find_buckets(bodies, config, progress or (lambda done, total: None), runner, space))
    similarity = _similarities(bodies, first, second, config.shingle)

    longest = max(SMALLEST_CHAIN, config.max_share * len(texts))
    linked = similarity >= config.jaccard
    chain = _chains(len(bodies), first[linked], second[linked])
    too_long = np.bincount(chain[body_of]) > longest
    linked &= (similarity >= STRICT) | ~too_long[chain[first]]
    chain = _chains(len(bodies), first[linked], second[linked])[body_of]
    hopeless = (np.bincount(chain) > longest)[chain]
    chain = np.where(hopeless, len(bodies) + np.arange(len(chain)), chain)

    near, _ = _numbered(chain[exact].tolist())
    return Duplicates(exact, near, int(too_long.sum()))


def _numbered(values: Iterable[T]) -> tuple[Codes, list[T]]:
    """Return codes numbered by first occurrence, and the value of each code."""
    codes: dict[T, int] = {}
    numbers = np.fromiter((codes.setdefault(value, len(codes)) for value in values), dtype=np.int32)
    return numbers, list(codes)


def _normalised(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _body(text: str, shingle: int) -> str:
    """Return the part of a text that is compared: without addresses, unless too little is left."""
    start = text[:CHARACTERS]
    body = " ".join(_ADDRESS.sub(" ", start).split())
    return body if len(body) + (IDEOGRAPH - 1) * len(IDEOGRAPHS.findall(body)) >= shingle else start


def _candidates(buckets: Buckets) -> Pairs:
    """Return pairs of texts that share a bucket.

    In a large bucket, each text is paired only with the next few: chains join the rest, and the number of pairs stays
    proportional to the number of texts.
    """
    texts = len(buckets)
    pairs = np.empty(0, dtype=np.int64)
    for band in buckets.T:
        order = np.argsort(band, kind="stable")
        sorted_band = band[order]
        found = [pairs]
        for distance in range(1, _WINDOW + 1):
            same = np.flatnonzero(sorted_band[distance:] == sorted_band[:-distance])
            if not len(same):
                break
            found.append(order[same] * texts + order[same + distance])
        pairs = np.unique(np.concatenate(found))
    return pairs // max(texts, 1), pairs % max(texts, 1)


def _similarities(bodies: list[str], first: npt.NDArray[Any], second: npt.NDArray[Any], shingle: int) -> Float64:
    """Return the Jaccard similarity of each pair's shingles."""
    shingles = lru_cache(maxsize=64)(partial(shingles_of, length=shingle))
    similarity = np.empty(len(first))
    for pair, (left, right) in enumerate(zip(first.tolist(), second.tolist(), strict=True)):
        a, b = shingles(bodies[left]), shingles(bodies[right])
        common = len(a & b)
        similarity[pair] = common / (len(a) + len(b) - common)
    return similarity


def _chains(texts: int, first: npt.NDArray[Any], second: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the (S,) connected component of each text."""
    if not texts:
        return np.empty(0, dtype=np.int32)
    links = coo_array((np.ones(len(first), dtype=np.int8), (first, second)), shape=(texts, texts))
    return np.asarray(connected_components(links, directed=False)[1])
