"""Groups of similar issues: one pair given → suggested, one cluster of the vectors, named by typical words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from math import log, sqrt

import numpy as np
import pyarrow as pa
from sklearn.cluster import KMeans
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS
from threadpoolctl import threadpool_limits

from auditor.arrays import Codes, LabelCodes, Vectors
from auditor.config import DetectionConfig
from auditor.detection.flags import Flags
from auditor.scripts import UNSPACED, has_unspaced, words_of

_WORDS = 5
"""Most words in the name of a group."""
_LONGEST = 40
"""Most characters of a word; longer ones are links, keys or runs of letters."""
_FEW = 20
"""Fewest texts outside a group for which typical words can be told from chance."""
_SURE = 1.645
"""z-score that a random word exceeds with a probability of 5 %."""
_COMMON = 0.2
"""Share of the other texts above which a word is common to the language or the dataset; it replaces a list of function
words in every language."""
_PLAIN = frozenset(
    # Contractions written without the apostrophe, then remains of web pages and messages.
    "im ive ill id youre youve youll youd hes shes theyre theyve theyll theyd weve isnt arent wasnt werent dont doesnt"
    " didnt cant couldnt wont wouldnt shouldnt hasnt havent hadnt mustnt neednt aint thats whats theres heres lets"
    " gonna gotta wanna kinda dunno just really like got get gets getting did does doing say says said"
    " yes yeah ok okay oh http https www com org net html href amp quot nbsp lt gt br rt".split()
)
_CHARACTERS = 2_000
"""Most characters of a text that words are taken from."""
_EMOJI = "\u2600-\u27bf\U0001f300-\U0001faff"
_TOKEN = re.compile(rf"[{_EMOJI}]|[{UNSPACED}]+|[^\W\d_{UNSPACED}](?:[^\W_{UNSPACED}]|['’])+")

_SCHEMA = pa.schema(
    [
        ("group", pa.int32()),
        ("given_label", pa.string()),
        ("suggested_label", pa.string()),
        ("cluster", pa.int32()),
        ("rows", pa.int32()),
        ("mean_suspicion", pa.float32()),
        ("words", pa.list_(pa.string())),
    ]
)


def make_groups(
    flags: Flags,
    labels: LabelCodes,
    label_names: Sequence[str],
    vectors: Vectors | None,
    texts: Sequence[str],
    config: DetectionConfig,
    seed: int,
) -> tuple[LabelCodes, pa.Table]:
    """Group issues that can be judged together.

    Parameters
    ----------
    flags : Flags
    labels : (N,) int32
        Codes of the given labels.
    label_names : sequence of K str
    vectors : (N, D) float32 or None
        If None, each pair given → suggested is one group.
    texts : sequence of N str
    config : DetectionConfig
        ``cluster_rows`` and ``max_clusters``.
    seed : int
        Seed of the clustering.

    Returns
    -------
    group : (N,) int32
        Groups are numbered from 0, largest first; -1 for rows that are not issues.
    table : pyarrow.Table
        ``groups.parquet``: one row per group.
    """
    issues = np.flatnonzero(flags.is_issue)
    given, suggested, cluster = labels[issues], flags.suggested[issues], np.zeros(len(issues), dtype=np.int32)
    _, pair, sizes = np.unique(given * np.int64(len(label_names)) + suggested, return_inverse=True, return_counts=True)
    for members in np.split(np.argsort(pair, kind="stable"), np.cumsum(sizes)[:-1]):
        part = None if vectors is None else vectors[issues[members]]
        cluster[members] = _clusters(part, len(members), config, seed)
    keys = np.column_stack([given, suggested, cluster])
    kinds, kind, rows = np.unique(keys, axis=0, return_inverse=True, return_counts=True)
    order = np.argsort(-rows, kind="stable")
    number = np.empty(len(order), dtype=np.int32)
    number[order] = np.arange(len(order))
    group = np.full(len(labels), -1, dtype=np.int32)
    group[issues] = number[kind]
    suspicion = np.bincount(group[issues], weights=flags.suspicion[issues], minlength=len(order))
    table = pa.table(
        {
            "group": np.arange(len(order)),
            "given_label": np.asarray(label_names, dtype=object)[kinds[order, 0]],
            "suggested_label": np.asarray(label_names, dtype=object)[kinds[order, 1]],
            "cluster": kinds[order, 2],
            "rows": rows[order],
            "mean_suspicion": suspicion / rows[order],
            "words": _typical_words([texts[row] for row in issues.tolist()], group[issues], len(order)),
        }
    )
    return group, table.cast(_SCHEMA)


def _clusters(vectors: Vectors | None, rows: int, config: DetectionConfig, seed: int) -> LabelCodes:
    """Return the (R,) cluster of each of R rows, numbered from 0, largest first."""
    wanted = min(round(rows / config.cluster_rows), config.max_clusters)
    if vectors is None or wanted < 2:
        return np.zeros(rows, dtype=np.int32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = vectors / np.where(lengths > 0, lengths, 1)
    wanted = min(wanted, len(np.unique(unit.round(4), axis=0)))  # no more clusters than distinct vectors
    with threadpool_limits(1):  # threads add in any order, which changes the last bits of sums
        found = KMeans(wanted, n_init=3, random_state=seed).fit_predict(unit)
    _, cluster, sizes = np.unique(found, return_inverse=True, return_counts=True)
    place = np.argsort(np.argsort(-sizes, kind="stable"))
    return place[cluster].astype(np.int32)


def _typical_words(texts: Sequence[str], group: Codes, groups: int) -> list[list[str]]:
    """Return, for each group, the words that occur in a larger share of its texts than of the other issues'.

    Words are ordered by the z-score of the log-odds ratio (Monroe, Colaresi and Quinn 2008) over texts with the word. A
    word must occur in two texts of its group, if the group has two. With enough other texts, words that are common in
    them, or whose share may be chance, are omitted.
    """
    counts = [Counter[str]() for _ in range(groups)]
    for text, number in zip(texts, group.tolist(), strict=True):
        counts[number].update(set(_tokens(text)))
    everywhere = Counter[str]()
    for inside in counts:
        everywhere.update(inside)
    sizes = np.bincount(group, minlength=groups).tolist()
    words = []
    for inside, size in zip(counts, sizes, strict=True):
        others = len(texts) - size
        least, most = (_SURE, _COMMON) if others >= _FEW else (0, 1)
        scores = {}
        for word, count in inside.items():
            outside = everywhere[word] - count
            share = outside / max(others, 1)
            if count >= min(2, size) and share < count / size and share <= most:
                scores[word] = _z_score(count, size, outside, others)
        typical = [word for word, score in scores.items() if score >= least]
        words.append(_first(sorted(typical, key=lambda word: (-scores[word], -_units(word), word))))
    return words


def _units(word: str) -> int:
    """Return the length of an n-gram, so that of equal ones the longest comes first; 0 for words between spaces."""
    return len(word) if has_unspaced(word) else 0


def _first(words: Sequence[str]) -> list[str]:
    """Return the first words for a name, without n-grams that contain an earlier word or are part of one."""
    chosen: list[str] = []
    for word in words:
        if len(chosen) == _WORDS:
            break
        if not (has_unspaced(word) and any(word in other or other in word for other in chosen)):
            chosen.append(word)
    return chosen


def _z_score(inside: int, size: int, outside: int, others: int) -> float:
    """Return the z-score of a word being likelier inside the group, from counts of texts with it and of all texts."""
    a, b, c, d = (count + 0.5 for count in (inside, size - inside, outside, others - outside))
    return (log(a / b) - log(c / d)) / sqrt(1 / a + 1 / b + 1 / c + 1 / d)


def _tokens(text: str) -> list[str]:
    """Return words of at least two letters, n-grams in scripts without spaces, and emoji.

    English function words are omitted, also with an apostrophe, such as ``don't``.
    """
    tokens: list[str] = []
    for run in _TOKEN.findall(text[:_CHARACTERS].casefold()):
        if has_unspaced(run):
            tokens += words_of(run)
        elif len(run) <= _LONGEST and not _is_plain(run):
            tokens.append(run)
    return tokens


def _is_plain(word: str) -> bool:
    """Return whether a word is an English function word, which says nothing about the topic."""
    parts = word.replace("’", "'").split("'")
    whole = "".join(parts)
    if whole in _PLAIN or whole in ENGLISH_STOP_WORDS:
        return True
    return len(parts) > 1 and all(len(part) < 3 or part in ENGLISH_STOP_WORDS for part in parts)
