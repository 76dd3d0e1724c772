"""A model as one more reviewer: resumed, bounded, measured on blind cards, and never counted as a person."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auditor.api import Audit
from auditor.errors import AccountError, EndpointError, LogError
from auditor.review.feed.blind import Blind
from auditor.review.judge.endpoint import Endpoint
from auditor.review.judge.judge import FAILURES, Job, Prices
from auditor.review.judge.measure import measure
from auditor.review.log.event import Event
from auditor.review.log.jsonl import export_log, import_log
from auditor.review.log.log import DecisionLog
from auditor.review.view.card import Cards
from auditor.review.view.items import Items
from auditor.review.view.progress import progress
from auditor.review.view.verdicts import Verdicts
from auditor.run import Run
from tests.review.judge.server import Server, label, says, serving
from tests.review.reviewing import decide
from tests.review.runs import empty_log, write_run


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as made:
        yield made


def no_progress(done: int, total: int) -> None:
    """Ignore it."""


def job(verdicts: Verdicts, server: Server, rows: list[int], most: int = 100, text: str = "Choose.") -> Job:
    endpoint = Endpoint(server.url, "tiny", key="", sleep=lambda seconds: None)
    return Job.of(verdicts.items, verdicts.log, endpoint, text, rows, most, Prices(2.0, 10.0))


def text_of(body: dict[str, Any]) -> str:
    return str(body["messages"][1]["content"])


def test_verdicts_are_events_of_the_model_and_nothing_of_a_person(verdicts: Verdicts, server: Server) -> None:
    items = verdicts.items
    decide(verdicts, 5, "ann", "keep")
    before = progress(verdicts)
    name = items.label_names[0]
    server.answer = lambda body: label(name)
    work = job(verdicts, server, list(range(10)))
    assert (work.plan.rows, work.plan.is_local, work.plan.cost is None) == (10, True, False)
    done = work.run(no_progress)
    assert (done.asked, done.judged, done.tokens_in, done.tokens_out, done.without) == (10, 10, 1000, 50, {})
    assert done.cost == (1000 * 2 + 50 * 10) / 1_000_000
    found = verdicts.log.judged()
    assert {event.reviewer for event in found} == {"model:tiny"}
    for event in found:
        row = items.row_of(event.item_id or "")
        assert row is not None
        expected = ("keep", ()) if items.given[row] == 0 else ("relabel", (name,))
        assert (event.verdict, event.new_labels) == expected
    verdicts.catch_up()
    assert progress(verdicts) == before
    assert [event.reviewer for event in verdicts.log.standing()] == ["ann"]
    assert verdicts.reviewers == ("ann",)
    assert [figures.reviewer for figures in verdicts.log.reviewers()] == ["ann"]
    verdicts.log.rebuild()
    assert verdicts.log.undo("model:tiny", "undo-1") is None


def test_what_was_judged_is_not_sent_twice_unless_the_instruction_changes(verdicts: Verdicts, server: Server) -> None:
    name = verdicts.items.label_names[1]
    server.answer = lambda body: label(name)
    assert job(verdicts, server, [0, 1, 2, 3], most=3).run(no_progress).judged == 3
    rest = job(verdicts, server, [0, 1, 2, 3], most=3)
    assert (rest.plan.rows, rest.plan.judged_before, list(rest.rows)) == (1, 3, [3])
    rest.run(no_progress)
    assert job(verdicts, server, [0, 1, 2, 3]).plan.rows == 0
    assert job(verdicts, server, [0, 1, 2, 3], text="By other guidelines.").plan.rows == 4
    assert len(server.bodies) == 4


def test_refusals_leave_no_verdict_and_are_asked_again(verdicts: Verdicts, server: Server) -> None:
    items, name = verdicts.items, verdicts.items.label_names[0]
    refused = {items.text_of(1), items.text_of(3)}
    server.answer = lambda body: says("", finish="content_filter") if text_of(body) in refused else label(name)
    done = job(verdicts, server, [0, 1, 2, 3, 4]).run(no_progress)
    assert (done.judged, done.without) == (3, {"refused": 2})
    assert list(job(verdicts, server, [0, 1, 2, 3, 4]).rows) == [1, 3]


def test_a_model_that_talks_nonsense_is_not_asked_for_ever(verdicts: Verdicts, server: Server) -> None:
    server.answer = lambda body: says("banana")
    with pytest.raises(EndpointError, match=f"no usable answer {FAILURES} times in a row: invalid"):
        job(verdicts, server, list(range(50))).run(no_progress)
    assert len(server.bodies) == FAILURES
    assert verdicts.log.judged() == []


def test_quality_is_measured_on_blind_cards_that_people_judged(verdicts: Verdicts, server: Server) -> None:
    items, blind = verdicts.items, Blind(verdicts)
    verdicts.catch_up()
    wrong: dict[int, str] = {}
    rows = []
    for number in range(40):
        row = items.row_of(blind.draw("ann", np.full(len(items), 0.1)).item_id or "")
        assert row is not None
        rows.append(row)
        if number % 2:
            decide(verdicts, row, "ann", "keep")
        else:
            wrong[row] = items.label_names[(int(items.given[row]) + 1) % len(items.label_names)]
            decide(verdicts, row, "ann", "relabel", wrong[row])
    found = {items.text_of(row): wrong[row] for row in list(wrong)[:15]}
    false = {items.text_of(row): items.label_names[int(items.given[row]) - 1] for row in rows if row not in wrong}
    flagged = dict(list(false.items())[:5])
    right = {items.text_of(row): items.label_names[items.given[row]] for row in range(len(items))}
    server.answer = lambda body: label({**right, **flagged, **found}[text_of(body)])
    decide(verdicts, next(row for row in range(len(items)) if row not in rows), "ann", "exclude")
    job(verdicts, server, list(range(len(items))), most=1000).run(no_progress)
    quality = measure(blind, "tiny")
    by_row = {items.row_of(event.item_id or ""): event for event in verdicts.log.judged()}
    flags = [by_row[row].verdict == "relabel" for row in rows]
    errors = [row in wrong for row in rows]
    both = sum(flag and error for flag, error in zip(flags, errors, strict=True))
    assert quality.cards == 40
    assert (quality.flagging.precision.count, quality.flagging.precision.of) == (both, sum(flags))
    assert (quality.flagging.recall.count, quality.flagging.recall.of) == (both, 20)
    assert quality.agreement.of == 40
    assert quality.agreement.low < quality.agreement.count / 40 < quality.agreement.high
    assert measure(blind, "other").cards == 0


def test_a_card_shows_it_only_after_ones_own_verdict(verdicts: Verdicts, server: Server) -> None:
    name = verdicts.items.label_names[0]
    server.answer = lambda body: label(name)
    job(verdicts, server, [4]).run(no_progress)
    verdicts.catch_up()
    cards = Cards(verdicts.items, verdicts)
    decide(verdicts, 4, "bob", "keep")
    assert cards.card(4, "ann")["model_verdicts"] == []
    assert "model:" not in str(cards.card(4, "ann"))
    decide(verdicts, 4, "ann", "keep")
    (shown,) = cards.card(4, "ann")["model_verdicts"]
    assert shown["reviewer"] == "model:tiny"


def test_a_log_with_verdicts_of_models_travels(
    verdicts: Verdicts, server: Server, run: Run, items: Items, tmp_path: Path
) -> None:
    name = items.label_names[0]
    server.answer = lambda body: label(name)
    job(verdicts, server, [1, 2]).run(no_progress)
    assert export_log(verdicts.log, tmp_path / "log.jsonl") == 2
    (tmp_path / "other").mkdir()
    other = next(empty_log(run, tmp_path / "other"))
    assert import_log(other, tmp_path / "log.jsonl") == (2, 0)
    assert other.judged() == verdicts.log.judged()
    other.close()
    DecisionLog(tmp_path / "other" / "decisions.db", other.run_id).close()  # its contents pass the check
    line = (tmp_path / "log.jsonl").read_text().splitlines()[0].replace('"kind":"judge"', '"kind":"decide"')
    (tmp_path / "false.jsonl").write_text(line + "\n")
    with pytest.raises(LogError):  # a model's verdict passed off as a person's
        import_log(verdicts.log, tmp_path / "false.jsonl")


def test_no_person_has_the_name_of_a_model() -> None:
    from auditor.access.accounts import reviewer_name

    for name in ("model:tiny", " Model:x", "MODEL:"):
        with pytest.raises(AccountError, match="name of a model"):
            reviewer_name(name)
    assert reviewer_name("a model: mine") == "a model: mine"


def test_texts_are_sent_only_after_consent(server: Server, tmp_path: Path) -> None:
    run = write_run(tmp_path / "diary")
    server.answer = lambda body: label(run.dataset.label_names[0])
    plans: list[Any] = []
    options: dict[str, Any] = {"rows": "filter", "filter": f"given={run.dataset.label_names[0]}", "most": 5}
    refuse = Audit(run).judge(server.url, "tiny", agree=lambda plan: bool(plans.append(plan)), **options)
    assert (refuse, server.bodies, plans[0].rows) == (None, [], 5)
    done = Audit(run).judge(server.url, "tiny", agree=lambda plan: True, **options)
    assert done is not None
    assert (done.judged, len(server.bodies)) == (5, 5)
    events: list[Event] = Audit(run).decisions()
    assert {event.kind for event in events} == {"judge"}
