from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.review.event import VERDICTS
from auditor.review.progress import PAUSE, WINDOW, progress, rate_per_hour
from auditor.review.verdicts import Verdicts
from tests.report.made import EMOTIONS
from tests.review.reviewing import decide, decision
from tests.review.runs import ROWS

START = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)


def test_at_first_everything_is_left(verdicts: Verdicts) -> None:
    issues = int(verdicts.items.is_issue.sum())
    found = progress(verdicts)
    assert (found["rows"], found["decided"], found["left"]) == (ROWS, 0, ROWS)
    assert (found["issues_decided"], found["issues_left"]) == (0, issues)
    assert (found["rate_per_hour"], found["seconds_left"]) == (None, None)
    assert found["agreement"] == {"followed": 0, "of": 0}
    assert (found["by_pair"], found["reviewers"], found["stale"]) == ([], [], 0)
    assert [entry["verdict"] for entry in found["by_verdict"]] == list(VERDICTS)
    assert [entry["label"] for entry in found["by_class"]] == list(EMOTIONS)
    json.dumps(found, allow_nan=False)


def test_decisions_are_counted_by_row_verdict_class_and_pair(verdicts: Verdicts) -> None:
    items = verdicts.items
    issues = np.flatnonzero(items.is_issue).tolist()
    other = next(row for row in range(ROWS) if row not in issues)
    given = [str(items.label(items.given[row])) for row in (issues[0], issues[1])]
    to = next(name for name in EMOTIONS if name not in given)
    decide(verdicts, issues[0], "ann", "relabel", to, suggestion_shown=to)
    decide(verdicts, issues[0], "bob", "keep", suggestion_shown=to)
    decide(verdicts, issues[1], "ann", "relabel", to, suggestion_shown="another")
    decide(verdicts, other, "ann", "exclude", suggestion_shown="another")
    decide(verdicts, issues[2], "bob", "keep", item_hash="0" * 32)
    found = progress(verdicts)
    assert (found["decided"], found["left"], found["issues_decided"]) == (3, ROWS - 3, 2)
    assert found["issues_left"] == len(issues) - 2
    counts = {entry["verdict"]: entry["count"] for entry in found["by_verdict"]}
    assert counts == {**dict.fromkeys(VERDICTS, 0), "relabel": 2, "keep": 1, "exclude": 1}
    by_class = {entry["label"]: entry for entry in found["by_class"]}
    assert by_class[given[0]]["keep"] == 1
    assert sum(entry[verdict] for entry in found["by_class"] for verdict in VERDICTS) == 4
    assert sum(entry["count"] for entry in found["by_pair"]) == 2
    assert {(entry["given"], entry["to"]) for entry in found["by_pair"]} == {(name, to) for name in given}
    assert found["agreement"] == {"followed": 1, "of": 3}
    assert found["stale"] == 1
    assert [(one["reviewer"], one["decided"], one["undone"]) for one in found["reviewers"]] == [
        ("ann", 3, 0),
        ("bob", 1, 0),
    ]


def test_speed_is_measured_by_reviewer_and_of_all_together(verdicts: Verdicts) -> None:
    for row in range(6):
        decide(verdicts, row, "ann", at=START + timedelta(seconds=20 * row), seconds=20.0)
        decide(verdicts, row, "bob", at=START + timedelta(seconds=20 * row + 10))
    for row in range(6, 9):
        decide(verdicts, row, "cy", at=START)
    found = progress(verdicts)
    assert [(one["reviewer"], one["rate_per_hour"]) for one in found["reviewers"]] == [
        ("ann", pytest.approx(180)),
        ("bob", pytest.approx(180)),
        ("cy", None),
    ]
    assert [one["median_seconds"] for one in found["reviewers"]] == [20.0, None, None]
    assert found["rate_per_hour"] == pytest.approx(3600 * 14 / 110)
    assert found["seconds_left"] == pytest.approx(3600 * found["issues_left"] / found["rate_per_hour"])


def test_undone_decisions_count_as_undone_alone(verdicts: Verdicts) -> None:
    for row in range(3):
        decide(verdicts, row, "ann")
    verdicts.log.undo("ann", "undo")
    verdicts.catch_up()
    found = progress(verdicts)
    assert found["decided"] == 2
    assert [(one["decided"], one["undone"]) for one in found["reviewers"]] == [(2, 1)]


def test_a_bulk_has_no_speed(verdicts: Verdicts) -> None:
    more = {"run_id": verdicts.log.run_id, "batch_id": "batch", "source": "bulk"}
    verdicts.log.append([decision(verdicts.items, row, **more) for row in range(50)])
    verdicts.catch_up()
    assert (progress(verdicts)["decided"], progress(verdicts)["rate_per_hour"]) == (50, None)


def test_the_rate_is_over_recent_activity_and_leaves_pauses_out() -> None:
    slow, quick = np.arange(0, 600, 60.0), np.arange(10_000, 10_600, 6.0)
    assert rate_per_hour(slow) == pytest.approx(60)
    assert rate_per_hour(np.concatenate([slow, quick])) == pytest.approx(3600 * 108 / (540 + 594))
    long_ago = np.arange(-90_000, 0, 60.0)
    assert rate_per_hour(np.concatenate([long_ago, 10_000 + np.arange(0, WINDOW + 7, 6.0)])) == pytest.approx(600)
    assert rate_per_hour(np.arange(5) * PAUSE) == pytest.approx(12)
    assert rate_per_hour(np.arange(5) * (PAUSE + 1)) is None
    assert rate_per_hour(np.zeros(100)) is None
    assert rate_per_hour(np.arange(4.0)) is None
    assert rate_per_hour(np.empty(0)) is None


@given(st.lists(st.floats(0, 1e5), min_size=5, max_size=40), st.randoms())
def test_the_rate_does_not_depend_on_the_order_or_the_hour(times: list[float], random: object) -> None:
    rate = rate_per_hour(np.array(times))
    random.shuffle(times)  # type: ignore[attr-defined]
    assert rate_per_hour(np.array(times)) == rate
    assert rate is None or rate > 0
