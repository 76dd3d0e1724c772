from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from auditor.correction.decide.outcome import find_outcomes
from auditor.data import LabeledTexts
from auditor.review.log.event import VERDICTS
from auditor.review.view.progress import progress
from auditor.review.view.verdicts import Verdicts
from auditor.run import Run
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
    assert [entry["verdict"] for entry in found["by_verdict"]] == [*VERDICTS, "tie"]
    assert found["together"] == {"rows": 0, "agree": 0, "tied": 0}
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
    assert counts == {**dict.fromkeys(VERDICTS, 0), "relabel": 1, "exclude": 1, "tie": 1}  # rows, not decisions
    by_class = {entry["label"]: entry for entry in found["by_class"]}
    assert by_class[given[0]]["tie"] == 1
    assert sum(entry[verdict] for entry in found["by_class"] for verdict in [*VERDICTS, "tie"]) == found["decided"]
    assert found["by_pair"] == [{"given": given[1], "to": to, "count": 1}]
    assert found["together"] == {"rows": 1, "agree": 0, "tied": 1}
    assert found["agreement"] == {"followed": 1, "of": 3}
    assert found["stale"] == 1
    assert [(one["reviewer"], one["decided"], one["undone"]) for one in found["reviewers"]] == [
        ("ann", 3, 0),
        ("bob", 1, 0),
    ]


def test_what_stands_is_what_an_export_makes_of_it(verdicts: Verdicts, run: Run) -> None:
    """Every verdict of up to four people on the same rows, against the export's own outcomes."""
    random, texts = np.random.default_rng(3), LabeledTexts.of(run)
    for row in range(60):
        given = str(verdicts.items.label(verdicts.items.given[row]))
        others = [name for name in EMOTIONS if name != given]
        for reviewer in ("ann", "bob", "cy", "dee")[: random.integers(1, 5)]:
            verdict = VERDICTS[random.integers(0, 3)] if row % 2 else VERDICTS[random.integers(0, len(VERDICTS))]
            labels = {"relabel": others[int(random.integers(0, 2)) :][:1], "ambiguous": EMOTIONS[:2]}.get(verdict, ())
            decide(verdicts, row, reviewer, verdict, *labels)
    outcomes = find_outcomes(texts, verdicts.log.standing()).by_row
    found = progress(verdicts)
    named = Counter(outcome.verdict or "tie" for outcome in outcomes.values())
    assert {one["verdict"]: one["count"] for one in found["by_verdict"] if one["count"]} == named
    pairs = Counter((int(verdicts.items.given[row]), one.new_label) for row, one in outcomes.items() if one.new_label)
    names = verdicts.items.label_names
    assert {(names.index(one["given"]), one["to"]): one["count"] for one in found["by_pair"]} == pairs
    several = [one for one in outcomes.values() if len(one.votes) > 1]
    assert found["together"]["rows"] == len(several)
    assert found["together"]["tied"] == named["tie"] > 0
    opinions = [
        {(vote.verdict, vote.new_labels[:1] * (vote.verdict == "relabel")) for vote in o.votes} for o in several
    ]
    assert found["together"]["agree"] == sum(len(one) == 1 for one in opinions) > 0


def test_speed_is_measured_by_reviewer_and_of_all_together(verdicts: Verdicts) -> None:
    for row in range(6):
        decide(verdicts, row, "ann", at=START + timedelta(seconds=20 * row), seconds=20.0)
        decide(verdicts, row, "bob", at=START + timedelta(seconds=20 * row + 10))
        decide(verdicts, row, "dee", at=START - timedelta(days=1, seconds=row), seconds=1.0)  # who is gone
    for row in range(6, 9):
        decide(verdicts, row, "cy", at=START)
    found = progress(verdicts)
    assert [(one["reviewer"], one["rate_per_hour"]) for one in found["reviewers"]] == [
        *(("ann", pytest.approx(180)), ("bob", pytest.approx(180))),
        *(("cy", None), ("dee", pytest.approx(3600))),
    ]
    assert [one["median_seconds"] for one in found["reviewers"]] == [20.0, None, None, 1.0]
    assert found["rate_per_hour"] == pytest.approx(360)
    assert found["seconds_left"] == pytest.approx(3600 * found["issues_left"] / found["rate_per_hour"])


def test_decisions_that_arrive_at_once_after_an_outage_took_as_long_as_was_recorded(verdicts: Verdicts) -> None:
    more = {"run_id": verdicts.log.run_id, "seconds": 12.0}
    verdicts.log.append([decision(verdicts.items, row, **more) for row in range(5)])  # stamped microseconds apart
    verdicts.catch_up()
    assert progress(verdicts)["rate_per_hour"] == pytest.approx(300)


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
