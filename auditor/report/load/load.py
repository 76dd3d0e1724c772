"""From the artifacts of a finished run to a :class:`~auditor.report.load.summary.Summary`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from auditor.config import AuditConfig
from auditor.data.labeled_texts import LabeledTexts
from auditor.errors import RunMissingError
from auditor.models.own.given import doubts
from auditor.models.scores import losses
from auditor.recognition import unrecognised
from auditor.report.display import shorten
from auditor.report.load.correction import load_correction
from auditor.report.load.definitions import Problem
from auditor.report.load.exhibits import KINDS_AND_TIERS, Exhibits
from auditor.report.load.kinds import Kinds
from auditor.report.load.raters import Raters
from auditor.report.load.summary import (
    ClassHealth,
    ClassTokens,
    Confusion,
    Duplicates,
    Group,
    LossSpread,
    Map,
    Mixed,
    ModelScore,
    NotJudgeable,
    SplitRows,
    Stage,
    Summary,
)
from auditor.report.load.tokens import Counts, stand_out
from auditor.report.load.trust import Trust
from auditor.run import Run
from auditor.vocabulary import MODEL_NAMES

EXAMPLE_CHARACTERS = 240
_TOKEN_SHARE, _TOKEN_ROWS, _TOKEN_REST = 0.1, (20, 2_000), 20_000
_QUANTILES = (5, 25, 50, 75, 95)

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.integer[Any]]
Rows = npt.NDArray[np.intp]


def load_summary(directory: Path, db: str | None = None) -> Summary:
    """Read what the report says from a finished run.

    Parameters
    ----------
    directory : Path
        Of the run; every artifact is checked against its hash in the manifest.
    db : str, optional
        Address of the decision log; ``decisions.db`` in the run's directory by default.

    Raises
    ------
    RunMissingError
        If the run has not come far enough.
    RunDamagedError
        If an artifact is not the one that was written.
    """
    run = Run(directory)
    if not run.manifest["stages"]:
        raise RunMissingError(f"{directory} holds no run.", "Make one with `auditor run FILE`.")
    manifest = run.manifest
    health, scores = _json(run, "health.json"), _json(run, "scores.json")
    data = LabeledTexts.of(run)
    labels, issues = data.labels, _issues(run)
    judged = issues["suspicion"].is_valid().to_numpy()
    loss = np.where(judged, losses(_probabilities(run, "consensus"), labels), np.float32(np.nan))
    by_loss = _by_loss(loss, labels, data.num_classes)
    config = AuditConfig.of(manifest)
    models = [name for name in dict.fromkeys(("dummy", *MODEL_NAMES, *config.pooled, "consensus")) if name in scores]
    probabilities = {name: _probabilities(run, name) for name in models if name != "dummy"}
    exhibits = Exhibits(data, issues, loss, probabilities)
    return Summary(
        name=directory.resolve().name,
        source=data.origin.source,
        format=data.origin.format,
        created=manifest["created"],
        fingerprint=manifest["dataset"]["fingerprint"],
        rows=len(data),
        set_aside=data.rejected.num_rows,
        judged=health["judged"],
        issues=health["issues"],
        has_former_flags=bool((issues["rank"].to_numpy() > health["issues"])[issues["is_issue"].to_numpy()].any()),
        unrecognised=tuple(unrecognised(scores, data.label_names)),
        notes=tuple(manifest["dataset"]["notes"]),
        label_names=data.label_names,
        splits=_splits(data, judged),
        config=config,
        models=tuple(_score(name, scores[name]) for name in models),
        classes=_classes(health, scores),
        kinds=Kinds.of(issues),
        definitions=_definitions(run, data),
        trust=_trust(run),
        confusions=tuple(_take(Confusion, entry) for entry in health["confusions"]),
        mixed=_mixed(scores, data.label_names),
        not_judgeable=tuple(_take(NotJudgeable, entry) for entry in health["not_judgeable"]),
        duplicates=_take(Duplicates, health["duplicates"]),
        raters=Raters.of(health),
        groups=_groups(run),
        worst=exhibits.worst(),
        certain=exhibits.certain(),
        losses=_spreads(loss, by_loss, data.label_names),
        tokens=_tokens(by_loss, data),
        map=_map(run, labels),
        correction=load_correction(run, db),
        stages=_stages(manifest["stages"], manifest.get("used")),
        versions=manifest["versions"],
        machine=manifest["machine"],
        doubts=tuple(doubts(run, config.probabilities, data.label_names)),
        leaks=_leaks(run),
    )


def _json(run: Run, artifact: str) -> Any:
    return json.loads(run.open(artifact).read_text("utf-8"))


def _definitions(run: Run, data: LabeledTexts) -> tuple[Problem, ...] | None:
    """None in a run of a former version."""
    entries = _json_if_there(run, "definitions.json")
    return None if entries is None else Problem.all_of(entries, lambda ids: _texts_of(data, ids))


def _texts_of(data: LabeledTexts, ids: Sequence[str]) -> list[str]:
    rows = pc.index_in(pa.array(ids, pa.string()), value_set=data.table["id"].combine_chunks().cast(pa.string()))
    return [shorten(text, EXAMPLE_CHARACTERS) for text in data.table["text"].take(rows).to_pylist()]


def _trust(run: Run) -> Trust | None:
    """None in a run of a former version."""
    found = _json_if_there(run, "consensus.json")
    return None if found is None else Trust.of(found)


def _leaks(run: Run) -> int:
    """None are known in a run of a former version."""
    if not _is_there(run, "conflicts.parquet"):
        return 0
    pairs = pq.read_table(run.open("conflicts.parquet"), columns=["across_splits", "first_id", "second_id"])
    across = pairs.filter(pairs["across_splits"])
    return len({*across["first_id"].to_pylist(), *across["second_id"].to_pylist()})


def _json_if_there(run: Run, artifact: str) -> Any:
    return _json(run, artifact) if _is_there(run, artifact) else None


def _is_there(run: Run, artifact: str) -> bool:
    return any(artifact in stage["outputs"] for stage in run.manifest["stages"].values())


def _issues(run: Run) -> pa.Table:
    columns = ["suggested_label", "suspicion", "rank", "is_issue", *KINDS_AND_TIERS, "reasons"]
    return pq.read_table(run.open("issues.parquet"), columns=columns)


def _take(kind: type[Any], entry: dict[str, Any]) -> Any:
    """Make a dataclass of an artifact's entry; what the report does not know of is left out."""
    return kind(**{field.name: entry[field.name] for field in fields(kind)})


def _classes(health: dict[str, Any], scores: dict[str, Any]) -> tuple[ClassHealth, ...]:
    recognised = np.diag(scores["consensus"]["confusion"]).tolist()
    entries = zip(health["classes"], recognised, strict=True)
    return tuple(_take(ClassHealth, {**entry, "recognised": rows}) for entry, rows in entries)


def _mixed(scores: dict[str, Any], label_names: Sequence[str]) -> tuple[Mixed, ...]:
    """Pairs of classes that the consensus takes for each other, most rows first."""
    confusion = np.asarray(scores["consensus"]["confusion"], dtype=np.int64)
    both = np.triu(confusion + confusion.T, 1)
    pairs = [(int(both[a, b]), a, b) for a, b in np.argwhere(both).tolist()]
    total = max(int(confusion.sum()), 1)
    return tuple(
        Mixed(label_names[a], label_names[b], rows, rows / total)
        for rows, a, b in sorted(pairs, key=lambda pair: (-pair[0], pair))
    )


def _probabilities(run: Run, model: str) -> Floats:
    return np.load(run.open(f"probabilities/{model}.npy"), mmap_mode="r", allow_pickle=False)  # type: ignore[no-any-return]


def _score(name: str, entry: dict[str, Any]) -> ModelScore:
    f1, confusion = tuple(entry["f1_by_class"]), np.asarray(entry["confusion"], dtype=np.int64)
    return _take(ModelScore, {**entry, "name": name, "f1_by_class": f1, "confusion": confusion})  # type: ignore[no-any-return]


def _splits(data: LabeledTexts, judged: npt.NDArray[np.bool_]) -> tuple[SplitRows, ...]:
    """Rows by split and class, splits in the order in which they come."""
    column = data.table["split"].combine_chunks().dictionary_encode()
    codes, names = column.indices.to_numpy(zero_copy_only=False), column.dictionary.to_pylist()
    counts = np.zeros((len(names), data.num_classes), dtype=np.int64)
    np.add.at(counts, (codes, data.labels), 1)
    seen = np.bincount(codes[judged], minlength=len(names))
    return tuple(
        SplitRows(name, int(row.sum()), int(number), tuple(row.tolist()))
        for name, row, number in zip(names, counts, seen, strict=True)
    )


def _groups(run: Run) -> tuple[Group, ...]:
    rows = pq.read_table(run.open("groups.parquet")).to_pylist()
    groups = (
        Group(row["given_label"], row["suggested_label"], row["rows"], row["mean_suspicion"], tuple(row["words"]))
        for row in rows
    )
    return tuple(sorted(groups, key=lambda group: -group.rows))


def _stages(stages: dict[str, Any], used: Sequence[str] | None) -> tuple[Stage, ...]:
    """Add up what each stage took, earlier stages first; ``finetuned/fold-3`` belongs to ``finetuned``.

    Models of the user's own are apart: ``models/mine/fold-3`` belongs to ``models/mine``.

    Stages of another configuration, which the run keeps in case it is asked for again, are left out, and so is what
    came after the audit.
    """
    audited = {name: stage for name, stage in stages.items() if not name.startswith("retrain/")}
    stages = {name: stage for name, stage in audited.items() if used is None or name in used}
    makers = {artifact: name for name, entry in stages.items() for artifact in entry["outputs"]}
    order = TopologicalSorter(
        {name: sorted({makers[i] for i in entry["inputs"] if i in makers}) for name, entry in stages.items()}
    )
    together: dict[str, list[str]] = {}
    for name in order.static_order():
        together.setdefault("/".join(name.split("/")[: 1 + name.startswith("models/")]), []).append(name)
    return tuple(
        Stage(
            name,
            sum(part != name for part in parts),
            sum(stages[part]["seconds"] for part in parts),
            max((stages[part]["peak_memory"] for part in parts if stages[part]["peak_memory"]), default=None),
        )
        for name, parts in together.items()
    )


def _map(run: Run, labels: Integers) -> Map:
    points = np.load(run.open("map.npy"), allow_pickle=False)
    shown = np.isfinite(points).all(axis=1)
    return Map(points[shown], labels[shown].astype(np.int32))


def _by_loss(loss: Floats, labels: Integers, num_classes: int) -> list[Rows]:
    """Judged rows of each class, highest loss first."""
    judged = np.flatnonzero(np.isfinite(loss))
    ordered = judged[np.lexsort((-loss[judged], labels[judged]))]
    return np.split(ordered, np.searchsorted(labels[ordered], np.arange(1, num_classes)))


def _spreads(loss: Floats, by_loss: list[Rows], label_names: Sequence[str]) -> tuple[LossSpread, ...]:
    spreads = []
    for label, rows in zip(label_names, by_loss, strict=True):
        if len(rows):
            low, q1, median, q3, high = np.percentile(loss[rows], _QUANTILES).tolist()
            spreads.append(LossSpread(label, len(rows), (low, q1, median, q3, high)))
    return tuple(spreads)


def _tokens(by_loss: list[Rows], data: LabeledTexts) -> tuple[ClassTokens, ...]:
    """Tokens in the tenth of each class with the highest and with the lowest loss, against the class' other rows."""
    texts = data.table["text"]
    fewest, most = _TOKEN_ROWS
    found = []
    for label, rows in zip(data.label_names, by_loss, strict=True):
        size = min(max(int(len(rows) * _TOKEN_SHARE), fewest), most, len(rows) // 3)
        if not size:
            continue
        middle = rows[size : len(rows) - size]
        middle = middle[:: -(-len(middle) // _TOKEN_REST)]
        worst, rest, best = (_count(texts, part) for part in (rows[:size], middle, rows[len(rows) - size :]))
        found.append(ClassTokens(label, size, stand_out(worst, rest + best), stand_out(best, rest + worst)))
    return tuple(found)


def _count(texts: pa.ChunkedArray, rows: Rows) -> Counts:
    return Counts.of(texts.take(pa.array(rows)).to_pylist())
