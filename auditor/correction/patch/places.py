"""Places: where a dataset, as it is now, has the ids and the texts that changes are about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from auditor.correction.patch.patch import Change, text_hash
from auditor.data import LabeledTexts

_BATCH = 100_000
"""Rows whose texts are in memory at once."""


@dataclass(frozen=True)
class Row:
    """A row with one of the texts."""

    row: int
    split: str
    label: str


@dataclass(frozen=True)
class Places:
    """Where a dataset has what the changes are about.

    Attributes
    ----------
    by_id : dict of str to int
        Rows with one of their ids.
    by_text : dict of str to list of Row
        Rows with one of their texts, by its hash.
    renamed : bool
        None of their splits is there.
    made : bool
        Ids are made of row numbers: they move when rows come or go.
    known : bool
        Ids are not made, and those of the patch are of the same kind: a row whose id is not there, is not there.
    in_place : dict of str to int
        The last row, of each split, up to which rows have their ids still: what came or went, did so behind it.
    moved : set of str
        Splits that have some of their texts, but not under their ids.
    """

    by_id: dict[str, int]
    by_text: dict[str, list[Row]]
    renamed: bool
    made: bool
    known: bool
    in_place: dict[str, int]
    moved: set[str]

    def row_of(self, change: Change) -> int:
        """The row that has the change's id, -1 if there is none, or if it seems to be another than it was."""
        row = self.by_id.get(change.id, -1)
        unmoved = row <= self.in_place.get(change.split, -1) or change.split not in self.moved
        return row if unmoved or not self.made else -1

    def is_edited(self, change: Change) -> bool:
        """Whether the row is there, so that another text must be the reason why its text is not.

        A row that is to be left out, and is gone, may have left its made id to the next one.
        """
        row, last = self.row_of(change), self.in_place.get(change.split, -1)
        return row >= 0 and (change.new is not None or not self.made or row < last)


def find_places(changes: Sequence[Change], texts: LabeledTexts) -> Places:
    """Look for the ids and the texts of changes, in the order of the rows that they were made of, among N rows."""
    ids = {change.id for change in changes}
    column = texts.table["id"]
    found = pc.index_in(pa.array(ids, column.type), value_set=column).to_pylist()
    by_id = {id_: row for id_, row in zip(ids, found, strict=True) if row is not None}
    by_text = _rows_with({change.text_hash for change in changes}, texts)
    in_place: dict[str, int] = {}
    moved = set()
    known = strange = False
    for change in changes:
        row = by_id.get(change.id, -1)
        rows = [one.row for one in by_text.get(change.text_hash, ()) if one.split == change.split]
        known |= row in rows
        strange |= change.has_made_id or (change.new is not None and bool(rows) and row not in rows)
        if rows and row not in rows:
            moved.add(change.split)
        elif len(rows) == 1 and change.split not in moved:
            in_place[change.split] = row
    for change in changes:  # a row that is left out already has moved those behind it
        last = in_place.get(change.split, -1)
        if change.new is None and change.text_hash not in by_text and not 0 <= by_id.get(change.id, -1) < last:
            moved.add(change.split)
    made = texts.origin.id is None
    return Places(
        by_id=by_id,
        by_text=by_text,
        renamed={change.split for change in changes}.isdisjoint(pc.unique(texts.table["split"]).to_pylist()),
        made=made,
        known=not made and (known or not strange),
        in_place=in_place,
        moved=moved,
    )


def _rows_with(hashes: set[str], texts: LabeledTexts) -> dict[str, list[Row]]:
    by_text = defaultdict(list)
    start = 0
    for batch in texts.table.select(["text", "split", "label"]).to_batches(_BATCH):
        columns = (batch[name].to_pylist() for name in ("text", "split", "label"))
        for row, (text, split, label) in enumerate(zip(*columns, strict=True), start):
            key = text_hash(text)
            if key in hashes:
                by_text[key].append(Row(row, split, texts.label_names[label]))
        start += batch.num_rows
    return dict(by_text)
