"""At speed, and when things break: no press is lost, none lands on another card, nothing shown as saved is missing."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from auditor.run import Run
from tests.browser.conftest import OpenPage
from tests.browser.queueing import RECORD_PRESSES, press, said, settle, shown, wait_for_card
from tests.browser.server import Server
from tests.browser.viewing import until

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

EVERYTHING = "undecided=anyone&tab=queue"
MINE = "undecided=me&tab=queue"
VERDICTS = {"k": "keep", "x": "exclude", "i": "unsure", "s": "relabel"}

RECORD_SAVED = """() => {
    window.saved = new Set();
    new MutationObserver(() => {
        const lines = document.querySelectorAll(".au-trail [data-state=saved]");
        lines.forEach((line) => window.saved.add(line.dataset.event));
    }).observe(document.querySelector(".au-trail"), { subtree: true, childList: true, attributes: true });
}"""
"""Notes which decisions the page has ever shown as saved."""


def pour(page: Page, presses: int, a_second: int, *, cards: bool = True) -> None:
    """Press keys evenly, as fast as a hand on a keyboard that repeats by itself.

    With ``cards``, each press waits until a card is shown: on a busy machine the next ones may still be on their way.
    """
    start = time.monotonic()
    for number in range(presses):
        if cards:
            wait_for_card(page)
        page.keyboard.press("kxis"[number % 4])
        page.wait_for_timeout(max(0, (start + (number + 1) / a_second - time.monotonic()) * 1000))


def pressed(page: Page) -> list[tuple[str, str]]:
    """Cards and verdicts as they were pressed."""
    return [(item, VERDICTS[key]) for item, key in page.evaluate("window.presses")]


def logged(server: Server, reviewer: str) -> list[tuple[str | None, str | None]]:
    return [(event.item_id, event.verdict) for event in server.events(reviewer)]


def test_200_presses_at_20_a_second_are_in_the_log_one_for_one(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, MINE, "quick")
    page.evaluate(RECORD_PRESSES)
    pour(page, 200, 20)
    settle(page)
    presses = pressed(page)
    assert len(presses) == 200
    assert len({item for item, _ in presses}) == 200
    assert logged(server, "quick") == presses
    suggested = {event.item_id: event for event in server.events("quick") if event.verdict == "relabel"}
    assert all(event.new_labels == (event.suggestion_shown,) for event in suggested.values())


def test_a_reload_in_the_middle_loses_nothing(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, MINE, "reload")
    page.evaluate(RECORD_PRESSES)
    page.route("**/api/events", lambda route: None)  # never answered
    pour(page, 20, 20)
    presses = pressed(page)
    assert len(presses) == 20
    expect(page.locator(".au-saved")).to_have_text(f"Saving {len(presses)}…")
    page.unroute("**/api/events")
    page.reload()
    assert wait_for_card(page) not in {item for item, _ in presses}
    assert logged(server, "reload") == presses


def test_kill_9_while_decisions_pour_in(open_page: OpenPage, mortal_server: Server) -> None:
    page = open_page(mortal_server, MINE, "killing", outages=True)
    page.evaluate(RECORD_PRESSES)
    page.evaluate(RECORD_SAVED)
    pour(page, 30, 20)
    mortal_server.kill()
    before = page.evaluate("[...window.saved]")
    assert set(before) <= {event.event_id for event in mortal_server.events("killing")}
    pour(page, 20, 20)  # the cards are there already
    expect(page.locator(".au-saved")).to_have_attribute("data-state", "trouble")
    expect(page.locator(".au-saved")).to_contain_text("not saved yet")
    said(page, "kept in this browser and sent again")
    mortal_server.start()
    settle(page)
    said(page, "All saved.")
    presses = pressed(page)
    assert len(presses) == 50
    assert logged(mortal_server, "killing") == presses


def test_a_page_that_is_closed_while_the_server_is_away(open_page: OpenPage, mortal_server: Server) -> None:
    page = open_page(mortal_server, MINE, "closing", outages=True)
    mortal_server.kill()
    cards = press(page, "k", "x", "u", "i")
    mortal_server.start()
    page.reload()
    wait_for_card(page)
    assert [(event.kind, event.item_id) for event in mortal_server.events("closing")] == [
        *(("decide", cards[0]), ("decide", cards[1]), ("undo", cards[1]), ("decide", cards[1]))
    ]


def test_undo_goes_on_after_a_restart(open_page: OpenPage, mortal_server: Server) -> None:
    page = open_page(mortal_server, MINE, "restarting", outages=True)
    cards = press(page, "k", "x", "i")
    settle(page)
    mortal_server.kill()
    mortal_server.start()
    press(page, "u")
    assert shown(page) == cards[2]
    settle(page)
    page.reload()
    for expected in reversed(cards[:2]):
        before = wait_for_card(page)
        press(page, "u")
        assert wait_for_card(page, before) == expected
    settle(page)
    assert mortal_server.standing("restarting") == {}


def test_presses_without_a_card_are_not_taken(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, f"{MINE}&{'&'.join(f'ids=train-{row}' for row in range(100, 104))}", "none-left")
    page.evaluate(RECORD_PRESSES)
    pour(page, 8, 20, cards=False)  # four more than there are cards
    expect(page.locator(".au-nothing")).to_be_visible()
    settle(page)
    assert len(pressed(page)) == 4
    assert logged(server, "none-left") == pressed(page)


def test_slow_cards_are_said_and_presses_meanwhile_belong_to_none(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, MINE, None)
    held = []
    page.route("**/api/queue*", lambda route: held.append(route), times=1)
    page.get_by_label("Your name").fill("slow")
    page.keyboard.press("Enter")
    expect(page.locator(".au-card")).to_have_text("The next cards are on their way…")
    press(page, "k")
    expect(page.locator("#au-status")).to_contain_text("No card is shown: nothing was decided.")
    until(page, lambda: len(held) == 1)
    held[0].continue_()
    wait_for_card(page)
    assert server.events("slow") == []


def test_a_browser_that_keeps_nothing_and_makes_no_ids(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, MINE, None)
    page.add_init_script(
        """Object.defineProperty(window, "localStorage", { get() { throw new DOMException("no", "SecurityError"); } });
           delete Crypto.prototype.randomUUID;"""
    )
    page.reload()
    page.get_by_label("Your name").fill("keeps-nothing")
    page.keyboard.press("Enter")
    wait_for_card(page)
    cards = press(page, "k", "x", "u", "i")
    settle(page)
    assert server.standing("keeps-nothing") == {cards[0]: "keep", cards[1]: "unsure"}


def test_two_reviewers_at_once(open_page: OpenPage, mortal_server: Server) -> None:
    ada = open_page(mortal_server, EVERYTHING, "ada")
    ben = open_page(mortal_server, EVERYTHING, "ben")
    first = shown(ada)
    assert shown(ben) == first
    hers = press(ada, *"kkkkk")
    settle(ada)
    press(ben, "x")  # the card on his screen is his to judge, too
    settle(ben)  # from now on, his page knows what she has decided
    his = press(ben, *"xxxxx")
    settle(ben)
    assert first == hers[0]
    assert not {*his[1:]} & {*hers}
    assert mortal_server.standing("ada") == dict.fromkeys(hers, "keep")
    assert mortal_server.standing("ben") == dict.fromkeys([first, *his], "exclude")
    ada_next = shown(ada)
    press(ada, "u")
    settle(ada)
    assert shown(ada) == hers[-1] != ada_next
    assert len(mortal_server.standing("ben")) == 6  # everybody undoes their own


def test_what_one_has_not_saved_is_never_sent_as_another(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, MINE, "cy", outages=True)
    page.route("**/api/events", lambda route: route.abort())
    [card] = press(page, "k")
    rename(page, "dan")  # as in another tab
    page.unroute("**/api/events")
    expect(page.locator(".au-saved")).to_contain_text("dan")
    page.reload()
    wait_for_card(page)
    press(page, "x")
    settle(page)
    assert server.events("cy") == []
    assert server.standing("dan") == {card: "exclude"}
    rename(page, "cy")
    page.reload()
    wait_for_card(page)
    assert server.standing("cy") == {card: "keep"}


def rename(page: Page, name: str) -> None:
    page.evaluate(
        """name => fetch("api/name", { method: "POST", headers: { "Content-Type": "application/json" },
                                       body: JSON.stringify({ name }) })""",
        name,
    )


def test_a_press_never_goes_into_the_log_of_another_run(
    open_page: OpenPage, own_server: Server, audited: Run, tmp_path: Path
) -> None:
    page = open_page(own_server, MINE, "eve", outages=True)
    own_server.kill()
    cards = press(page, "k", "x")
    other = Server(tmp_path / "other", forks=own_server.forks)
    shutil.copytree(audited.directory, other.directory)
    other.port, other.url = own_server.port, own_server.url
    try:
        other.start()
        rename(page, "eve")  # as in another tab
        page.get_by_role("button", name="Try now").click()
        expect(page.locator(".au-saved")).to_contain_text("another run")
        expect(page.locator(".au-saved")).to_have_attribute("data-waiting", "2")
        assert other.events("eve") == []
    finally:
        other.kill()
    own_server.start()
    rename(page, "eve")
    page.get_by_role("button", name="Try now").click()
    settle(page)
    assert own_server.standing("eve") == {cards[0]: "keep", cards[1]: "exclude"}


def test_what_else_lies_in_the_browser_neither_hides_presses_nor_is_sent(
    open_page: OpenPage, own_server: Server
) -> None:
    page = open_page(own_server, MINE, "ann", outages=True)
    own_server.kill()
    cards = press(page, "k", "x")
    page.evaluate(
        """() => {
            const key = Object.keys(localStorage).find((name) => name.startsWith("auditor:outbox:"));
            const mine = key.slice(0, key.lastIndexOf(":") + 1);
            localStorage.setItem(mine + "0broken", "{{");
            localStorage.setItem(mine + "1nothing", "null");
            const event = { ...JSON.parse(localStorage.getItem(key)), event_id: "not-mine", verdict: "exclude" };
            localStorage.setItem(mine.replace(/:ann:$/, ":ann%3Ab:") + "1", JSON.stringify(event));
        }"""
    )
    own_server.start()
    page.reload()
    wait_for_card(page)
    settle(page)
    assert own_server.standing("ann") == {cards[0]: "keep", cards[1]: "exclude"}
    assert "not-mine" not in {event.event_id for event in own_server.events("ann")}
