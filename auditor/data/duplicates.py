"""Exact and near duplicates, found in about linear time."""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from datasketch import MinHash
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from auditor.arrays import Codes, Float64, RowIndex
from auditor.config import DuplicatesConfig
from auditor.run import Reader
from auditor.run.artifacts import DUPLICATES
from auditor.scripts import IDEOGRAPHIC

T = TypeVar("T", bound=Hashable)
Pairs = tuple[RowIndex, RowIndex]

CHARACTERS = 10_000
"""Characters at the start of a text that near duplicates are compared by; bounds the cost of long texts."""
RECALL = 0.98
"""Least probability that two texts at the Jaccard threshold share a bucket; it is higher for more similar texts."""
STRICT = 0.95
"""Jaccard threshold within a chain that is too long."""
SMALLEST_CHAIN = 50
"""Distinct texts in the longest chain that is never cut."""
IDEOGRAPH = 2.5
"""Characters that a Chinese or Japanese one counts as: their texts are that much shorter than English ones."""

_ADDRESS = re.compile(r"(?:https?://|www\.)\S+|(?<!\w)@\w+")
_IDEOGRAPH = re.compile(f"[{IDEOGRAPHIC}]")
_CUT_GROUPS = b"auditor:cut_groups"
_WINDOW = 5
_BLOCK = 10_000


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
    texts: Sequence[str], config: DuplicatesConfig, progress: Callable[[int, int], None] | None = None
) -> Duplicates:
    """Group exact and near duplicates.

    Near duplicates have a Jaccard similarity of at least ``config.jaccard`` between the sets of their runs of
    ``config.shingle`` characters, ignoring web addresses and @mentions. A Chinese or Japanese character counts as
    :data:`IDEOGRAPH`: where an English run has five characters, a Chinese one has two. Candidates come from MinHash
    signatures cut into bands (Broder 1997; Leskovec, Rajaraman and Ullman, *Mining of Massive Datasets*, ch. 3) and are
    then compared exactly. Near duplicates of near duplicates join one group. Such a chain with more distinct texts than
    ``config.max_share`` of the rows (and than 50) keeps only links of at least 0.95; if it is still too long, it is
    split into exact groups. A text shorter than a shingle has only exact duplicates.

    The result depends only on the texts, their order and the configuration.

    Parameters
    ----------
    texts : sequence of N str
    config : DuplicatesConfig
    progress : callable of (done, total), optional
        Called from time to time with the number of distinct texts done.

    Returns
    -------
    Duplicates
    """
    exact, distinct = _numbered(_normalised(text) for text in texts)
    body_of, bodies = _numbered(_body(text, config.shingle) for text in distinct)
    first, second = _candidates(_buckets(bodies, config, progress))
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
    return body if len(body) + (IDEOGRAPH - 1) * len(_IDEOGRAPH.findall(body)) >= shingle else start


def _shingles(text: str, length: int) -> frozenset[bytes]:
    """Return every run of ``length`` characters in UTF-32; a shorter text is returned whole."""
    data = text.encode("utf-32-le", "surrogatepass")
    if not _IDEOGRAPH.search(text):
        return frozenset(data[start : start + 4 * length] for start in range(0, max(len(data) - 4 * length, 0) + 1, 4))
    widths = np.cumsum([0, *(IDEOGRAPH if _IDEOGRAPH.match(character) else 1 for character in text)])
    ends = np.searchsorted(widths, widths[:-1] + length)
    whole = ends[ends < len(widths)].tolist() or [len(text)]
    return frozenset(data[4 * start : 4 * end] for start, end in enumerate(whole))


def _banding(threshold: float, permutations: int) -> tuple[int, int]:
    """Return the most selective bands and rows per band that find a pair at the threshold with probability RECALL."""
    for rows in range(permutations, 1, -1):
        bands = permutations // rows
        if 1 - (1 - threshold**rows) ** bands >= RECALL:
            return bands, rows
    return permutations, 1


def _buckets(
    bodies: list[str], config: DuplicatesConfig, progress: Callable[[int, int], None] | None
) -> npt.NDArray[np.uint64]:
    """Return the (S, bands) bucket of each text in each band."""
    bands, rows = _banding(config.jaccard, config.permutations)
    weights = np.full(rows, 0x9E3779B97F4A7C15, dtype=np.uint64).cumprod()
    buckets = np.empty((len(bodies), bands), dtype=np.uint64)
    # Signatures are much larger than buckets, so they are computed in blocks.
    for start in range(0, len(bodies), _BLOCK):
        sets = (_shingles(body, config.shingle) for body in bodies[start : start + _BLOCK])
        hashes = MinHash.generator(sets, num_perm=config.permutations, seed=1, hashfunc=zlib.crc32, scheme="affine32")
        signatures = np.array([minhash.hashvalues[: bands * rows] for minhash in hashes], dtype=np.uint64)
        buckets[start : start + _BLOCK] = signatures.reshape(-1, bands, rows) @ weights
        if progress:
            progress(min(start + _BLOCK, len(bodies)), len(bodies))
    return buckets


def _candidates(buckets: npt.NDArray[np.uint64]) -> Pairs:
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
    shingles = lru_cache(maxsize=64)(partial(_shingles, length=shingle))
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
