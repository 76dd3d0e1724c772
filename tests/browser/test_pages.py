"""What holds for every page beside the queue: payloads are text, axe finds nothing, a phone shows all of it."""

from __future__ import annotations

import pytest
from playwright.sync_api import APIResponse, Page, Route, expect

from tests.browser.conftest import OpenPage
from tests.browser.payloads import PAYLOADS, SAFE, unharmed
from tests.browser.queueing import press, settle
from tests.browser.server import Server
from tests.browser.viewing import PHONE, TABS, ask, idle, problems, query, visit

pytestmark = pytest.mark.browser


def unfold(page: Page) -> None:
    """Open every part of the filter."""
    folded = page.locator(".pg-fold[aria-expanded=false]:visible")
    while folded.count():
        folded.first.click()


def bulk(page: Page, verdict: str) -> None:
    """Open the dialog on everything found, and see what a verdict would do."""
    page.get_by_role("button", name="Decide all found…").click()
    page.get_by_role("dialog").get_by_role("radio", name=verdict).check()
    page.get_by_role("dialog").locator(".pg-says").filter(has_text="would be decided").wait_for()


def test_none_of_30_payloads_runs(open_page: OpenPage, hostile: Server) -> None:
    name = "<img src=x onerror=window.__pwned=1>"
    page = open_page(hostile, "tab=queue&undecided=me", name)
    press(page, "k", "s", "x")
    settle(page)
    filter = query(given=SAFE, split=SAFE, text="<", reviewer=name)
    for tab in TABS:
        for asked in ("", filter):
            view = visit(page, hostile, tab, asked)
            unharmed(page)
        unfold(page)
        for more in view.get_by_role("button", name="Show all").or_(page.locator(".pg-facet .pg-link")).all():
            if more.is_visible():
                more.click()
        unharmed(page)
    page.locator(".pg-chips li").nth(29).wait_for()
    visit(page, hostile, "map")
    for key in page.locator(".pg-key:visible").all()[:3]:
        key.click()
        unharmed(page)
    box = page.locator(".pg-map").bounding_box()
    assert box is not None
    for at in range(20):  # over the points, so that their labels and texts are shown
        page.mouse.move(box["x"] + box["width"] * at / 20, box["y"] + box["height"] / 2)
        page.wait_for_timeout(60)
    unharmed(page)
    visit(page, hostile, "table")
    for verdict in ("Take each row’s suggestion", "Keep"):
        bulk(page, verdict)
        unharmed(page)
        page.keyboard.press("Escape")
    bulk(page, "Keep")
    page.get_by_role("dialog").get_by_label("Note (optional)").fill(SAFE[3])
    page.get_by_role("dialog").get_by_role("button", name="Decide ").click()
    expect(page.get_by_role("button", name="Undo this")).to_be_visible()
    idle(page)
    unharmed(page)
    texts = set(page.locator(".pg-rows .pg-text").all_text_contents())
    assert len(texts) > 25  # as they are written, with what cannot be seen made visible
    assert {text for text in PAYLOADS if text.isprintable()} & texts


def test_axe_finds_nothing(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, "tab=queue&undecided=me", "pages-axe", color_scheme="light")
    press(page, "k", "s", "x")
    settle(page)
    for tab in TABS:
        view = visit(page, server, tab, query(given=["joy", "love"], text="a"))
        unfold(page)
        assert problems(page) == [], tab
    visit(page, server, "map")
    page.locator(".pg-key").first.click()
    assert problems(page) == []
    view = visit(page, server, "confusions")
    view.locator("tbody button").first.click()
    view.get_by_role("button", name="Pick none").wait_for()
    idle(page)
    assert problems(page) == []
    view = visit(page, server, "table", "undecided=me&given=fear")
    view.locator(".pg-rows tbody input").first.check()
    assert problems(page) == []
    for verdict in ("Keep", "Take each row’s suggestion"):
        bulk(page, verdict)
        assert problems(page) == []
        page.get_by_role("button", name="Cancel").click()
    bulk(page, "Unsure")
    page.get_by_role("dialog").get_by_role("radio", name="Ambiguous").check()
    assert problems(page) == []
    page.get_by_role("dialog").get_by_role("radio", name="Unsure").check()
    page.get_by_role("dialog").get_by_role("button", name="Decide ").click()
    page.get_by_role("button", name="Undo this").wait_for()
    assert problems(page) == []
    page.get_by_role("button", name="Undo this").click()
    page.get_by_role("button", name="Undo this").wait_for(state="detached")


def test_axe_finds_one_pale_text_among_many(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "pages-pale", color_scheme="light")
    last = visit(page, server, "table").locator(".pg-rows .pg-text").last
    last.evaluate("(one) => { one.style.color = '#ccc'; }")
    assert [rule for rule, _ in problems(page)] == ["color-contrast"]  # as dark, it can be read
    last.evaluate("(one) => { one.style.color = '#888'; }")
    assert "color-contrast" in {rule for rule, _ in problems(page)}


def test_errors_are_seen_and_heard(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "pages-errors", outages=True)
    visit(page, server, "table")
    page.goto(f"{server.url}?tab=table&min_suspicion=7")
    problem = page.locator(".auditor-page[data-page=table]").get_by_role("alert")
    expect(problem).to_contain_text("min_suspicion")
    assert problems(page) == []


def test_the_url_opens_its_tab_even_if_gradio_loads_the_tabs_last(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "pages-late", color_scheme="light")
    held: list[tuple[Route, APIResponse]] = []

    def hold(route: Route) -> None:
        answer = route.fetch()
        if "tab-wrapper" in answer.text():
            held.append((route, answer))
        else:
            route.fulfill(response=answer)

    page.route("**/assets/Index-*.js", hold)
    page.goto(f"{server.url}?tab=groups")
    page.locator(".auditor-page[data-page=filters]").get_by_role("button", name="Clear").wait_for()
    page.wait_for_timeout(200)
    assert held
    for route, answer in held:
        route.fulfill(response=answer)
    expect(page.locator(".auditor-page[data-page=groups] .pg-found:not(:empty)")).to_be_visible()


@pytest.mark.parametrize("tab", TABS)
def test_on_a_phone_nothing_is_wider(open_page: OpenPage, server: Server, tab: str) -> None:
    page = open_page(server, None, f"pages-{tab}", **PHONE)
    view = visit(page, server, tab)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    for button in view.locator("button:visible, input:visible, select:visible").all()[:40]:
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 16, button.inner_text()
    if tab == "table":
        row = view.locator(".pg-rows tbody tr").first
        box = row.bounding_box()
        assert box is not None
        assert box["width"] <= 360
        expect(row.locator(".pg-text")).to_be_in_viewport()
        expect(view.get_by_role("table").get_by_role("row").nth(1).get_by_role("cell").nth(2)).to_be_visible()
        view.get_by_role("button", name="Decide all found…").tap()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("radio", name="Keep").check()
        dialog.locator(".pg-says").filter(has_text="would be decided").wait_for()
        assert dialog.evaluate("(one) => one.scrollWidth <= one.clientWidth")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert ask(page, "session")["reviewer"] == f"pages-{tab}"
