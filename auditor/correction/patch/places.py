"""Places: where a dataset has the ids and texts of a patch's changes now.

Ids made from row numbers shift when rows are added or removed. For example, the patch changes the texts A and B:

    patched version       this version          A has its id still: rows up to 0 are in place
    train-0  A            train-0  A            B has another id: the split ``train`` has moved
    train-1  B            train-1  new row      so train-1 is not taken for B, which is found by its text
                          train-2  B
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from auditor.correction.patch.patch import Change, text_hash
from auditor.data import LabeledTexts

_BATCH = 100_000
"""Number of rows whose texts are in memory at once."""


@dataclass(frozen=True)
class Row:
    """A row with a text of the changes."""

    row: int
    split: str
    label: str


@dataclass(frozen=True)
class Places:
    """Positions of the changes' ids and texts in a dataset.

    Attributes
    ----------
    by_id : dict of str to int
        Row of each id that exists.
    by_text : dict of str to list of Row
        Rows with each text, by its hash.
    renamed : bool
        Whether none of the changes' splits exists.
    made : bool
        Whether ids are made from row numbers, so that they shift when rows are added or removed.
    known : bool
        Whether ids come from a column, and the patch uses them: a row whose id is missing no longer exists.
    in_place : dict of str to int
        Last row of each split up to which rows still have their ids: rows were added or removed only after it.
    moved : set of str
        Splits in which texts are found, but not under their ids.
    """

    by_id: dict[str, int]
    by_text: dict[str, list[Row]]
    renamed: bool
    generated_ids: bool
    reliable_ids: bool
    in_place: dict[str, int]
    moved: set[str]

    def row_of(self, change: Change) -> int:
        """Return the row with the change's id; -1 if there is none, or if the id seems to denote another row now."""
        row = self.by_id.get(change.id, -1)
        unmoved = row <= self.in_place.get(change.split, -1) or change.split not in self.moved
        return row if unmoved or not self.generated_ids else -1

    def is_edited(self, change: Change) -> bool:
        """Return whether the row exists, so that its text must have been edited.

        If a row to leave out has been removed, its generated id may now denote the next row.
        """
        row, last = self.row_of(change), self.in_place.get(change.split, -1)
        return row >= 0 and (change.new is not None or not self.generated_ids or row < last)


def find_places(changes: Sequence[Change], texts: LabeledTexts) -> Places:
    """Find the ids and texts of changes, given in the order of their original rows, among N rows."""
    ids = {change.id for change in changes}
    column = texts.table["id"]
    found = pc.index_in(pa.array(ids, column.type), value_set=column).to_pylist()
    by_id = {id_: row for id_, row in zip(ids, found, strict=True) if row is not None}
    by_text = _rows_with({change.text_hash for change in changes}, texts)
    in_place: dict[str, int] = {}
    moved = set()
    reliable_ids = strange = False
    for change in changes:
        row = by_id.get(change.id, -1)
        rows = [place.row for place in by_text.get(change.text_hash, ()) if place.split == change.split]
        reliable_ids |= row in rows
        strange |= change.has_generated_id or (change.new is not None and bool(rows) and row not in rows)
        if rows and row not in rows:
            moved.add(change.split)
        elif len(rows) == 1 and change.split not in moved:
            in_place[change.split] = row
    for change in changes:  # a row removed already has shifted those after it
        last = in_place.get(change.split, -1)
        if change.new is None and change.text_hash not in by_text and not 0 <= by_id.get(change.id, -1) < last:
            moved.add(change.split)
    generated_ids = texts.origin.id is None
    return Places(
        by_id=by_id,
        by_text=by_text,
        renamed={change.split for change in changes}.isdisjoint(pc.unique(texts.table["split"]).to_pylist()),
        generated_ids=generated_ids,
        reliable_ids=not generated_ids and (reliable_ids or not strange),
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
