"""Runs to review: made up like those of the report's tests, with neighbours, duplicates and unjudged rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from auditor.config import DuplicatesConfig
from auditor.data.duplicates import find_duplicates
from auditor.data.labeled_texts import LabeledTexts
from auditor.review.log import DecisionLog, run_id
from auditor.run import Run, find_run
from tests.report.made import EMOTIONS, MODELS, MadeRun, make_run

ROWS = 240
UNJUDGED = (3, 50, 121)
"""Rows that no model knows anything of."""
COPIES = {10: 11, 20: 21, 30: 21, 230: 11}
"""Row → the row whose text it repeats; of another label, mostly."""


@dataclass
class ReviewRun(MadeRun):
    """A run with all that reviewing reads, or with less of it."""

    ids: list[str] = field(default_factory=list)
    complete: bool = True

    def write(self, directory: Path) -> Path:
        super().write(directory)
        run, data = find_run(directory), self._dataset()
        about = {"label_names": list(self.names), "source": self.source, "rows": len(data)}
        run.record(dataset={**run.manifest["dataset"], **about})
        if self.complete:
            duplicates = find_duplicates(self.texts, DuplicatesConfig())
            run.stage("duplicates", lambda at: duplicates.write(at / "duplicates.parquet"))
            index = (np.arange(len(data))[:, None] + np.arange(1, 8)).astype(np.int32)
            index[index >= len(data)] = -1  # the last rows have fewer neighbours, the very last one none
            similarity = np.where(index >= 0, 1 - np.arange(7) / 10, np.nan).astype(np.float32)
            run.stage("neighbours", lambda at: np.savez(at / "neighbours.npz", index=index, similarity=similarity))
        return directory

    def _dataset(self) -> LabeledTexts:
        data = super()._dataset()
        if self.ids:
            table = data.table.set_column(0, "id", pa.array(self.ids, pa.string()))
            data = LabeledTexts(table, data.rejected, data.label_names, data.label_values, data.origin, data.notes)
        return data


def write_run(directory: Path, rows: int = ROWS, names: tuple[str, ...] = EMOTIONS, **changes: Any) -> Run:
    """Write a run, and open it; ``changes`` are fields of :class:`ReviewRun`."""
    models = changes.pop("models", MODELS)
    made = make_run(rows, names, models, wrong=0.2)
    texts = [made.texts[COPIES.get(row, row)] for row in range(rows)]
    texts[2] = "So MUCH joy; 100 % of it (really)\nand a second line, of 𝒻𝒶𝓃𝒸𝓎 Ünïcödé"
    for values in made.probabilities.values():
        values[[row for row in UNJUDGED if row < rows]] = np.nan
    split = rows * 2 // 3
    points = made.map.copy()
    points[1::17] = np.nan
    parts = {
        **{name: getattr(made, name) for name in ("labels", "names", "probabilities", "source", "notes", "config")},
        "texts": texts,
        "map": points,
        "splits": ["train"] * split + ["test"] * (rows - split),
        **changes,
    }
    return find_run(ReviewRun(**parts).write(directory))


def empty_log(run: Run, folder: Path) -> Iterator[DecisionLog]:
    """An empty log of the run's decisions, as a fixture gives it."""
    log = DecisionLog(folder / "decisions.db", run_id(run))
    yield log
    log.close()
