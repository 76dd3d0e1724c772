"""Groups of issues: as the server counts them, opened in the queue, decided as a whole."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import OpenPage
from tests.browser.queueing import press, said, settle, shown, wait_for_card
from tests.browser.server import Server
from tests.browser.viewing import ask, query, visit

pytestmark = pytest.mark.browser

MINE = query(undecided="me")


def group(view: Locator, number: int) -> Locator:
    return view.locator(".pg-groups > li").filter(
        has=view.page.get_by_role("button", name=f"Open group {number} in the queue")
    )


def test_the_largest_first_with_their_words(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "groups")
    view = visit(page, server, "groups", MINE)
    groups = ask(page, f"groups?{MINE}")
    assert len(groups) > 10
    assert [one["rows"] for one in groups] == sorted((one["rows"] for one in groups), reverse=True)
    headings = view.locator(".pg-groups h2").all_text_contents()
    assert headings == [f"{one['given']}→{one['suggested']}" for one in groups][: len(headings)]
    for one in groups[:5]:
        assert group(view, one["group"]).get_by_role("listitem").all_text_contents() == one["words"]
        expect(group(view, one["group"]).locator("strong")).to_have_text(f"{one['rows']} rows")
    total = sum(one["rows"] for one in groups)
    several = [one for one in groups if one["rows"] > 1]
    alone = len(groups) - len(several)
    rows = f"{len(several)} groups with {total - alone} rows, and {alone} single rows that the filter finds"
    expect(view.locator(".pg-found")).to_have_text(rows)
    page.get_by_role("checkbox", name="joy").first.check()
    expect(view.locator(".pg-found")).not_to_have_text(rows)
    assert {text.split("→")[0] for text in view.locator(".pg-groups h2").all_text_contents()} == {"joy"}


def test_one_opens_in_the_queue(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "group-queue")
    view = visit(page, server, "groups", MINE)
    number = ask(page, f"groups?{MINE}")[1]["group"]
    view.get_by_role("button", name=f"Open group {number} in the queue").click()
    wait_for_card(page)
    wanted = {row["id"] for row in ask(page, f"table?{MINE}&group={number}&size=500")["rows"]}
    page.wait_for_function("ids => ids.includes(document.querySelector('.au-card').dataset.id)", arg=list(wanted))
    first = shown(page)
    press(page, "k")
    settle(page)
    assert [(event.item_id, event.source) for event in server.events("group-queue")] == [(first, "group")]


def test_one_is_decided_as_a_whole(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "group-bulk")
    view = visit(page, server, "groups", MINE)
    one = ask(page, f"groups?{MINE}")[2]
    wanted = {row["id"] for row in ask(page, f"table?{MINE}&group={one['group']}&size=500")["rows"]}
    view.get_by_role("button", name=f"Decide group {one['group']} as a whole").click()
    dialog = page.get_by_role("dialog", name=f"Decide group {one['group']}: {one['rows']} rows")
    dialog.get_by_role("radio", name="Take each row’s suggestion").check()
    dialog.get_by_role("button", name=f"Decide {one['rows']} rows").click()
    expect(view.get_by_text(f"{one['rows']} rows decided: take each row’s suggestion.")).to_be_visible()
    expect(group(view, one["group"])).to_have_count(0)  # what I have decided is not in my filter any more
    events = server.events("group-bulk")
    assert {event.item_id for event in events} == wanted
    assert {(event.verdict, event.new_labels, event.source) for event in events} == {
        ("relabel", (one["suggested"],), "bulk")
    }
    view.get_by_role("button", name="Undo this").click()
    said(page, f"Undone: {one['rows']} rows.")
    expect(group(view, one["group"])).to_have_count(1)
    assert server.standing("group-bulk") == {}


def test_what_is_decided_is_shown(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "group-part")
    view = visit(page, server, "groups", "issue=1")
    one = ask(page, "groups?issue=1")[0]
    view.get_by_role("button", name=f"Open group {one['group']} in the queue").click()
    wait_for_card(page)
    press(page, "k", "k")
    settle(page)
    page.get_by_role("tab", name="Groups").click()
    page.get_by_role("button", name="Remove filter: group").click()
    expect(group(view, one["group"])).to_contain_text("decided, mean suspicion")
    now = next(other for other in ask(page, "groups?issue=1") if other["group"] == one["group"])
    assert now["rows"] - now["undecided"] >= 2
    expect(group(view, one["group"])).to_contain_text(f", {now['rows'] - now['undecided']} decided")


def test_nothing_found_is_said(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "group-none")
    view = visit(page, server, "groups", query(text="nobody wrote this"))
    expect(view.locator(".pg-found")).to_have_text("The filter finds no row that is in a group.")
