from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from threading import Event as Signal
from threading import Thread
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.review.log.event import VERDICTS
from auditor.review.log.log import DecisionLog
from auditor.review.view.items import Items
from auditor.review.view.own import BIT, FOLLOWED, SHOWN
from auditor.review.view.verdicts import Verdicts
from tests.review.reviewing import decide, decision
from tests.review.runs import ROWS

STALE = "0" * 32


def test_nobody_has_decided_anything_at_first(verdicts: Verdicts) -> None:
    verdicts.catch_up()
    assert verdicts.reviewers == ()
    assert not verdicts.bits().any()
    assert not verdicts.bits(("ann",)).any()
    assert not verdicts.of(None).bits.any()
    assert verdicts.decided_by(0) == []
    assert not verdicts.touched(0)
    assert verdicts.stale == 0


def test_a_decision_is_known_once_caught_up(verdicts: Verdicts) -> None:
    verdicts.log.append([decision(verdicts.items, 7, run_id=verdicts.log.run_id)])
    assert not verdicts.bits().any()
    verdicts.catch_up()
    assert np.flatnonzero(verdicts.bits()).tolist() == [7]
    assert verdicts.bits()[7] == BIT["keep"]
    assert verdicts.touched(7)


def test_the_last_decision_stands_and_undo_brings_the_one_before_back(verdicts: Verdicts) -> None:
    decide(verdicts, 7, "ann", "keep")
    decide(verdicts, 7, "ann", "exclude")
    assert verdicts.bits()[7] == BIT["exclude"]
    for left in (BIT["keep"], 0):
        verdicts.log.undo("ann", f"undo-{left}")
        verdicts.catch_up()
        assert verdicts.bits()[7] == left
    assert verdicts.touched(7)
    verdicts.log.redo("ann", "redo")
    verdicts.catch_up()
    assert verdicts.bits()[7] == BIT["keep"]


def test_reviewers_are_told_apart(verdicts: Verdicts) -> None:
    decide(verdicts, 7, "bob", "keep")
    decide(verdicts, 7, "ann", "unsure")
    decide(verdicts, 8, "ann", "unsure")
    assert verdicts.reviewers == ("ann", "bob")
    assert verdicts.bits()[7] == BIT["keep"] | BIT["unsure"]
    assert verdicts.bits(("bob", "nobody"))[[7, 8]].tolist() == [BIT["keep"], 0]
    assert verdicts.decided_by(7) == ["ann", "bob"]
    assert verdicts.decided_by(8) == ["ann"]


def test_what_others_have_decided_is_gone(verdicts: Verdicts) -> None:
    ids = [verdicts.items.id_of(row) for row in (7, 8, 9)]
    decide(verdicts, 7, "bob")
    decide(verdicts, 8, "ann")
    assert verdicts.gone([*ids, "unknown"], "ann") == ids[:1]
    assert verdicts.gone(ids, None) == ids[:2]
    assert verdicts.gone([], "ann") == []


def test_a_decision_on_what_has_changed_since_is_stale_and_counts_apart(verdicts: Verdicts) -> None:
    decide(verdicts, 7, "ann", item_hash=STALE)
    decide(verdicts, 8, "ann", item_id="gone")
    decide(verdicts, 9, "bob")
    assert verdicts.stale == 2
    assert np.flatnonzero(verdicts.bits()).tolist() == [9]
    assert verdicts.decided_by(7) == []
    decide(verdicts, 7, "bob", item_hash=STALE)
    assert verdicts.stale == 3
    decide(verdicts, 7, "ann")
    assert verdicts.stale == 2
    assert verdicts.decided_by(7) == ["ann"]
    decide(verdicts, 7, "bob")
    assert verdicts.stale == 1


def test_what_a_row_was_relabelled_to_and_whether_the_suggestion_was_taken(verdicts: Verdicts) -> None:
    joy, love = verdicts.items.codes["joy"], verdicts.items.codes["love"]
    row = int(np.flatnonzero(~np.isin(verdicts.items.given, [joy, love]))[0])
    for labels, shown, taken in (("joy",), "joy", FOLLOWED), (("love",), "joy", SHOWN), (("love",), None, 0):
        decide(verdicts, row, "ann", "relabel", *labels, suggestion_shown=shown)
        own = verdicts.of("ann")
        assert own.to[row] == 1 + verdicts.items.codes[labels[0]]
        assert own.suggestion[row] == taken
    decide(verdicts, row, "ann", "keep", suggestion_shown="joy")
    assert (own.to[row], own.suggestion[row]) == (0, SHOWN)
    decide(verdicts, row, "ann", "ambiguous", "joy", "love", suggestion_shown="joy")
    assert (own.to[row], own.suggestion[row]) == (0, 0)


def test_bulk_and_imports_say_nothing_of_when_or_of_agreement(verdicts: Verdicts) -> None:
    for row, source in enumerate(("queue", "bulk", "import")):
        decide(verdicts, row, "ann", "keep", suggestion_shown="joy", source=source)
    own = verdicts.of("ann")
    assert np.flatnonzero(own.bits).tolist() == [0, 1, 2]
    assert np.flatnonzero(own.at).tolist() == np.flatnonzero(own.suggestion).tolist() == [0]


steps = st.lists(
    st.tuples(
        st.sampled_from(["decide"] * 4 + ["stale", "unknown", "bulk", "undo", "redo", "catch up"]),
        st.integers(0, 5),
        st.sampled_from(["ann", "bob", "cy"]),
        st.sampled_from([verdict for verdict in VERDICTS if verdict not in ("relabel", "ambiguous")]),
    ),
    max_size=25,
)


@given(steps)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_catching_up_now_and_then_comes_to_what_stands(
    items: Items, tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, str, Any]]
) -> None:
    log = DecisionLog(tmp_path_factory.mktemp("log") / "decisions.db", "run")
    verdicts = Verdicts(items, log)
    for number, (what, row, reviewer, verdict) in enumerate(steps):
        if what == "catch up":
            verdicts.catch_up()
        elif what in ("undo", "redo"):
            getattr(log, what)(reviewer, f"{what}-{number}")
        elif what == "bulk":
            more = {"run_id": "run", "batch_id": f"batch-{number}", "source": "bulk"}
            log.append([decision(items, each, reviewer, verdict, **more) for each in range(row, row + 3)])
        else:
            more = {"stale": {"item_hash": STALE}, "unknown": {"item_id": f"unknown {row}"}}.get(what, {})
            log.append([decision(items, row, reviewer, verdict, **{"run_id": "run", **more})])
    verdicts.catch_up()
    expected: defaultdict[int, int] = defaultdict(int)
    stale = 0
    for event in log.standing():
        found = items.row_of(event.item_id or "")
        if found is None or items.hash_of(found) != event.item_hash:
            stale += 1
        else:
            expected[found] |= BIT[event.verdict or "keep"]
            assert verdicts.of(event.reviewer).bits[found] == BIT[event.verdict or "keep"]
    assert dict(enumerate(verdicts.bits().tolist())) == {row: expected[row] for row in range(ROWS)}
    assert verdicts.stale == stale
    assert sum(np.count_nonzero(verdicts.of(name).bits) for name in verdicts.reviewers) + stale == len(
        [*log.standing()]
    )
    anew = Verdicts(items, log)
    anew.catch_up()
    np.testing.assert_array_equal(anew.bits(), verdicts.bits())
    assert anew.stale == stale
    log.close()


def test_a_row_that_is_decided_anew_is_never_seen_undecided(items: Items, tmp_path: Path) -> None:
    log = DecisionLog(tmp_path / "decisions.db", "run")
    verdicts, seen, done = Verdicts(items, log), set[int](), Signal()
    decide(verdicts, 7)

    def look() -> None:
        while not done.is_set():
            seen.add(int(verdicts.bits()[7]))

    reader = Thread(target=look)
    reader.start()
    for number in range(25):
        decide(verdicts, 7, "ann", ("exclude", "keep")[number % 2])
    done.set()
    reader.join()
    log.close()
    assert 0 not in seen
