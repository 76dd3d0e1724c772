"""Runs to review: made up like those of the report's tests, with neighbours, duplicates and unjudged rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from auditor.config import DuplicatesConfig
from auditor.data.duplicates import find_duplicates
from auditor.data.labeled_texts import ORIGINAL, LabeledTexts
from auditor.review.log.log import DecisionLog, run_id
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
        """As read from one CSV file a split, with a last row that was set aside."""
        data = super()._dataset()
        table = data.table.set_column(0, "id", pa.array(self.ids, pa.string())) if self.ids else data.table
        own = {
            "text": [*table["text"].to_pylist(), "of no label"],
            "label": [*(self.names[at] for at in self.labels), ""],
        }
        for name, values in own.items():
            table = table.append_column(ORIGINAL + name, pa.array(values[:-1], pa.string()))
        rejected = data.rejected
        for name, values in own.items():
            rejected = rejected.append_column(ORIGINAL + name, pa.array(values[-1:], pa.string()))
        parts = [(split, len(list(rows))) for split, rows in groupby(table["split"].to_pylist())]
        parts[-1] = (parts[-1][0], parts[-1][1] + rejected.num_rows)
        options = {
            "encoding": "utf-8",
            "schema_metadata": {},
            "parts": [
                {"split": split, "rows": rows, "file": f"part-{at}.csv", "delimiter": ",", "header": True}
                for at, (split, rows) in enumerate(parts)
            ],
        }
        return replace(data, table=table, rejected=rejected, origin=replace(data.origin, options=options))


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
