from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import FilterError
from auditor.review.filter import search
from auditor.review.filter.filter import KINDS, QUEUE, TIERS, Filter
from auditor.review.filter.selection import BINS, PAIRS, Selection
from auditor.review.log.event import VERDICTS
from auditor.review.log.log import DecisionLog
from auditor.review.view.items import Items
from auditor.review.view.verdicts import Verdicts
from tests.report.made import EMOTIONS
from tests.review.reference import Standing, find
from tests.review.reviewing import decide, decision
from tests.review.runs import ROWS, UNJUDGED, write_run

REVIEWERS = ("ann", "bob", "Çağrı <b>")


@pytest.fixture(scope="module")
def reviewed(items: Items, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Selection]:
    """A run of which three reviewers have decided a good part, some of it stale or undone."""
    log = DecisionLog(tmp_path_factory.mktemp("log") / "decisions.db", "run")
    random, made = np.random.default_rng(3), []
    for reviewer in REVIEWERS:
        for row in random.choice(ROWS, 70, replace=False).tolist():
            verdict = VERDICTS[random.integers(0, 6)]
            labels = {"relabel": 1, "ambiguous": 2}.get(verdict, 0)
            names = [name for name in EMOTIONS if name != items.label(items.given[row])]
            stale = {"item_hash": "0" * 32} if random.random() < 0.1 else {}
            made.append(decision(items, row, reviewer, verdict, *names[:labels], run_id="run", **stale))
    log.append(made)
    log.append([decision(items, row, "ann", "unsure", run_id="run", batch_id="batch") for row in range(40)])
    log.undo("ann", "undo")
    verdicts = Verdicts(items, log)
    verdicts.catch_up()
    yield Selection(items, verdicts)
    log.close()


@pytest.fixture(scope="module")
def standing(reviewed: Selection) -> Standing:
    found: dict[int, dict[str, str]] = {}
    for event in reviewed.verdicts.log.standing():
        row = reviewed.items.row_of(event.item_id or "")
        if row is not None and event.item_hash == reviewed.items.hash_of(row):
            found.setdefault(row, {})[event.reviewer] = str(event.verdict)
    return found


def some(values: Any, at_most: int = 3) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(st.sampled_from(values), max_size=at_most).map(tuple)


def seldom(values: st.SearchStrategy[Any], otherwise: Any = None) -> st.SearchStrategy[Any]:
    return st.one_of(st.just(otherwise), st.just(otherwise), values)


IDS = [f"{'train' if row < ROWS * 2 // 3 else 'test'}-{row}" for row in range(ROWS)]
filters = st.builds(
    Filter,
    given=some(EMOTIONS),
    suggested=some(EMOTIONS),
    pair=seldom(st.lists(st.tuples(*[st.sampled_from(EMOTIONS)] * 2), max_size=6).map(tuple), ()),
    split=some(("train", "test"), 2),
    text=seldom(st.sampled_from(["so", "SO ", "Joy", "%", "(really)", ".", "no 1", "ünïcödé", "zzz", "\\", "\n"]), ""),
    min_suspicion=seldom(st.floats(0, 1)),
    max_suspicion=seldom(st.floats(0, 1)),
    issue=seldom(st.booleans()),
    kind=seldom(some(KINDS), ()),
    tier=seldom(some(TIERS, 2), ()),
    verdict=seldom(some(VERDICTS), ()),
    reviewer=seldom(some((*REVIEWERS, "nobody"), 2), ()),
    undecided=st.sampled_from([None, "anyone", "me"]),
    duplicate_group=seldom(st.integers(0, 60)),
    group=seldom(st.integers(0, 20)),
    ids=seldom(some((*IDS, "unknown"), 40), ()),
)
me = st.sampled_from([None, *REVIEWERS, "newcomer"])


@given(filters, me, st.sampled_from(["suspicion", "random", "loss:lexical", "given", "pair"]))
def test_rows_are_those_that_the_filter_means_in_the_order_asked_for(
    reviewed: Selection, standing: Standing, filter: Filter, me: str | None, sort: str
) -> None:
    expected = find(filter, reviewed.items, standing, me)
    rows = reviewed.rows(filter, sort, me, seed=5)
    order = reviewed.orders.of(sort, 5).tolist()
    assert rows.tolist() == sorted(expected, key=order.index)
    assert np.flatnonzero(reviewed.mask(filter, me)).tolist() == expected


@given(filters, me)
def test_each_count_is_of_what_its_choice_would_find(
    reviewed: Selection, standing: Standing, filter: Filter, me: str | None
) -> None:
    def count(**choice: Any) -> int:
        return len(find(filter.model_copy(update=choice), reviewed.items, standing, me))

    counted = reviewed.facets(filter, me)
    facets = counted["facets"]
    assert counted["found"] == count()
    for field in ("given", "suggested", "split", "kind", "tier", "verdict", "reviewer"):
        assert [(entry["value"], entry["count"]) for entry in facets[field]] == [
            (entry["value"], count(**{field: (entry["value"],)})) for entry in facets[field]
        ]
    for field in ("issue", "undecided"):
        assert {entry["value"]: entry["count"] for entry in facets[field]} == {
            value: count(**{field: value}) for value in {"issue": (True, False), "undecided": ("anyone", "me")}[field]
        }
    assert [entry["value"] for entry in facets["given"]] == list(EMOTIONS)
    assert [entry["value"] for entry in facets["verdict"]] == list(VERDICTS)
    assert [entry["value"] for entry in facets["reviewer"]] == sorted(REVIEWERS)
    for entry in facets["pair"]:
        assert entry["count"] == count(pair=((entry["given"], entry["suggested"]),))
    counts = [entry["count"] for entry in facets["pair"]]
    assert counts == sorted(counts, reverse=True)
    judged = find(filter.without("min_suspicion", "max_suspicion"), reviewed.items, standing, me)
    suspicion = reviewed.items.suspicion[judged]
    expected, _ = np.histogram(suspicion[~np.isnan(suspicion)].astype(np.float64), bins=BINS, range=(0, 1))
    assert counted["suspicion"]["missing"] == int(np.isnan(suspicion).sum())
    assert sum(counted["suspicion"]["histogram"]) == expected.sum()
    np.testing.assert_allclose(counted["suspicion"]["histogram"], expected, atol=1)  # an edge is not exact in float32


def test_each_kind_and_tier_finds_its_own(reviewed: Selection) -> None:
    items = reviewed.items
    for field, names, codes in (("kind", KINDS, items.kind), ("tier", TIERS, items.tier)):
        assert np.unique(codes).tolist() != [-1]
        for code, name in enumerate(names):
            assert reviewed.rows(Filter(**{field: (name,)}), "given").tolist() == np.flatnonzero(codes == code).tolist()
        assert reviewed.mask(Filter(**{field: names})).sum() == (codes >= 0).sum()


def test_all_pairs_that_are_there_are_offered_and_those_that_are_chosen(reviewed: Selection) -> None:
    items = reviewed.items
    offered = {(entry["given"], entry["suggested"]) for entry in reviewed.facets(Filter())["facets"]["pair"]}
    judged = [row for row in range(ROWS) if row not in UNJUDGED]
    assert offered == {(items.label(items.given[row]), items.label(items.suggested[row])) for row in judged}
    chosen = (EMOTIONS[items.pairs[-1][0]], EMOTIONS[items.pairs[-1][1]])
    counted = reviewed.facets(Filter(ids=("unknown",), pair=(chosen,)))["facets"]["pair"]
    assert counted == [{"given": chosen[0], "suggested": chosen[1], "count": 0}]


def test_of_very_many_pairs_the_most_frequent_are_offered(tmp_path: Path) -> None:
    names = tuple(f"class {number}" for number in range(30))
    items = Items.of(write_run(tmp_path / "run", rows=400, names=names))
    log = DecisionLog(tmp_path / "decisions.db", "run")
    selection = Selection(items, Verdicts(items, log))
    least = (names[items.pairs[-1][0]], names[items.pairs[-1][1]])
    counted = selection.facets(Filter(pair=(least,)))["facets"]["pair"]
    assert len(counted) == PAIRS + 1
    assert (counted[-1]["given"], counted[-1]["suggested"]) == least
    log.close()


def test_suspicion_as_it_is_shown_finds_its_row(reviewed: Selection) -> None:
    row = int(np.argmin(reviewed.items.rank))
    shown = float(reviewed.items.suspicion[row])
    assert row in reviewed.rows(Filter(min_suspicion=shown, max_suspicion=shown))


def test_a_decision_takes_its_row_out_of_the_queue_and_changes_the_counts(
    selection: Selection, verdicts: Verdicts
) -> None:
    before = selection.facets(QUEUE, "ann")
    row = int(selection.rows(QUEUE)[0])
    decide(verdicts, row, "bob", "exclude")
    assert row not in selection.rows(QUEUE)
    assert row in selection.rows(Filter(issue=True, undecided="me"), me="ann")
    assert row not in selection.rows(Filter(issue=True, undecided="me"), me="bob")
    after = selection.facets(QUEUE, "ann")
    assert after["found"] == before["found"] - 1
    assert after["facets"]["reviewer"] == [{"value": "bob", "count": 0}]  # nobody's row is undecided
    assert selection.facets(Filter(reviewer=("bob",)))["facets"]["verdict"][VERDICTS.index("exclude")]["count"] == 1


def test_regular_expressions_are_read_as_such_only_when_asked(reviewed: Selection) -> None:
    texts = reviewed.items.texts.to_pylist()
    assert reviewed.rows(Filter(text="no .2$", regex=True), "given").tolist() == [
        row for row, text in enumerate(texts) if text[-5:-2] == "no " and text.endswith("2")
    ]
    assert len(reviewed.rows(Filter(text="no .2$"))) == 0
    assert len(reviewed.rows(Filter(text="SO MUCH.+second", regex=True))) == 0  # . is no line break
    assert len(reviewed.rows(Filter(text="(?s)SO MUCH.+second", regex=True))) == 1


@pytest.mark.parametrize("pattern", ["(", "a{1000}{1000}", r"(a)\1", r"\p{Emotion}", r"\pL{900}", "[z-a]", "(?=a)"])
def test_a_bad_regular_expression_is_said_to_be_one(reviewed: Selection, pattern: str) -> None:
    for _ in range(2):
        with pytest.raises(FilterError, match=r"^The filter's field text is .*regular expression") as caught:
            reviewed.facets(Filter(text=pattern, regex=True))
        assert "\n" not in caught.value.what
    found = reviewed.rows(Filter(text=pattern))  # as plain text it is fine
    assert all(pattern in reviewed.items.text_of(row) for row in found.tolist())


def test_a_search_that_takes_too_long_is_given_up_for_everyone(
    reviewed: Selection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "SECONDS", -1.0)
    with pytest.raises(FilterError, match="field text is 'slow': the search takes longer"):
        reviewed.mask(Filter(text="slow"))
    monkeypatch.undo()
    with pytest.raises(FilterError, match="field text is 'slow'"):  # it is not begun again
        reviewed.mask(Filter(text="slow", issue=True))
    assert not reviewed.mask(Filter(text="slower")).any()


@pytest.mark.parametrize(
    ("filter", "named"),
    [
        (Filter(given=("joy", "bliss")), "given is 'bliss'"),
        (Filter(suggested=("Joy",)), "suggested is 'Joy'"),
        (Filter(pair=(("joy", "bliss"),)), "pair is 'bliss'"),
        (Filter(split=("validation",)), "split is 'validation'"),
        (Filter(selection="unknown"), "selection"),
    ],
)
def test_names_that_are_not_there_are_refused(reviewed: Selection, filter: Filter, named: str) -> None:
    with pytest.raises(FilterError, match=named):
        reviewed.mask(filter)


def test_an_unknown_sort_is_refused(reviewed: Selection) -> None:
    with pytest.raises(FilterError, match="cannot be sorted by 'loss:dummy'"):
        reviewed.rows(Filter(), "loss:dummy")
    with pytest.raises(FilterError, match="seed -1"):
        reviewed.rows(Filter(), "random", seed=-1)


def test_a_selection_finds_its_rows_as_soon_as_it_is_kept(selection: Selection, log: DecisionLog) -> None:
    ids = [selection.items.id_of(row) for row in (5, 9, 200)]
    key = log.save_selection([*ids, "unknown"])
    assert selection.rows(Filter(selection=key), "given").tolist() == [5, 9, 200]
    assert selection.rows(Filter(selection=key, split=("test",)), "given").tolist() == [200]


def test_masks_that_are_kept_do_not_change_when_they_are_combined(reviewed: Selection) -> None:
    filters = [Filter(issue=True), Filter(issue=True, given=("joy",)), Filter(issue=True, undecided="anyone")]
    alone = [reviewed.rows(filter).tolist() for filter in filters]
    assert [reviewed.rows(filter).tolist() for filter in filters] == alone
    assert len(alone[0]) == reviewed.items.is_issue.sum()


def test_many_threads_find_what_one_finds(items: Items, log: DecisionLog) -> None:
    filters = [Filter(given=(name,), text=text, regex=True) for name in EMOTIONS for text in ("so", "no .", "joy|love")]
    alone = Selection(items, Verdicts(items, log))
    expected = [alone.facets(filter) for filter in filters]
    shared = Selection(items, Verdicts(items, log))
    with ThreadPoolExecutor(8) as pool:
        for _ in range(3):
            assert list(pool.map(shared.facets, filters)) == expected
