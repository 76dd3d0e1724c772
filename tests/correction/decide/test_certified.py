"""An export under a certificate: what is changed, and where the bound is recorded."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from auditor.api import Audit
from auditor.correction.decide.policy import Policy
from auditor.correction.patch.patch import read_patch
from auditor.correction.push.card import render_section
from auditor.correction.push.facts import gather
from auditor.errors import ExportError
from auditor.review.feed.certified import CertificateTest, find_test
from auditor.review.feed.replay import replay_draws
from tests.review.reviewing import decide
from tests.review.runs import write_run

POLICY = Policy(unreviewed="suggest", wrong_at_most=0.2)


@pytest.fixture
def audit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Audit:
    monkeypatch.setattr("auditor.review.feed.planning.LEAST_PROBABILITY", 0.0)
    return Audit(write_run(tmp_path / "diary"))


def read_cards(audit: Audit, plan: str, right: bool = True) -> None:
    with audit.log() as log:
        verdicts = replay_draws(audit.run, log).verdicts
        test, items = find_test(verdicts, plan), verdicts.items
        while rows := test.waiting():
            to = int(test.labels[test.rows.tolist().index(rows[0])])
            words = ("relabel", items.label_names[to]) if right and to != items.given[rows[0]] else ("keep",)
            decide(verdicts, rows[0], "ann", *words, arm="certificate", hidden=True)


def test_nothing_is_changed_before_a_set_has_passed(audit: Audit) -> None:
    with pytest.raises(ExportError, match="Nothing is planned") as caught:
        audit.corrections(POLICY)
    assert f"auditor review {audit.directory} --certify" in caught.value.todo
    status = audit.certify(0.2)
    with pytest.raises(ExportError, match=f"0 of {status.cards[0]} cards"):
        audit.corrections(POLICY)
    with pytest.raises(ExportError, match="promises at most 20 %"):
        audit.corrections(Policy(unreviewed="suggest", wrong_at_most=0.1))
    read_cards(audit, status.plan, right=False)
    with pytest.raises(ExportError, match="first set failed"):
        audit.corrections(POLICY)


def test_suggestions_that_passed_are_changed_and_the_bound_is_recorded(audit: Audit, tmp_path: Path) -> None:
    plan = audit.certify(0.2).plan
    read_cards(audit, plan)
    status = audit.certificate(plan)
    assert status.changes > 0
    done = audit.export(tmp_path / "clean.csv", POLICY)
    record = json.loads(done.record.read_text("utf-8"))
    (certificate,) = record["certificates"]
    assert certificate["changed"] == status.changes == done.summary.suggested
    assert (certificate["plan"], certificate["most_wrong"], certificate["holds"]) == (plan, status.most_wrong, True)
    sentence = next(note for note in done.notes if "got the suggested label" in note)
    assert f"at most {status.most_wrong} of them are wrong" in sentence
    changes = audit.patch(tmp_path / "patch.jsonl", POLICY)
    assert read_patch(tmp_path / "patch.jsonl") == changes
    covered = [change for change in changes if change.certificate]
    assert len(covered) == status.changes
    assert {change.certificate.plan for change in covered if change.certificate} == {plan}
    assert all((change.certificate is None) == (change.verdict is not None) for change in changes)
    facts = gather(audit.run, audit.corrections(POLICY))
    assert sentence in render_section("ann/tweets", "corrected", facts, {}, original=None)
    kept = audit.corrections()  # without the policy, the certificate changes nothing
    assert not kept.certificates
    assert not any("certificate" in line for line in (tmp_path / "patch.jsonl").read_text().splitlines()[:0])


def test_a_group_that_passed_is_recorded_until_its_cards_say_otherwise(audit: Audit) -> None:
    query = "given=" + audit.texts.label_names[0]
    status = audit.certify(0.3, filter=query, label=audit.texts.label_names[1], misses_allowed=0)
    read_cards(audit, status.plan)
    done = audit.certificate(status.plan)
    corrections = audit.corrections()
    (record,) = corrections.certificates
    assert (record.target, record.changed, record.holds) == ("group", done.changes, True)
    assert int(corrections.changed.sum()) == record.changed + sum(status.cards)
    assert corrections.left_wrong is None
    with audit.log() as log:
        verdicts = replay_draws(audit.run, log).verdicts
        test = CertificateTest(verdicts, log.plans()[0])
        for place in test.samples[0][:20].tolist():
            decide(verdicts, int(test.rows[place]), "ann", "keep")
    (record,) = audit.corrections().certificates
    assert not record.holds
    assert "does not hold any more" in record.sentence
    assert np.all([change.certificate is None for change in audit.patch()])
