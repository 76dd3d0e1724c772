"""Tests of bulk changes in words: how to begin one, how it stands, and what it allows, for Export and Groups."""

from __future__ import annotations

import numpy as np
import pytest
from auditor_ui.services.certificates import Certificates

from auditor.review.feed.planning import plan_group, plan_suggestions
from auditor.review.log.log import DecisionLog
from auditor.review.view.items import Items
from auditor.review.view.verdicts import Verdicts
from auditor.run import Run
from tests.review.feed.test_certified import planned, read_all, sure


@pytest.fixture
def verdicts(run: Run, log: DecisionLog) -> Verdicts:
    return Verdicts(Items.of(run), log)


@pytest.fixture
def certificates(verdicts: Verdicts) -> Certificates:
    verdicts.catch_up()
    return Certificates(verdicts)


def test_before_a_plan_it_says_how_to_certify(
    certificates: Certificates, verdicts: Verdicts, monkeypatch: pytest.MonkeyPatch
) -> None:
    for least, word in ((2.0, "No test can certify"), (0.0, "`auditor review RUN --certify 5%` serves")):
        monkeypatch.setattr("auditor.review.feed.planning.LEAST_PROBABILITY", least)
        found = certificates.suggestions()
        assert found["limit"] is None
        assert word in found["sentences"][0]
    planned = plan_suggestions(verdicts, certificates._probability(), 0.05, "ann").plan
    assert f": {planned.cards[0]} drawn at random (" in found["sentences"][0]


@pytest.mark.parametrize(("wrong", "limit"), [(0, 0.1), (9, None)])
def test_only_a_set_that_has_passed_is_offered(
    certificates: Certificates, verdicts: Verdicts, wrong: int, limit: float | None
) -> None:
    test = planned(verdicts)
    assert certificates.suggestions()["limit"] is None
    assert "--certify 10%" in certificates.suggestions()["sentences"][-1]
    read_all(verdicts, test, wrong)
    found = certificates.suggestions()
    assert found["limit"] == limit
    last = "will be wrong (95 % confidence)." if limit else "nothing can be changed without reading it."
    assert found["sentences"][-1].endswith(last)
    assert certificates.groups() == {}


def test_groups_say_what_was_tested_of_their_rows(certificates: Certificates, verdicts: Verdicts) -> None:
    items = verdicts.items
    group = int(np.bincount(items.group[items.group >= 0]).argmax())
    label = int(np.bincount(items.given).argmax())
    test = plan_group(verdicts, items.given == label, None, 0.3, "ann", misses_allowed=0)
    found = certificates.groups()
    assert set(found) == set(items.group[test.rows].tolist())
    assert all(lines[0].startswith("Test of one verdict on the whole group") for lines in found.values())
    assert (group in found) == bool((items.given[items.group == group] == label).any())
    assert len(sure(verdicts)) == len(items)
