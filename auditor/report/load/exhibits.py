"""Exhibits: choose the rows that the report shows, and read their details."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from auditor.arrays import Float32, RowIndex
from auditor.data.labeled_texts import LabeledTexts
from auditor.report.load.summary import Exhibit, Opinion
from auditor.wording import shorten

SHOWN_TEXTS = 25
SHOWN_CHARACTERS = 500
KINDS_AND_TIERS = ("kind", "tier", "stability")


class Exhibits:
    """Chooses the rows to show, and reads only those."""

    def __init__(
        self, data: LabeledTexts, issues: pa.Table, loss: Float32, probabilities: Mapping[str, Float32]
    ) -> None:
        self.data, self.issues, self.loss, self.probabilities = data, issues, loss, probabilities

    def worst(self) -> tuple[Exhibit, ...]:
        """Return the rows that rank first."""
        rank = self.issues["rank"].to_numpy()
        first = np.flatnonzero((rank <= SHOWN_TEXTS) & np.isfinite(self.loss))
        return self._show(first[np.argsort(rank[first])])

    def certain(self) -> tuple[Exhibit, ...]:
        """Return the rows with the lowest loss."""
        rows = np.flatnonzero(np.isfinite(self.loss))
        return self._show(rows[np.argsort(self.loss[rows], kind="stable")][:SHOWN_TEXTS])

    def _show(self, rows: RowIndex) -> tuple[Exhibit, ...]:
        taken = pa.array(rows)
        issues, table = self.issues.take(taken), self.data.table.select(["id", "split", "text"]).take(taken)
        return tuple(
            self._exhibit(int(row), {**issue, **entry})
            for row, issue, entry in zip(rows, issues.to_pylist(), table.to_pylist(), strict=True)
        )

    def _exhibit(self, row: int, entry: dict[str, Any]) -> Exhibit:
        names = self.data.label_names
        given, suggested = int(self.data.labels[row]), names.index(entry["suggested_label"])
        opinions = []
        for model, probabilities in self.probabilities.items():
            values = probabilities[row]
            if np.isfinite(values).all():
                predicted = names[int(values.argmax())]
                opinions.append(Opinion(model, predicted, float(values[given]), float(values[suggested])))
        return Exhibit(
            id=entry["id"],
            split=entry["split"],
            text=shorten(entry["text"], SHOWN_CHARACTERS),
            length=len(entry["text"]),
            given=names[given],
            suggested=entry["suggested_label"],
            rank=entry["rank"],
            suspicion=entry["suspicion"],
            is_issue=entry["is_issue"],
            **{name: entry[name] for name in KINDS_AND_TIERS},
            loss=float(self.loss[row]),
            reasons=tuple(entry["reasons"] or ()),
            opinions=tuple(opinions),
        )
