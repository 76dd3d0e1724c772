"""The table of issues, read without pandas: first the order, then the requested rows."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from auditor.errors import RunDamagedError
from auditor.run import Run
from auditor.run.artifacts import ISSUES
from auditor.run.reader import damaged
from auditor.wording import listed

_FEW = 10_000
"""Most rows that are sliced one by one."""


class Ranking:
    """``issues.parquet`` of a run: its order, and rows on request."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._file: Any = self._checked(lambda: pq.ParquetFile(run.open(ISSUES)))
        self._names = set(self._file.schema_arrow.names)
        columns = self._columns(["rank", "is_issue"])
        # Lists, not NumPy arrays: to make those, Arrow imports pandas.
        ranks, self.is_issue = columns["rank"].to_pylist(), columns["is_issue"].to_pylist()
        if None in ranks:
            raise self._damaged("a row has no rank")
        self.order = sorted(range(len(ranks)), key=ranks.__getitem__)

    def rows(self, wanted: Mapping[str, Sequence[str] | None]) -> list[int]:
        """Return positions of the rows whose columns have one of the values, most suspect first; None is any value."""
        fitting = set(self.order)
        for name, values in wanted.items():
            if values:
                column = self._columns([name])[name].to_pylist() if name in self._names else []
                fitting &= {row for row, value in enumerate(column) if value in values}
        return [row for row in self.order if row in fitting]

    def tells_kinds(self) -> bool:
        """Return whether the run has kinds and tiers; runs of earlier versions do not."""
        return "kind" in self._names and self._columns(["kind"])["kind"].null_count < len(self.order)

    def read(self, rows: Sequence[int], columns: Sequence[str] | None = None) -> pa.Table:
        """Read rows by position: all columns, or those of ``columns`` that exist."""
        names = [name for name in columns if name in self._names] if columns else None
        table = self._checked(lambda: self._file.read(columns=names))
        if len(rows) > _FEW:
            places = pa.py_buffer(array("q", rows))
            return table.take(pa.Array.from_buffers(pa.int64(), len(rows), [None, places]))
        # Importing what ``take`` needs takes longer than making a few slices.
        return pa.concat_tables([table.slice(row, 1) for row in rows]) if rows else table.slice(0, 0)

    def _columns(self, names: list[str]) -> Any:
        if missing := [name for name in names if name not in self._names]:
            raise self._damaged(f"it has no column {listed(missing)}")
        return self._checked(lambda: self._file.read(columns=names))

    def _checked(self, read: Any) -> Any:
        try:
            return read()
        except (pa.ArrowException, OSError) as error:
            raise self._damaged(str(error).splitlines()[0]) from None

    def _damaged(self, why: str) -> RunDamagedError:
        return damaged(self.run / ISSUES, why.rstrip("."))
