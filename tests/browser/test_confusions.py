"""The matrix given × suggested: its numbers, what a click on one does, and the keyboard."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import OpenPage
from tests.browser.queueing import wait_for_card
from tests.browser.server import Server
from tests.browser.viewing import address, ask, idle, query, visit

pytestmark = pytest.mark.browser

MINE = query(undecided="me")


def number_of(view: Locator, given: str, suggested: str) -> Locator:
    return view.get_by_role("button", name=f"given {given}, suggested {suggested}:")


def pressed(view: Locator) -> list[str | None]:
    return [one.get_attribute("data-pair") for one in view.locator("button[aria-pressed=true]").all()]


def corner(element: Locator) -> tuple[float, float]:
    box = element.bounding_box()
    assert box is not None
    return box["x"], box["y"]


def test_the_numbers_are_those_of_the_server(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "matrix")
    view = visit(page, server, "confusions", MINE)
    answer = ask(page, f"confusions?{MINE}")
    labels, cells = answer["labels"], answer["cells"]
    assert len(cells) > 10
    for given, suggested, rows, _ in cells:
        expect(number_of(view, labels[given], labels[suggested])).to_have_text(str(rows))
    expect(view.locator("tbody button")).to_have_count(len(cells))
    total = sum(rows for _, _, rows, _ in cells)
    expect(view.locator(".pg-found")).to_have_text(f"{total} rows in {len(cells)} pairs")
    expect(view.locator("tfoot td").last).to_have_text(str(total))
    sums = [int(text) for text in view.locator("tbody td:last-child").all_text_contents()]
    assert sums == sorted(sums, reverse=True)
    assert sum(sums) == total


def test_a_number_picks_its_pair(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "matrix-pair")
    view = visit(page, server, "confusions", MINE)
    answer = ask(page, f"confusions?{MINE}")
    labels, cells = answer["labels"], answer["cells"]
    (a, b, rows, _), (c, d, others, _) = cells[0], cells[3]
    number_of(view, labels[a], labels[b]).click()
    filter = page.locator(".auditor-page[data-page=filters] .pg-found")
    expect(filter).to_have_text(f"{rows} row{'s' * (rows != 1)} found")
    expect(view.locator("tbody button")).to_have_count(len(cells))  # the others can still be picked
    number_of(view, labels[c], labels[d]).click()
    expect(filter).to_have_text(f"{rows + others} rows found")
    idle(page)
    assert {tuple(json.loads(pair or "")) for pair in pressed(view)} == {(labels[a], labels[b]), (labels[c], labels[d])}
    number_of(view, labels[a], labels[b]).click()
    expect(filter).to_have_text(f"{others} row{'s' * (others != 1)} found")
    view.get_by_role("button", name="Open in the queue").click()
    wait_for_card(page)
    expect(page.locator(".au-chip-given").first).to_have_text(labels[c])
    expect(page.locator(".au-chip-suggested").first).to_have_text(labels[d])
    page.go_back()
    expect(view.get_by_role("button", name="Pick none")).to_be_visible()
    view.get_by_role("button", name="Pick none").click()
    expect(view.locator("button[aria-pressed=true]")).to_have_count(0)
    assert "pair" not in address(page)


def test_a_pair_written_by_others_is_the_same_pair(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "matrix-written")
    view = visit(page, server, "confusions", query(pair='[ "joy" ,\t"sadness"]'))
    assert pressed(view) == ['["joy","sadness"]']
    number_of(view, "joy", "sadness").click()
    expect(view.locator("button[aria-pressed=true]")).to_have_count(0)
    assert address(page) == "tab=confusions"


def test_arrows_go_from_number_to_number(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "matrix-keys")
    view = visit(page, server, "confusions", MINE)
    buttons = view.locator("tbody button")
    assert view.locator("tbody button[tabindex='0']").count() == 1
    row = view.locator("tbody tr").filter(has=page.locator("td:nth-child(2) button"))
    row.first.locator("button").first.focus()
    page.keyboard.press("ArrowRight")
    expect(row.first.locator("button").nth(1)).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")  # there is nothing further: it stays
    expect(row.first.locator("button").first).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(row.nth(1).locator("button").first).to_be_focused()
    assert view.locator("tbody button[tabindex='0']").count() == 1
    page.keyboard.press("Enter")
    expect(view.locator("button[aria-pressed=true]")).to_be_focused()  # drawn anew, and still there
    assert buttons.count() > 10


def test_it_scrolls_in_its_own_box(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "matrix-phone", viewport={"width": 360, "height": 300})
    view = visit(page, server, "confusions", MINE)
    box = view.get_by_role("region", name="Confusions")
    assert box.evaluate("(box) => box.scrollWidth > box.clientWidth && box.scrollHeight > box.clientHeight")
    head, side = view.locator("thead th").first, view.locator("tbody th").first
    (across, top), (left, down) = corner(head), corner(side)
    box.evaluate("(box) => box.scrollTo(150, 60)")
    assert corner(head) == (across - 150, top)  # the heads stay in sight
    assert corner(side) == (left, down - 60)
