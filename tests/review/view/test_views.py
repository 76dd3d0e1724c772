from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from auditor.errors import FilterError
from auditor.review.filter.filter import QUEUE, Filter
from auditor.review.filter.selection import Selection
from auditor.review.view import views
from auditor.review.view.card import Cards
from auditor.review.view.items import Items
from auditor.review.view.verdicts import Verdicts
from auditor.review.view.views import confusions, groups, map_points, table
from tests.review.reviewing import decide
from tests.review.runs import ROWS


def test_the_table_is_paged(selection: Selection, cards: Cards) -> None:
    filter = Filter(split=("train",))
    rows = selection.rows(filter, "loss:lexical").tolist()
    found = table(selection, cards, filter, sort="loss:lexical", page=1, size=20)
    assert (found["found"], found["page"], found["size"]) == (160, 1, 20)
    assert found["rows"] == cards.briefs(rows[20:40])
    assert table(selection, cards, filter, page=7, size=20)["rows"] == cards.briefs(
        selection.rows(filter)[140:].tolist()
    )
    assert table(selection, cards, filter, page=8, size=20)["rows"] == []
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize(("page", "size"), [(-1, 50), (0, 0), (0, 501)])
def test_a_page_that_cannot_be_is_refused(selection: Selection, cards: Cards, page: int, size: int) -> None:
    with pytest.raises(FilterError, match="does not exist"):
        table(selection, cards, Filter(), page=page, size=size)


def test_groups_are_those_of_the_audit_the_largest_first(selection: Selection) -> None:
    items, found = selection.items, groups(selection, Filter())
    assert [(one["group"], one["given"], one["suggested"], one["rows"], one["words"]) for one in found] == [
        (one["group"], one["given_label"], one["suggested_label"], one["rows"], one["words"]) for one in items.groups
    ]
    for one, stored in zip(found, items.groups, strict=True):
        assert one["undecided"] == one["rows"]
        assert one["mean_suspicion"] == pytest.approx(stored["mean_suspicion"], rel=1e-5)
    json.dumps(found, allow_nan=False)


def test_groups_count_what_the_filter_finds_whichever_group_is_chosen(selection: Selection, verdicts: Verdicts) -> None:
    first = groups(selection, Filter())[0]
    rows = np.flatnonzero(selection.items.group == first["group"])
    decide(verdicts, int(rows[0]), "bob")
    found = groups(selection, Filter(group=first["group"]))
    assert len(found) == len(selection.items.groups)
    assert found[0] == {**first, "undecided": first["rows"] - 1}
    undecided = {one["group"]: one for one in groups(selection, QUEUE)}
    assert undecided[first["group"]]["rows"] == undecided[first["group"]]["undecided"] == first["rows"] - 1
    train = groups(selection, Filter(split=("train",)))
    assert sum(one["rows"] for one in train) == (selection.items.is_issue & (selection.items.split == 0)).sum()
    assert [one["rows"] for one in train] == sorted((one["rows"] for one in train), reverse=True)
    assert all(one["rows"] for one in train)


def test_confusions_count_given_to_suggested(selection: Selection, verdicts: Verdicts) -> None:
    items = selection.items
    row = int(selection.rows(QUEUE)[0])
    decide(verdicts, row, "bob")
    found = confusions(selection, Filter(issue=True, pair=((items.label_names[0], items.label_names[1]),)))
    assert found["labels"] == list(items.label_names)
    matrix = np.zeros((6, 6), dtype=int)
    np.add.at(matrix, (items.given[items.is_issue], items.suggested[items.is_issue]), 1)
    cells = {(given, suggested): rows for given, suggested, rows, _ in found["cells"]}
    assert cells == {(g, s): matrix[g, s] for g, s in np.argwhere(matrix)}
    undecided = {(given, suggested): rows - undecided for given, suggested, rows, undecided in found["cells"]}
    assert {cell for cell, count in undecided.items() if count} == {(items.given[row], items.suggested[row])}
    json.dumps(found)


def test_the_map_has_its_rows_and_says_which_are_found(selection: Selection, verdicts: Verdicts) -> None:
    items = selection.items
    decide(verdicts, 7, "bob")
    found = map_points(selection, QUEUE, "ann")
    rows = found["rows"]
    assert rows == [row for row in range(ROWS) if row % 17 != 1]
    assert items.map is not None
    np.testing.assert_allclose(np.column_stack([found["x"], found["y"]]), items.map[rows], atol=1e-4)
    assert found["given"] == items.given[rows].tolist()
    assert found["suggested"] == items.suggested[rows].tolist()
    assert found["issue"] == items.is_issue[rows].astype(int).tolist()
    assert {row for row, there in zip(rows, found["found"], strict=True) if there} == {
        *selection.rows(QUEUE).tolist()
    } & {*rows}
    json.dumps(found, allow_nan=False)


def test_a_large_map_is_thinned_out_the_same_way_each_time(
    selection: Selection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "POINTS", 50)
    found = map_points(selection, QUEUE)
    assert len(found["rows"]) == len(set(found["rows"])) == 50
    assert found["rows"] == sorted(found["rows"])
    assert map_points(selection, Filter())["rows"] == found["rows"]


def test_without_a_map_or_issues_there_is_nothing_to_show(items: Items, verdicts: Verdicts) -> None:
    nowhere = np.full((ROWS, 2), np.nan, np.float32)
    for empty in (None, nowhere):
        found = map_points(Selection(replace(items, map=empty), verdicts), QUEUE)
        assert found["rows"] == found["x"] == found["y"] == []
    nothing = np.full(ROWS, -1, np.int32)
    none = Selection(replace(items, group=nothing, groups=[], pair=nothing, pairs=np.empty((0, 2), np.int32)), verdicts)
    assert groups(none, Filter()) == []
    assert confusions(none, Filter())["cells"] == []
    assert none.facets(Filter())["facets"]["pair"] == []
