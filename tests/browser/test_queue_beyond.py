"""What of the queue reaches beyond its card: the reviewer's name, undo from the other tabs, and a row's past."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.queueing import press, said, settle, shown, wait_for_card
from tests.browser.server import Server
from tests.browser.viewing import until, visit
from tests.review.events import decide

pytestmark = pytest.mark.browser

MINE = "undecided=me&tab=queue"


def answered(page: Page) -> None:
    """Wait for the server as `settle` does, where the queue cannot be seen."""
    page.locator(".au-saved[data-waiting='0']").wait_for(state="attached")


def test_the_name_is_changed_and_each_keeps_their_own(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, MINE, "before")
    [hers] = press(page, "k")
    settle(page)
    name = page.locator(".auditor-reviewer button")
    expect(name).to_have_text("before")
    name.click()
    field = page.get_by_label("Your name")
    expect(field).to_have_value("before")
    press(page, "Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(name).to_have_text("before")
    name.click()
    field.fill("after")
    press(page, "Enter")
    expect(name).to_have_text("after")
    assert wait_for_card(page) == hers  # undecided by this one
    press(page, "x")
    settle(page)
    assert server.standing("before") == {hers: "keep"}
    assert server.standing("after") == {hers: "exclude"}


def test_the_name_stays_until_everything_is_saved(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, MINE, "unsaved")
    held = []
    page.route("**/api/events", lambda route: held.append(route), times=1)
    press(page, "k")
    page.locator(".auditor-reviewer button").click()
    said(page, "1 decision must be saved first, under the name that you have now.")
    expect(page.get_by_role("dialog")).to_have_count(0)
    until(page, lambda: len(held) == 1)
    held[0].continue_()
    settle(page)
    page.locator(".auditor-reviewer button").click()
    expect(page.get_by_role("dialog", name="Who is reviewing?")).to_be_visible()


def test_undo_and_redo_from_another_tab(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, MINE, "tabs")
    first, second = press(page, "k", "x")
    settle(page)
    page.get_by_role("tab", name="Progress").click()
    page.locator(".auditor-page[data-page=progress] .pg-tiles").first.wait_for()
    press(page, "k", "Control+u", "u")
    said(page, "Undoing your latest action.")
    answered(page)
    assert server.standing("tabs") == {first: "keep"}
    press(page, "r")
    said(page, "Redoing what you undid.")
    answered(page)
    assert server.standing("tabs") == {first: "keep", second: "exclude"}
    assert [event.kind for event in server.events("tabs")] == ["decide", "decide", "undo", "redo"]


def test_undo_on_a_tab_that_was_opened_by_its_address(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, MINE, "addressed")
    [first] = press(page, "k")
    settle(page)
    visit(page, server, "progress")
    press(page, "u")
    said(page, "Undone.")
    assert server.standing("addressed") == {}
    press(page, "r")
    said(page, "Redone.")
    assert server.standing("addressed") == {first: "keep"}


def test_a_decision_that_no_longer_counts_says_so_in_the_history(open_page: OpenPage, own_server: Server) -> None:
    with own_server.log() as log:
        log.append([decide("train-5", "bob", "exclude", run_id=log.run_id)])  # of a hash that no row has
    page = open_page(own_server, "ids=train-5&undecided=me&tab=queue", "ann")
    assert shown(page) == "train-5"
    press(page, "k", "b")
    lines = page.locator(".au-history li")
    expect(lines).to_have_count(2)
    expect(lines.nth(0)).to_contain_text("No longer counts: the row had another text or given label then.")
    expect(lines.nth(1)).not_to_contain_text("No longer counts")
    settle(page)
