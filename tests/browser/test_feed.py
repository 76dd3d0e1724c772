"""The default queue on the page: cards without evidence, repeats, the closing sample, and the number on Progress."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from auditor_ui.services.workspace import Workspace
from playwright.sync_api import Page, expect

from auditor.config import QueueConfig
from auditor.review.log.event import Event
from auditor.review.log.log import DecisionLog, run_id
from auditor.run import Run, find_run
from tests.browser.conftest import OpenPage
from tests.browser.queueing import press, said, settle, shown, wait_for_card
from tests.browser.viewing import PHONE, ask, number, problems, until, visit
from tests.review.reviewing import decision
from tests.ui.conftest import make_app
from tests.ui.listening import listening

pytestmark = pytest.mark.browser


class Feed:
    """A review within this process, so that a test can say which cards come."""

    def __init__(self, url: str, workspace: Workspace) -> None:
        self.url, self.workspace = url, workspace

    def events(self, reviewer: str = "ada") -> list[Event]:
        return [one for one in self.workspace.log.all_events() if one.reviewer == reviewer and one.kind == "decide"]

    def judge(self, rows: range, verdict: str = "keep") -> None:
        """Have somebody judge rows beforehand."""
        log = self.workspace.log
        log.append([decision(self.workspace.items, row, "eve", verdict, run_id=log.run_id) for row in rows])


Serve = Callable[..., Feed]


@pytest.fixture
def serve(audited: Run, tmp_path: Path) -> Iterator[Serve]:
    """Serve a copy of the run. A test names this before ``open_page``, so that the pages end first."""
    directory = tmp_path / "diary"
    shutil.copytree(audited.directory, directory)
    run = find_run(directory)
    with ExitStack() as stack:

        def served(**mix: Any) -> Feed:
            log = DecisionLog(directory / "decisions.db", run_id(run))
            stack.callback(log.close)
            made: list[Any] = []
            queue = QueueConfig(**{"opening": 0, **mix})
            thread = Thread(target=lambda: made.append(make_app(run, log, queue=queue)))
            thread.start()
            thread.join()
            server = stack.enter_context(listening(made[0]))
            return Feed(f"http://127.0.0.1:{server.port}/", made[0].state.workspace)

        yield served


@pytest.fixture
def coins(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Say how the coins of the queue fall: ``coins(hidden=1, repeat=0)``."""

    def fall(*, hidden: int = 0, repeat: int = 0, after: int = 0, lately: int = 20) -> None:
        values = {"HIDDEN_SHARE": hidden, "REPEAT_SHARE": repeat, "REPEAT_AFTER": after, "LATELY": lately}
        for name, value in values.items():
            monkeypatch.setattr(f"auditor.review.feed.feed.{name}", value)

    return fall


def evidence(page: Page) -> int:
    """How much of what the models say is on the page."""
    parts = (
        ".au-side, .au-chip-suggested, .au-badge, .au-reasons, .au-models, .au-others, .au-history, .au-is-suggested"
    )
    return page.locator(".au-card, .au-controls").locator(parts).count()


def test_a_hidden_card_shows_nothing_until_it_is_judged_or_asked_for(serve: Serve, open_page: OpenPage) -> None:
    feed = serve(blind=1)
    page = open_page(feed, "", "ada")
    first = shown(page)
    expect(page.get_by_role("heading", level=2, name="Your own reading first")).to_be_visible()
    expect(page.locator(".au-facts dt")).to_have_text(["Split", "Id"])
    assert evidence(page) == 0
    suggest = page.locator("[data-action=suggest]")
    expect(suggest).to_contain_text("The suggestion is hidden")
    expect(suggest).to_have_attribute("aria-disabled", "true")
    expect(page.locator("[data-action=evidence] kbd")).to_have_text("v")
    assert problems(page) == []
    press(page, "s")
    said(page, "so that your verdict is your own; v shows it")
    assert shown(page) == first
    press(page, "v")
    expect(page.locator(".au-models")).to_be_visible()
    expect(suggest).not_to_have_attribute("aria-disabled", "true")
    expect(page.locator("[data-action=evidence]")).to_be_hidden()
    press(page, "k")
    second = wait_for_card(page, first)
    assert evidence(page) == 0
    press(page, "x")
    settle(page)
    press(page, "b")  # what is judged shows all
    expect(page.locator(".au-models")).to_be_visible()
    expect(page.locator(".au-own")).to_contain_text("Your verdict: Exclude")
    seen = {event.item_id: (event.arm, event.hidden, event.evidence_seen) for event in feed.events()}
    assert seen == {first: ("blind", True, True), second: ("blind", True, False)}
    assert [event.suggestion_shown is None for event in feed.events()] == [False, True]


SLOW = """
    const quick = window.fetch;
    window.fetch = async (url, request) => {
        await new Promise((resolve) => setTimeout(resolve, String(url).includes("api/events") ? 300 : 0));
        return quick(url, request);
    };
"""
"""Decisions take their time to the server."""

FIGURES = """() => {
    window.figures = [];
    const look = () => window.figures.push(document.querySelector(".au-figures").textContent);
    new MutationObserver(look).observe(document.querySelector(".au-queue"),
        { subtree: true, childList: true, characterData: true });
}"""


def test_no_card_comes_twice_however_quickly_one_decides(
    serve: Serve, open_page: OpenPage, coins: Callable[..., None]
) -> None:
    coins()
    feed = serve(blind=0)
    page = open_page(feed, None, "ada")
    page.add_init_script(SLOW)
    page.goto(feed.url)
    wait_for_card(page)
    page.evaluate(FIGURES)
    for key in "kkkkxkkukkkk":
        (card,) = press(page, key)
        wait_for_card(page, card)
    settle(page)
    decided = [event.item_id for event in feed.events()]
    assert len(decided) == 11
    assert Counter(Counter(decided).values()) == {1: 9, 2: 1}  # the undone card alone was decided twice
    figures = [[number(part) for part in text.split("·")] for text in page.evaluate("window.figures") if "·" in text]
    assert figures[-1] == [10, 590]
    assert {decided + left for decided, left in figures} == {600}


def test_the_key_is_in_the_list_and_can_be_changed(serve: Serve, open_page: OpenPage) -> None:
    page = open_page(serve(blind=1), "", "ada")
    press(page, "h")
    page.get_by_role("button", name="Change the key: Show what the models say").click()
    press(page, "g", "Escape")
    expect(page.locator("[data-action=evidence] kbd")).to_have_text("g")
    press(page, "g")
    expect(page.locator(".au-models")).to_be_visible()


def test_blind_cards_wait_over_skips_reloads_and_windows(
    serve: Serve, open_page: OpenPage, coins: Callable[..., None]
) -> None:
    coins(lately=6)
    feed = serve(blind=1)
    page = open_page(feed, "", "ada")
    (skipped,) = press(page, "Space")
    met = [skipped]
    for _ in range(12):
        met.append(wait_for_card(page, met[-1]))
        if met[-1] == skipped:
            break
        press(page, "k")
        settle(page)
    assert met.count(skipped) == 2  # it has come again, by itself
    assert len(met) > 4  # after some others
    page.reload()
    waiting = {feed.workspace.items.id_of(row) for _, row in feed.workspace.feed.blind.pending()}
    assert wait_for_card(page) in waiting
    other = page.context.new_page()
    other.goto(feed.url)
    mine = wait_for_card(other)
    assert mine == shown(page)  # the same draw, in both windows
    press(page, "k")
    settle(page)
    moved = "old => !document.querySelector('.au-card[data-id=\"' + CSS.escape(old) + '\"]')"
    own = other.locator(".au-own").filter(has_text="Your verdict: Keep")
    until(other, lambda: other.evaluate(moved, mine) or own.count() > 0)
    assert [event.item_id for event in feed.events()].count(mine) == 1


def test_a_repeat_that_differs_is_shown_with_both_verdicts(
    serve: Serve, open_page: OpenPage, coins: Callable[..., None]
) -> None:
    coins(repeat=1, hidden=1)
    feed = serve(blind=0)
    page = open_page(feed, "", "ada")
    met: list[str] = []
    for _ in range(12):
        if shown(page) in met:
            break
        met += press(page, "k")
        settle(page)
        wait_for_card(page, met[-1])
    again = shown(page)
    assert again in met
    assert evidence(page) == 0
    expect(page.locator(".au-own")).to_be_empty()
    press(page, "x")
    said(page, "You have judged this text before: Keep, now Exclude.")
    for _ in range(6):  # it is the next card, or the one after what has come meanwhile
        if page.locator(".au-notice[role=alert]").count():
            break
        press(page, "Space")
    notice = page.locator(".au-notice[role=alert]")
    expect(notice).to_contain_text("first Keep, now Exclude. Decide which holds; until then, the first does.")
    assert shown(page) == again
    standing = {event.item_id: event.verdict for event in feed.workspace.log.standing()}
    assert standing[again] == "keep"
    press(page, "x")
    settle(page)
    until(page, lambda: {one.item_id: one.verdict for one in feed.workspace.log.standing()}[again] == "exclude")
    assert [event.source for event in feed.events() if event.item_id == again] == ["queue", "repeat", "queue"]


def test_the_queue_says_when_one_can_stop(serve: Serve, open_page: OpenPage) -> None:
    feed = serve(blind=1)
    feed.judge(range(560), "exclude")
    page = open_page(feed, "", "ada", **PHONE)
    card = shown(page)
    expect(page.locator(".au-stop")).to_be_hidden()
    press(page, "k")
    wait_for_card(page, card)
    line = page.locator(".au-stop")
    expect(line).to_contain_text(re.compile(r"You can stop here. Enough wrong labels are found: at least 9\d\u202f%"))
    said(page, "Enough wrong labels are found")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert problems(page) == []
    line.get_by_role("button").tap()
    expect(page.get_by_role("heading", level=2, name="Drawn at random")).to_be_visible()
    view = visit(page, feed, "progress")
    expect(view.locator(".pg-stop")).to_contain_text("You can stop: at least 9")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_random_sample_shows_how_far_it_has_come_and_its_end(serve: Serve, open_page: OpenPage) -> None:
    page = open_page(serve(sample=2), "", "ada")
    line = page.locator(".au-stop")
    for judged in (0, 1):
        expect(line).to_have_text(f"Random sample: {judged} of 2 cards are judged.")
        (card,) = press(page, "k")
        wait_for_card(page, card)
    expect(line).to_have_text("The random sample is complete. Progress shows the estimate; the default queue follows.")
    said(page, "The random sample is complete.")
    settle(page)


def test_a_closing_sample_from_progress_and_back(serve: Serve, open_page: OpenPage) -> None:
    feed = serve(blind=0)
    page = open_page(feed, None, "ada")
    view = visit(page, feed, "progress")
    expect(view.locator(".pg-sentence")).to_contain_text("is not known")
    view.get_by_role("button", name="Can I stop? Read a closing sample").click()
    card, line = wait_for_card(page), page.locator(".au-stop")
    expect(line).to_contain_text("Closing sample. 0 cards drawn at random are read.")
    for key in "kx":
        press(page, key)
        card = wait_for_card(page, card)
    settle(page)
    expect(line).to_contain_text("2 cards drawn at random are read; at most ")
    page.get_by_role("tab", name="Progress").click()
    expect(view.locator(".pg-sentence")).to_have_text(ask(page, "progress")["estimate"]["sentence"])
    expect(view.get_by_role("img", name="How the interval has narrowed")).to_be_visible()
    expect(view.get_by_role("table", name="Wrong labels by given label")).to_contain_text("not enough")
    assert problems(page) == []
    page.get_by_role("tab", name="Queue").click()
    page.get_by_role("button", name="Back to the queue").click()
    expect(line).to_be_hidden()
    wait_for_card(page, card)


def test_a_card_says_that_verdicts_have_moved_it(
    serve: Serve, open_page: OpenPage, coins: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from auditor.review.feed.learner import Learner, Moved

    coins()
    monkeypatch.setattr(Learner, "moved", lambda self, row: Moved(8, 1))
    feed = serve(blind=0)
    feed.workspace.feed.learner.wait()
    feed.workspace.feed.learner.learnt = replace(feed.workspace.feed.learner.learnt, verdicts=10, follow=1.0)
    page = open_page(feed, "", "ada")
    given = page.locator(".au-chip-given").inner_text()
    moved = f"↑ Moved up by verdicts on similar texts: of 8 labelled {given}, 1 is wrong."
    expect(page.locator(".au-moved")).to_have_text(moved)
