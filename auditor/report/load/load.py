"""Load a :class:`~auditor.report.load.summary.Summary` from the artifacts of a finished run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.arrays import Float32, LabelCodes, Mask, RowIndex
from auditor.data.labeled_texts import LabeledTexts
from auditor.errors import RunMissingError
from auditor.languages import advice
from auditor.models.own.given import doubts
from auditor.models.scores import losses
from auditor.recognition import nothing_judged, undertrained, unrecognised
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
    Summary,
    Work,
)
from auditor.report.load.tokens import Counts, stand_out
from auditor.report.load.trust import Trust
from auditor.run import Run, Stage
from auditor.run.artifacts import (
    BASELINE,
    CONFLICTS,
    CONSENSUS,
    DEFINITIONS,
    GROUPS,
    HEALTH,
    ISSUES,
    MAP,
    SCORES,
    WEIGHTS,
    probabilities,
)
from auditor.vocabulary import MODEL_NAMES
from auditor.wording import shorten

EXAMPLE_CHARACTERS = 240
_TOKEN_SHARE, _TOKEN_ROWS, _TOKEN_REST = 0.1, (20, 2_000), 20_000
_QUANTILES = (5, 25, 50, 75, 95)


def load_summary(directory: Path, db: str | None = None) -> Summary:
    """Read the contents of the report from a finished run.

    Parameters
    ----------
    directory : Path
        Run directory. Every artifact is checked against its hash in the manifest.
    db : str, optional
        Address of the decision log. Default: ``decisions.db`` in the run directory.

    Raises
    ------
    RunMissingError
        If the run lacks a stage that the report needs.
    RunDamagedError
        If an artifact has changed since it was written.
    """
    run = Run(directory)
    manifest = run.manifest
    if not manifest.stages:
        raise RunMissingError(f"{directory} does not hold a run.", "Make one with `auditor run FILE`.")
    health, scores = run.load(HEALTH), run.load(SCORES)
    data = LabeledTexts.of(run)
    labels, issues = data.labels, _issues(run)
    judged = issues["suspicion"].is_valid().to_numpy()
    loss = np.where(judged, losses(run.load(probabilities(CONSENSUS)), labels), np.float32(np.nan))
    by_loss = _by_loss(loss, labels, data.num_classes)
    config = run.config
    models = [name for name in dict.fromkeys((BASELINE, *MODEL_NAMES, *config.pooled, CONSENSUS)) if name in scores]
    by_model = {name: run.load(probabilities(name)) for name in models if name != BASELINE}
    exhibits = Exhibits(data, issues, loss, by_model)
    return Summary(
        name=directory.resolve().name,
        source=data.origin.source,
        format=data.origin.format,
        created=manifest.created,
        fingerprint=run.dataset.fingerprint,
        rows=len(data),
        set_aside=data.rejected.num_rows,
        judged=health["judged"],
        issues=health["issues"],
        has_former_flags=bool((issues["rank"].to_numpy() > health["issues"])[issues["is_issue"].to_numpy()].any()),
        unrecognised=tuple(unrecognised(scores, data.label_names)),
        undertrained=undertrained(scores, config),
        notes=run.dataset.notes,
        advice=advice(data.texts, config),
        why_not_judged=nothing_judged(health, config),
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
        stages=_work(manifest.stages, manifest.used),
        versions=manifest.versions,
        machine=manifest.machine,
        doubts=tuple(doubts(run, config.probabilities, data.label_names)),
        leaks=_leaks(run),
    )


def _definitions(run: Run, data: LabeledTexts) -> tuple[Problem, ...] | None:
    """Return the overlapping pairs of classes; None in runs of earlier versions."""
    if not run.has(DEFINITIONS):
        return None
    return Problem.all_of(run.load(DEFINITIONS), lambda ids: _texts_of(data, ids))


def _texts_of(data: LabeledTexts, ids: Sequence[str]) -> list[str]:
    rows = pc.index_in(pa.array(ids, pa.string()), value_set=data.table["id"].combine_chunks().cast(pa.string()))
    return [shorten(text, EXAMPLE_CHARACTERS) for text in data.table["text"].take(rows).to_pylist()]


def _trust(run: Run) -> Trust | None:
    """Return trust in the experts; None in runs of earlier versions."""
    return Trust.of(run.load(WEIGHTS)) if run.has(WEIGHTS) else None


def _leaks(run: Run) -> int:
    """Count rows with a conflicting duplicate in another split; 0 in runs of earlier versions."""
    if not run.has(CONFLICTS):
        return 0
    pairs = run.table(CONFLICTS, ["across_splits", "first_id", "second_id"])
    across = pairs.filter(pairs["across_splits"])
    return len({*across["first_id"].to_pylist(), *across["second_id"].to_pylist()})


def _issues(run: Run) -> pa.Table:
    columns = ["suggested_label", "suspicion", "rank", "is_issue", *KINDS_AND_TIERS, "reasons"]
    return run.table(ISSUES, columns)


def _take(kind: type[Any], entry: dict[str, Any]) -> Any:
    """Make a dataclass from an artifact's entry. Ignore fields that the report does not have."""
    return kind(**{field.name: entry[field.name] for field in fields(kind)})


def _classes(health: dict[str, Any], scores: dict[str, Any]) -> tuple[ClassHealth, ...]:
    recognised = np.diag(scores[CONSENSUS]["confusion"]).tolist()
    entries = zip(health["classes"], recognised, strict=True)
    return tuple(_take(ClassHealth, {**entry, "recognised": rows}) for entry, rows in entries)


def _mixed(scores: dict[str, Any], label_names: Sequence[str]) -> tuple[Mixed, ...]:
    """Return pairs of classes that the consensus confuses, most rows first."""
    confusion = np.asarray(scores[CONSENSUS]["confusion"], dtype=np.int64)
    both = np.triu(confusion + confusion.T, 1)
    pairs = [(int(both[a, b]), a, b) for a, b in np.argwhere(both).tolist()]
    total = max(int(confusion.sum()), 1)
    return tuple(
        Mixed(label_names[a], label_names[b], rows, rows / total)
        for rows, a, b in sorted(pairs, key=lambda pair: (-pair[0], pair))
    )


def _score(name: str, entry: dict[str, Any]) -> ModelScore:
    f1, confusion = tuple(entry["f1_by_class"]), np.asarray(entry["confusion"], dtype=np.int64)
    return _take(ModelScore, {**entry, "name": name, "f1_by_class": f1, "confusion": confusion})  # type: ignore[no-any-return]


def _splits(data: LabeledTexts, judged: Mask) -> tuple[SplitRows, ...]:
    """Count rows by split and class, with splits in the order of the dataset."""
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
    rows = run.load(GROUPS).to_pylist()
    groups = (
        Group(row["given_label"], row["suggested_label"], row["rows"], row["mean_suspicion"], tuple(row["words"]))
        for row in rows
    )
    return tuple(sorted(groups, key=lambda group: -group.rows))


def _work(stages: Mapping[str, Stage], used: Sequence[str] | None) -> tuple[Work, ...]:
    """Sum time and memory by stage, earlier stages first; ``finetuned/fold-3`` belongs to ``finetuned``.

    Custom models are separate: ``models/mine/fold-3`` belongs to ``models/mine``. Stages of other configurations, which
    the run keeps for reuse, and stages after the audit are omitted.
    """
    audited = {name: stage for name, stage in stages.items() if not name.startswith("retrain/")}
    stages = {name: stage for name, stage in audited.items() if used is None or name in used}
    makers = {artifact: name for name, entry in stages.items() for artifact in entry.outputs}
    order = TopologicalSorter(
        {name: sorted({makers[i] for i in entry.inputs if i in makers}) for name, entry in stages.items()}
    )
    together: dict[str, list[str]] = {}
    for name in order.static_order():
        together.setdefault("/".join(name.split("/")[: 1 + name.startswith("models/")]), []).append(name)
    return tuple(
        Work(
            name,
            sum(part != name for part in parts),
            sum(stages[part].seconds for part in parts),
            max((peak for part in parts if (peak := stages[part].peak_memory)), default=None),
        )
        for name, parts in together.items()
    )


def _map(run: Run, labels: LabelCodes) -> Map:
    points = run.load(MAP)
    shown = np.isfinite(points).all(axis=1)
    return Map(points[shown], labels[shown].astype(np.int32))


def _by_loss(loss: Float32, labels: LabelCodes, num_classes: int) -> list[RowIndex]:
    """Return the judged rows of each class, highest loss first."""
    judged = np.flatnonzero(np.isfinite(loss))
    ordered = judged[np.lexsort((-loss[judged], labels[judged]))]
    return np.split(ordered, np.searchsorted(labels[ordered], np.arange(1, num_classes)))


def _spreads(loss: Float32, by_loss: list[RowIndex], label_names: Sequence[str]) -> tuple[LossSpread, ...]:
    spreads = []
    for label, rows in zip(label_names, by_loss, strict=True):
        if len(rows):
            low, q1, median, q3, high = np.percentile(loss[rows], _QUANTILES).tolist()
            spreads.append(LossSpread(label, len(rows), (low, q1, median, q3, high)))
    return tuple(spreads)


def _tokens(by_loss: list[RowIndex], data: LabeledTexts) -> tuple[ClassTokens, ...]:
    """Return the distinctive tokens of each class' tenth with the highest, and with the lowest, loss."""
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


def _count(texts: pa.ChunkedArray, rows: RowIndex) -> Counts:
    return Counts.of(texts.take(pa.array(rows)).to_pylist())
