"""What is decided elsewhere, in a second tab or by a colleague, is seen within seconds, without a click."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.queueing import press, settle, shown, wait_for_card
from tests.browser.server import Server
from tests.browser.viewing import ask, query, visit

pytestmark = pytest.mark.browser

ALL = "tab=queue&sort=given"


def test_a_second_tab_of_the_same_person(open_page: OpenPage, server: Server) -> None:
    first, second = (open_page(server, ALL, "both-tabs") for _ in range(2))
    item = shown(first)
    assert shown(second) == item
    press(first, "x")
    notice = second.locator(".au-notice")
    expect(notice).to_have_text("Your verdict: Exclude, given in another window.")
    expect(second.locator(".au-figures")).to_contain_text("1 decided")
    expect(second.locator(".au-history li")).to_have_count(0)  # what one reads does not move
    press(first, "u")
    expect(notice).to_have_count(0)
    expect(second.locator(".au-figures")).to_contain_text("0 decided")
    cards = press(first, "k", "x", "i")
    expect(second.locator(".au-figures")).to_contain_text("3 decided")
    press(second, "Space")  # the next card was fetched before it was decided
    assert shown(second) == cards[1]
    expect(notice).to_have_text("Your verdict: Exclude, given in another window.")
    settle(first)


def test_undecided_rows_leave_a_second_tab(open_page: OpenPage, server: Server) -> None:
    first, second = (open_page(server, f"{ALL}&undecided=me", "leaving") for _ in range(2))
    left = second.locator(".au-figures")
    before = ask(second, "facets?undecided=me")["found"]
    press(first, "Space", "k", "x", "i")
    expect(left).to_have_text(f"3 decided · {before - 3} left")
    press(second, "Space")
    assert shown(second) == shown(first)
    expect(second.locator(".auditor-page[data-page=filters] .pg-found")).to_have_text(f"{before - 3} rows found")


def test_a_table_that_is_looked_at_follows_colleagues(open_page: OpenPage, own_server: Server) -> None:
    page = open_page(own_server, None, "ann")
    view = visit(page, own_server, "table", "undecided=anyone")
    bob = open_page(own_server, "", "bob")
    press(bob, "k", "x")
    expect(view.locator(".pg-found")).to_have_text("598 rows found")


def test_decided_counts_all_of_a_persons_rows(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, "undecided=me&tab=queue", "counting-all")
    figures = page.locator(".au-figures")
    expect(figures).to_contain_text("0 decided")
    press(page, "k", "x", "i")
    expect(figures).to_contain_text("3 decided")  # at once
    settle(page)
    page.reload()
    wait_for_card(page)
    expect(figures).to_contain_text("3 decided")
    press(page, "u")
    expect(figures).to_contain_text("2 decided")
    settle(page)
    press(page, "k")
    expect(figures).to_contain_text("3 decided")
    page.goto(f"{server.url}?tab=queue&ids=none")
    expect(page.locator(".au-nothing")).to_contain_text("You have decided 3 rows")


@pytest.mark.parametrize("way", ["queue", "groups", "elsewhere"])
def test_what_is_undone_is_not_offered_to_be_undone(open_page: OpenPage, server: Server, way: str) -> None:
    name = f"undo-{way}"
    page = open_page(server, "undecided=me&tab=queue", name)
    other = open_page(server, "undecided=me&tab=queue", name) if way == "elsewhere" else None
    view = page.locator(".auditor-page[data-page=table]")
    page.get_by_role("tab", name="Table").click()
    view.locator(".pg-rows tbody input").first.check()
    view.get_by_role("button", name="Decide the picked…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("radio", name="Exclude").check()
    dialog.get_by_role("button", name="Decide 1 row").click()
    undo = view.get_by_role("button", name="Undo this")
    expect(undo).to_be_visible()
    if other:
        press(other, "u")
    else:
        page.get_by_role("tab", name=way.capitalize()).click()
        press(page, "u")
        page.get_by_role("tab", name="Table").click()
    expect(undo).to_have_count(0)
    assert server.standing(name) == {}


def test_an_invalid_pattern_shows_nothing_and_offers_nothing(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "patterns", outages=True)
    view = visit(page, server, "table")
    expect(view.locator(".pg-rows tbody tr").first).to_be_visible()
    panel = page.locator(".auditor-page[data-page=filters]")
    panel.get_by_label("Regular expression").check()
    panel.get_by_label("Text", exact=True).fill("(joy|anger")
    expect(view.get_by_role("alert")).to_contain_text("regular expression")
    expect(panel.locator(".pg-found")).to_have_text("No row is found: the search is not understood.")
    for tab in ("Table", "Groups", "Map", "Confusions", "Export"):
        page.get_by_role("tab", name=tab).click()
        view = page.locator(f".auditor-page[data-page={tab.lower()}]")
        expect(view.get_by_role("alert").filter(has_text="regular expression")).to_be_visible()
        expect(view.get_by_role("row")).to_have_count(0)
        assert [one.inner_text() for one in view.get_by_role("button").all() if one.is_visible()] == ["Try again"]
    page.get_by_role("tab", name="Queue").click()
    expect(page.locator(".au-nothing")).to_contain_text("regular expression")
    page.get_by_role("tab", name="Table").click()
    panel.get_by_label("Text", exact=True).fill("(joy|anger)")
    expect(page.locator(".pg-rows tbody tr").first).to_be_visible()
    expect(page.get_by_role("button", name="Decide all found…")).to_be_visible()


def test_where_the_flagged_rows_end_is_said(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "boundary")
    view = visit(page, server, "table")
    last = ask(page, "session")["run"]["flagged_to"]
    rows = ask(page, "table?size=500")["rows"]
    assert rows[last - 1]["issue"]
    assert not any(row["issue"] for row in rows[last:])
    view.get_by_label("Rows per page").select_option("200")
    divider = view.locator(".pg-divider")
    expect(divider).to_have_text("The flagged rows end here; what follows is less suspect.")
    place = "(one) => [...one.parentElement.children].indexOf(one)"
    assert divider.evaluate(place) == last % 200
    view.get_by_label("Order").select_option("given")
    expect(divider).to_have_count(0)
    ids = [rows[last + step]["id"] for step in (-2, -1, 0, 1)]
    page.goto(f"{server.url}?{query(ids=ids, undecided='me')}&tab=queue")
    wait_for_card(page)
    told = page.locator(".au-boundary")
    expect(told).to_be_hidden()
    press(page, "k", "k")
    assert shown(page) == ids[2]
    expect(told).to_have_text("You have read all flagged rows; what follows is less suspect.")
    expect(page.locator(".au-badge-issue")).to_have_count(0)
    press(page, "k")
    expect(told).to_be_hidden()  # once
    press(page, "b", "b")
    assert shown(page) == ids[1]
    expect(page.locator(".au-badge-issue")).to_have_text("⚑ To read again" if rows[last - 1]["issue"] else "")
    settle(page)
    page.goto(f"{server.url}?{query(ids=ids)}&tab=queue")
    wait_for_card(page)
    press(page, "Space", "Space")
    expect(told).to_be_visible()


def test_orders_are_named_for_those_who_annotate(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, "undecided=me&tab=queue", "order-names")
    wanted = ["Learnt from your verdicts", "Most expected fixes a minute", "Most suspect first"]
    models = {"features": "meaning", "lexical": "words", "finetuned": "fine-tuned"}
    wanted += [f"Least expected by the {what} model ({name})" for name, what in models.items()]
    wanted += ["Random order", "Order of the dataset", "By given and suggested label"]
    expect(page.get_by_role("combobox", name="Order").locator("option")).to_have_text(wanted)
    page.get_by_role("tab", name="Table").click()
    expect(page.locator(".auditor-page[data-page=table]").get_by_label("Order").locator("option")).to_have_text(wanted)


def test_the_default_goes_by_suspicion_over_all_rows(open_page: OpenPage, own_server: Server) -> None:
    page = open_page(own_server, "", "starting")
    wanted = [row["id"] for row in ask(page, "table?size=12")["rows"]]
    assert press(page, *"kkkkkkkkkkkk") == wanted
    settle(page)
