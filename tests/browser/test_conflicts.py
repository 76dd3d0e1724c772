"""Conflicts on the page: who may settle sees both sides, and one key decides."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from auditor.review.view.items import Items
from auditor.run import find_run
from tests.browser.conftest import OpenPage
from tests.browser.queueing import settle, shown, wait_for_card
from tests.browser.server import Server
from tests.browser.viewing import problems
from tests.review.reviewing import decision

pytestmark = pytest.mark.browser


def test_a_conflict_is_shown_with_both_sides_and_settled_with_one_key(own_server: Server, open_page: OpenPage) -> None:
    items = Items.of(find_run(own_server.directory))
    rows = [1, 4]
    with own_server.log() as log:
        for row in rows:
            for name, verdict in (("bob", "keep"), ("cyd", "exclude")):
                note = f"<b>{name}</b> says so"
                log.append([decision(items, row, name, verdict, run_id=log.run_id, note=note)])
    page = open_page(own_server, "", "eva")
    assert page.locator(".au-conflict").count() == 0
    page.get_by_role("button", name="Conflicts: 2").click()
    sides = page.locator(".au-sides > li")
    expect(sides).to_have_count(2)
    expect(sides.nth(0)).to_contain_text("Keep")
    expect(sides.nth(0)).to_contain_text("<b>bob</b> says so")
    expect(sides.nth(0).locator("kbd")).to_have_text("k")
    expect(sides.nth(1).locator("kbd")).to_have_text("x")
    assert problems(page) == []
    first = shown(page)
    page.keyboard.press("i")  # unsure settles nothing
    assert shown(page) == first
    page.keyboard.press("k")
    second = wait_for_card(page, first)
    settle(page)
    page.keyboard.press("u")
    assert wait_for_card(page, second) == first
    expect(sides).to_have_count(2)
    page.keyboard.press("x")
    wait_for_card(page, first)
    page.keyboard.press("x")
    settle(page)
    expect(page.get_by_role("heading", name="This queue is at its end")).to_be_visible()
    expect(page.get_by_role("button", name="Conflicts: 0")).to_be_visible()
    with own_server.log() as log:
        found = {(event.item_id, event.reviewer, event.verdict) for event in log.adjudications()}
        assert found == {(items.id_of(row), "eva", "exclude") for row in rows}
        assert {event.reviewer for event in log.standing()} == {"bob", "cyd"}
