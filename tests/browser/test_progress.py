"""Progress: its figures after some decisions, and how they follow what colleagues do."""

from __future__ import annotations

from datetime import datetime

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import OpenPage
from tests.browser.queueing import card, press, settle, shown
from tests.browser.server import Server
from tests.browser.viewing import ask, visit

pytestmark = pytest.mark.browser


def tile(view: Locator, name: str) -> Locator:
    return view.locator(".pg-tile").filter(has=view.page.get_by_text(name, exact=True))


def table(view: Locator, caption: str) -> dict[str, list[str]]:
    """Cells of a table by the heading of their row."""
    rows = view.get_by_role("table", name=caption, exact=True).locator("tbody tr").all()
    return {row.locator("th").inner_text(): row.locator("td").all_inner_texts() for row in rows}


def test_figures_after_some_decisions(open_page: OpenPage, own_server: Server) -> None:
    page = open_page(own_server, None, "ada")
    view = visit(page, own_server, "progress")
    expect(view.get_by_text("Nothing is decided yet.")).to_be_visible()
    expect(tile(view, "Time left")).to_contain_text("–")
    page.get_by_role("tab", name="Queue").click()
    given = []
    for key in "kssxik":
        given.append(card(page, shown(page))["given"])
        suggested = card(page, shown(page))["suggested"]
        press(page, key)
    press(page, "u")
    settle(page)
    page.get_by_role("tab", name="Progress").click()
    expect(tile(view, "Flagged rows decided").locator("dd").first).to_have_text("5")
    answer = ask(page, "progress")
    assert answer["issues_decided"] == 5
    expect(tile(view, "Flagged rows left").locator("dd").first).to_have_text(str(answer["issues_left"]))
    expect(tile(view, "Per hour").locator("dd").first).to_have_text(f"{round(answer['rate_per_hour']):,}")
    expect(tile(view, "Took the suggestion")).to_contain_text("2 of 3 kept or relabelled")
    assert {name: cells[0] for name, cells in table(view, "Verdicts").items()} == {
        "Keep": "1",
        "Relabel": "2",
        "Ambiguous": "0",
        "None fits": "0",
        "Exclude": "1",
        "Unsure": "1",
        "Tie": "0",
    }
    changed = {f"{one['given']}→{one['to']}": str(one["count"]) for one in answer["by_pair"]}
    assert {name: cells[0] for name, cells in table(view, "Labels changed").items()} == changed
    by_class = table(view, "Verdicts by given label")
    assert {name: int(cells[0]) for name, cells in by_class.items()} == {one: given[:5].count(one) for one in given[:5]}
    figures = table(view, "Figures of each person")["ada"]
    assert (figures[0], figures[7]) == ("5", "1")
    assert suggested


def test_it_follows_while_it_is_seen(open_page: OpenPage, own_server: Server) -> None:
    watching = open_page(own_server, None, "ada")
    watching.clock.install(time=datetime(2026, 1, 1))
    view = visit(watching, own_server, "progress")
    watching.clock.pause_at(datetime(2026, 1, 2))  # it asks when the test lets time pass, however long things take
    bob = open_page(own_server, "", "bob")
    press(bob, "k", "k", "x")
    settle(bob)
    expect(view.get_by_text("Nothing is decided yet.")).to_be_visible()
    watching.clock.run_for(6000)
    expect(tile(view, "Flagged rows decided").locator("dd").first).to_have_text("3")
    assert table(view, "Figures of each person").keys() == {"bob"}
    watching.get_by_role("tab", name="Queue").click()
    asked: list[str] = []  # from now on: the clock ticks by itself, too, and may just have asked once more
    watching.on("request", lambda request: asked.append(request.url) if "progress" in request.url else None)
    watching.clock.run_for(20_000)
    assert asked == []  # nobody sees it
