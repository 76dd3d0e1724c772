"""What several people do together, on SQLite and on PostgreSQL: one server writes, another reads the same."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Any

import numpy as np
import pytest

from auditor.config import QueueConfig
from auditor.errors import DecisionError
from auditor.review.feed.blind import Blind
from auditor.review.feed.certified import find_test, status_of
from auditor.review.feed.feed import Feed
from auditor.review.feed.known_answers import KnownAnswers
from auditor.review.feed.learner import Learner
from auditor.review.feed.planning import plan_suggestions
from auditor.review.feed.served import Served
from auditor.review.judge.endpoint import Endpoint
from auditor.review.judge.judge import Job, Prices
from auditor.review.log.log import DecisionLog
from auditor.review.view.items import Items
from auditor.review.view.verdicts import Verdicts
from auditor.run import Run
from tests.review.judge.server import label, serving
from tests.review.reviewing import decide, decision

Servers = tuple[Verdicts, Verdicts]


@pytest.fixture
def servers(items: Items, open_log: Callable[..., DecisionLog]) -> Servers:
    """Two servers at one database."""
    one, other = Verdicts(items, open_log()), Verdicts(items, open_log())
    return one, other


def test_guidelines_are_everybodys_and_stale_edits_are_refused(servers: Servers) -> None:
    one, other = servers
    one.guidelines.write("## joy\nHappy 😀", "ann", "g1", None)
    decide(one, 3, "ann")
    other.catch_up()
    assert (other.guidelines.text, other.guidelines.version) == ("## joy\nHappy 😀", one.guidelines.version)
    with pytest.raises(DecisionError, match="ann has changed the guidelines"):
        other.guidelines.write("Mine.", "bob", "g2", None)
    other.guidelines.write("Ours.", "bob", "g3", other.guidelines.version)
    decide(other, 4, "bob", guideline=other.guidelines.version)
    assert not one.guidelines.adopt("## joy\nHappy 😀", "g4")  # the log has had it: the newer one stays
    one.catch_up()
    assert one.guidelines.text == "Ours."
    assert np.flatnonzero(one.under(["current"])).tolist() == [4]
    assert np.flatnonzero(one.under(["older"])).tolist() == [3]


def test_conflicts_are_settled_undone_and_settled_again(servers: Servers) -> None:
    one, other = servers
    decide(one, 7, "ann", "keep")
    decide(other, 7, "bob", "exclude", note="@ann really?")
    one.catch_up()
    assert (one.conflict[7], other.conflict[7], [note.row for note in one.asked("ann")]) == (True, True, [7])
    decide(one, 7, "eva", "exclude", adjudication=True)
    other.catch_up()
    assert (other.conflict[7], other.outcomes.wrong[7]) == (False, 1)
    assert other.log.undo("eva", "u1") is not None
    assert one.log.append([decision(one.items, 8, "ann", run_id=one.log.run_id)])  # not of that row
    for server in servers:
        server.catch_up()
        assert (bool(server.conflict[7]), server.outcomes.wrong[7], server.people[8]) == (True, 0, 1)
    assert one.log.redo("eva", "r1") is not None
    decide(other, 7, "ann", "unsure")  # the adjudication of the row stands nevertheless
    for server in servers:
        server.catch_up()
        assert (bool(server.conflict[7]), server.outcomes.wrong[7]) == (False, 1)


def test_a_certificate_is_planned_on_one_server_and_read_on_another(servers: Servers) -> None:
    one, other = servers
    for server in servers:
        server.catch_up()
    sure = np.linspace(0.99, 0.6, len(one.items), dtype=np.float32)
    plan = plan_suggestions(one, sure, 0.2, "ann", misses_allowed=0)
    test = find_test(other, plan.event.event_id)
    assert test.plan == plan.plan
    while waiting := test.waiting():
        row = waiting[0]
        to = int(test.labels[test.rows.tolist().index(row)])
        words = ("keep",) if to == one.items.given[row] else ("relabel", one.items.label_names[to])
        decide(other, row, "bob", *words, arm="certificate", hidden=True)
    one.catch_up()
    assert plan.waiting() == []
    assert status_of(plan) == status_of(test)
    assert status_of(plan).changes > 0


def test_known_answers_and_models_verdicts_are_seen_by_both(servers: Servers) -> None:
    one, other = servers
    items = one.items
    answers = {row: items.label_names[int(items.given[row]) if row != 61 else 0] for row in range(60, 64)}
    known = [KnownAnswers(server, Served(server, Blind(server)), answers, 3) for server in servers]
    for number in range(3):
        server, asker = servers[number % 2], known[number % 2]
        server.catch_up()
        found = asker.next("ann", [])
        assert found is not None
        decide(server, found[0], "ann", "keep", arm="known", answer=found[1])
    for server, asker in zip(servers, known, strict=True):
        server.catch_up()
        assert asker.next("ann", []) is None
    assert known[0].qualification("ann") == known[1].qualification("ann")
    assert known[0].qualification("ann").done  # type: ignore[union-attr]
    with serving() as model:
        model.answer = lambda body: label(items.label_names[0])
        endpoint = Endpoint(model.url, "tiny", key="", sleep=lambda seconds: None)
        job = Job.of(items, one.log, endpoint, "Choose.", [5, 6], 10, Prices())
        assert job.run(lambda done, total: None).judged == 2
        assert Job.of(items, other.log, endpoint, "Choose.", [5, 6, 7], 10, Prices()).plan.judged_before == 2
    other.catch_up()
    assert [event.origin is not None for event in other.log.judged("model:tiny")] == [True, True]
    assert other.reviewers == ("ann",)


def test_no_card_comes_to_two_people_at_once(run: Run, servers: Servers) -> None:
    feeds = []
    for server in servers:
        learner = Learner.of(run, server.items, server)
        feeds.append(Feed(server.items, server, Blind(server), learner, QueueConfig(blind=0.3, opening=5)))
    seen: dict[str, list[int]] = {f"person {number}": [] for number in range(6)}
    wrong: list[Any] = []

    def work(me: str, number: int) -> None:
        try:
            feed, server = feeds[number % 2], servers[number % 2]
            for _ in range(3):
                for card in feed.next(me, [], 2):
                    if not card.decided_before:
                        seen[me].append(card.row)
                    feed.blind.interval(feed.learner.learnt.error)  # asked for while others draw
                    feed.blind.interval_alone()
                    decide(server, card.row, me, arm=card.arm, hidden=card.hidden, follow=card.follow)
        except BaseException as error:
            wrong.append(error)

    threads = [Thread(target=work, args=(me, number)) for number, me in enumerate(seen)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    rows = [row for some in seen.values() for row in some]
    assert len(rows) == len(set(rows)) > 15
    assert all(feed._reserved == set() for feed in feeds)
