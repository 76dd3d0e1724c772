"""Makes a finished run of any size in seconds, for measuring: made-up texts and models, the audit's own detection.

    python reports/review/made.py DIRECTORY --rows 1000000 --classes 6

The rows have what reviewing reads: texts of ten to thirty words, three models and their consensus, suspicion, ranks,
issues with reasons, groups, duplicates, neighbours, and a map of 50,000 of them. No row's words mean anything; a label
in twenty is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import typer

from auditor import detection
from auditor.config import AuditConfig, DetectionConfig
from auditor.data.duplicates import Duplicates
from auditor.data.labeled_texts import LabeledTexts, Origin
from auditor.detection.kinds import find_kinds
from auditor.detection.stability import stability
from auditor.run import Make, Reader, Run
from auditor.signals import Loss, measure, signals_for

MODELS = ("features", "lexical", "finetuned")
_WRONG = 0.05
_COPIES = 0.04
_SYLLABLES = tuple(a + b for a in "b d f g k l m n p r s t v z ch st".split() for b in "a e i o u ai ou".split())
_STOP_WORDS = "i feel the and to a of that so it in my was for but at this me like not you just with".split()

Codes = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]


def make_run(
    directory: Path, rows: int, classes: int = 6, seed: int = 0, *, names: Sequence[str] = (), extra: Sequence[str] = ()
) -> Path:
    """Write a run; its directory. ``names`` replaces the classes' names, ``extra`` every seventh text."""
    random = np.random.default_rng(seed)
    classes = len(names) or classes
    names = tuple(names) or tuple(f"class {at:03}" if classes > 6 else _EMOTIONS[at] for at in range(classes))
    true = random.choice(classes, rows, p=_shares(classes)).astype(np.int32)
    given = np.where(random.random(rows) < _WRONG, random.integers(0, classes, rows), true).astype(np.int32)
    source = np.arange(rows, dtype=np.int32)  # the row that each one's text is a copy of
    copies = random.choice(rows, int(rows * _COPIES), replace=False)
    source[copies] = source[random.integers(0, rows, len(copies))]
    texts = _texts(random, rows).to_pylist()
    if extra:
        texts[::7] = [extra[at % len(extra)] for at in range(len(texts[::7]))]
    data = _dataset(pa.array(texts).take(pa.array(source)), given, names)
    probabilities = {name: _opinion(random, true, classes, 2 + place) for place, name in enumerate(MODELS)}
    neighbours = _neighbours(random, true)
    run = Run(directory, fresh=True)
    with run.held():
        run.record(
            config=AuditConfig().model_dump(mode="json"),
            dataset={
                "fingerprint": data.fingerprint(),
                "source": "made-up.csv",
                "rows": rows,
                "rejected": 0,
                "label_names": list(names),
                "notes": [],
            },
        )
        run.stage("read", lambda at, read: data.write(at / "dataset.parquet", at / "rejected.parquet"))
        _write(run, data, Duplicates(source, source, 0), probabilities, neighbours, _points(random, true, classes))
        run.record(finished=True)
    return directory


def _write(
    run: Run,
    data: LabeledTexts,
    duplicates: Duplicates,
    probabilities: dict[str, Floats],
    neighbours: tuple[Codes, Floats],
    points: Floats,
) -> None:
    """All artifacts but the dataset."""
    folds = np.arange(len(data)) % 5
    consensus = detection.consensus(probabilities, {}, data.labels, folds).probabilities
    index, similarity = neighbours

    def detect(at: Path, read: Reader) -> None:
        labels, names, nothing = data.labels, data.label_names, np.zeros(len(data), np.bool_)
        flags = detection.find_flags(labels, consensus, ~nothing)
        group, groups = detection.make_groups(flags, labels, names, None, data.texts, DetectionConfig(), 0)
        pq.write_table(groups, at / "groups.parquet", compression="zstd")
        evidence = detection.Evidence(labels, names, probabilities, duplicates.exact, duplicates.near, index)
        signals = signals_for(MODELS, names)
        measured = measure(signals, probabilities=probabilities, labels=labels)
        losses = [signal for signal in signals if isinstance(signal, Loss)]
        kinds = find_kinds(consensus, labels, duplicates.exact, flags.is_issue)
        repeats = [
            detection.find_flags(labels, model, ~nothing) for model in probabilities.values()
        ]  # each stands for one
        stable = stability([repeat.is_issue for repeat in repeats], [repeat.predicted >= 0 for repeat in repeats])
        table = detection.issues_table(data, flags, kinds, stable, evidence, measured, group, losses)
        pq.write_table(table, at / "issues.parquet", compression="zstd")

    run.stage("duplicates", lambda at, read: duplicates.write(at / "duplicates.parquet"))
    for name, values in {**probabilities, "consensus": consensus}.items():
        run.stage(name, _saver(f"probabilities/{name}.npy", values))
    run.stage("neighbours", lambda at, read: np.savez(at / "neighbours.npz", index=index, similarity=similarity))
    run.stage("map", _saver("map.npy", points))
    run.stage("detect", detect)


def _saver(artifact: str, values: npt.NDArray[Any]) -> Make:
    def save(at: Path, read: Reader) -> None:
        (at / artifact).parent.mkdir(exist_ok=True)
        np.save(at / artifact, values, allow_pickle=False)

    return save


def _texts(random: np.random.Generator, rows: int) -> pa.Array:
    """N texts of words as frequent as Zipf says, every third one a stop word."""
    words = ["".join(word) for word in random.choice(_SYLLABLES, (20_000, 3))]
    lengths = random.integers(10, 31, rows)
    total = int(lengths.sum())
    frequent = np.minimum(random.zipf(1.3, total) - 1, len(words) - 1)
    stop = len(words) + random.integers(0, len(_STOP_WORDS), total)
    tokens = np.where(random.random(total) < 1 / 3, stop, frequent)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    return pc.binary_join(pa.ListArray.from_arrays(offsets, pa.array([*words, *_STOP_WORDS]).take(tokens)), " ")


def _dataset(texts: pa.Array, given: Codes, names: tuple[str, ...]) -> LabeledTexts:
    rows = np.arange(len(texts))
    split = np.where(rows < 0.8 * len(rows), "train", "test")
    table = pa.table(
        {
            "id": pc.binary_join_element_wise(pa.array(split), pa.array(rows).cast(pa.string()), "-"),
            "text": texts,
            "label": given,
            "split": split,
            "position": rows,
        }
    )
    rejected = pa.table({"split": pa.array([], pa.string()), "position": pa.array([], pa.int64()), "reason": [""][:0]})
    return LabeledTexts(table, rejected, names, names, Origin("made-up.csv", "csv", "text", "label", None, {}))


def _shares(classes: int) -> Floats:
    """Share of each class: few are frequent, as usual."""
    weights = 1 / np.arange(1, classes + 1) ** 0.7
    shares: Floats = weights / weights.sum()
    return shares


def _opinion(random: np.random.Generator, true: Codes, classes: int, strength: float) -> Floats:
    """(N, K) probabilities of a model that mostly sees the truth."""
    scores = random.standard_normal((len(true), classes), dtype=np.float32)
    scores[np.arange(len(true)), true] += strength + np.log(classes)
    np.exp(scores, out=scores)
    probabilities: Floats = scores / scores.sum(axis=1, keepdims=True)
    return probabilities


def _neighbours(random: np.random.Generator, true: Codes) -> tuple[Codes, Floats]:
    """(N, 10) rows and their cosine: mostly of the same class."""
    order = np.argsort(true, kind="stable").astype(np.int32)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    index = order[(place[:, None] + random.integers(1, 200, (len(true), 10))) % len(true)]
    return index, -np.sort(-random.uniform(0.4, 0.95, index.shape).astype(np.float32), axis=1)


def _points(random: np.random.Generator, true: Codes, classes: int) -> Floats:
    """(N, 2) places on the map, NaN beyond a sample: a cloud a class."""
    points = np.full((len(true), 2), np.nan, dtype=np.float32)
    sample = random.permutation(len(true))[: DetectionConfig().map_rows]
    angle = 2 * np.pi * true[sample] / classes
    cloud = np.column_stack([np.cos(angle), np.sin(angle)]) * 3 + random.normal(0, 0.7, (len(sample), 2))
    points[sample] = (cloud - cloud.min(axis=0)) / np.ptp(cloud, axis=0)
    return points


_EMOTIONS = ("sadness", "joy", "love", "anger", "fear", "surprise")


def main(directory: Path, rows: Annotated[int, typer.Option()] = 100_000, classes: int = 6, seed: int = 0) -> None:
    """Make a run."""
    typer.echo(make_run(directory, rows, classes, seed))


if __name__ == "__main__":
    typer.run(main)
