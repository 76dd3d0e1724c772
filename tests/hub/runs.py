"""Finished runs of given datasets, without any training, and decisions on them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from auditor.actions import decision_log
from auditor.config import ReadConfig
from auditor.data import LabeledTexts, read
from auditor.review.log.event import Event, item_hash
from auditor.run import Run, find_run
from tests.report.made import MadeRun, make_run

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@dataclass
class _RunOf(MadeRun):
    data: LabeledTexts | None = None

    def _dataset(self) -> LabeledTexts:
        assert self.data is not None
        return self.data


def write_run_of(data: LabeledTexts, directory: Path) -> Run:
    """Write a run of a dataset; what its models say is made up."""
    made = make_run(len(data), data.label_names, ("features", "lexical"))
    parts = {name: getattr(made, name) for name in ("names", "probabilities", "map")}
    run = _RunOf(texts=list(data.texts), labels=data.labels, splits=data.splits.tolist(), data=data, **parts)
    return find_run(run.write(directory))


def read_run(source: Any, directory: Path, **options: Any) -> Run:
    """Read a dataset, and write a run of it."""
    return write_run_of(read(source, ReadConfig(**options)), directory)


def judge(run: Run, verdicts: dict[str, tuple[str, ...]], reviewer: str = "ann") -> None:
    """Take decisions: id → verdict and new labels."""
    with decision_log(run, read_only=False) as (_, log):
        data = LabeledTexts.of(run)
        rows = {row["id"]: row for row in data.table.select(["id", "text", "label"]).to_pylist()}
        events = [
            Event(
                event_id=f"{reviewer}-{number}",
                run_id=log.run_id,
                kind="decide",
                item_id=id,
                item_hash=item_hash(rows[id]["text"], data.label_names[rows[id]["label"]]),
                reviewer=reviewer,
                verdict=verdict,
                new_labels=labels,
                at=NOON + timedelta(seconds=number),
                source="queue",
            )
            for number, (id, (verdict, *labels)) in enumerate(verdicts.items())
        ]
        log.append(events, stamp=False)
