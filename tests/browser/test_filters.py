"""The filter: its counts, its address, its chips, and what happens when answers are late or wrong."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.server import Server
from tests.browser.viewing import PHONE, address, ask, cells, idle, number, query, until, visit
from tests.report.made import EMOTIONS

pytestmark = pytest.mark.browser

KINDS = [
    *("The models prefer another label", "The models are divided", "The models prefer no single label"),
    *("The same text has another label", "Not clear"),
]
LEGENDS = {"given": "Given label", "suggested": "Suggested label", "split": "Split", "verdict": "Verdict"}


def panel(page: Page) -> Locator:
    return page.locator(".auditor-page[data-page=filters]")


def counts(page: Page, legend: str) -> dict[str, int]:
    """Choices of a facet and the numbers beside them, as they are shown."""
    facet = panel(page).get_by_role("group", name=legend)
    head = facet.get_by_role("button", name=legend)
    if head.get_attribute("aria-expanded") == "false":
        head.click()
    if (more := facet.get_by_role("button", name="Show all")).is_visible():
        more.click()
    rows = facet.locator(".pg-choice").all()
    return {
        row.locator(".pg-choice-text").inner_text(): number(row.locator(".pg-count").inner_text() or "0")
        for row in rows
    }


def test_counts_are_those_of_the_server(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "counting")
    filter = query(given=["joy", "anger"], issue=1, max_suspicion=0.999)
    visit(page, server, "table", filter)
    answer = ask(page, f"facets?{filter}")
    expect(panel(page).locator(".pg-found")).to_have_text(f"{answer['found']} rows found")
    for name in ("given", "suggested", "split"):
        wanted = {choice["value"]: choice["count"] for choice in answer["facets"][name]}
        assert counts(page, LEGENDS[name]) == wanted
    assert set(counts(page, "Given label")) == set(EMOTIONS)
    pairs = {f"{one['given']}→{one['suggested']}": one["count"] for one in answer["facets"]["pair"]}
    assert counts(page, "Given → suggested") == pairs
    assert counts(page, "Decided")["Not by me yet"] == answer["found"]
    assert counts(page, "Flagged")["Other rows"] == answer["facets"]["issue"][0]["count"]


def test_a_bookmarked_view_shows_the_same_rows(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "bookmarks")
    filter = query(
        given=["joy", "love", "anger"], split="train", min_suspicion=0.002, text="FEEL", undecided="me", sort="given"
    )
    view = visit(page, server, "table", filter)
    wanted = [row["text"] for row in ask(page, f"table?{filter}")["rows"]]
    assert len(wanted) > 5
    assert cells(view, 3) == wanted
    link = page.url
    panel(page).get_by_role("button", name="Clear").click()
    expect(view.locator(".pg-found")).to_have_text("600 rows found")
    page.goto(link)
    expect(view.locator(".pg-found")).to_have_text(f"{len(wanted)} rows found")
    assert cells(view, 3) == wanted
    chips = [text.removesuffix("×").strip() for text in panel(page).locator(".pg-chips li").all_inner_texts()]
    assert chips == [
        *("given joy", "given love", "given anger", "split train", "suspicion ≥ 0.002"),
        *("text has FEEL", "not decided by me"),
    ]


def test_choices_go_to_the_address_and_back(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "choosing")
    view = visit(page, server, "table")
    given = panel(page).get_by_role("group", name="Given label")
    for label in ("joy", "love"):
        given.get_by_role("checkbox", name=label).check()
    wanted = ask(page, "facets?given=joy&given=love")["found"]
    expect(view.locator(".pg-found")).to_have_text(f"{wanted} rows found")
    assert address(page) == "given=joy&given=love&tab=table"
    page.go_back()
    expect(given.get_by_role("checkbox", name="love")).not_to_be_checked()
    expect(given.get_by_role("checkbox", name="joy")).to_be_checked()
    page.get_by_role("button", name="Remove filter: given joy").click()
    expect(view.locator(".pg-found")).to_have_text("600 rows found")
    expect(panel(page).get_by_role("button", name="Clear")).to_be_focused()
    panel(page).get_by_role("button", name="Default").click()
    assert address(page) == "undecided=anyone&tab=table"


def test_a_search_waits_for_the_last_letter(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "searching")
    view = visit(page, server, "table")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "api/facets" in request.url else None)
    field = panel(page).get_by_label("Text", exact=True)
    field.evaluate(
        """(field) => ["e", "ex", "exa", "exam"].forEach((text) => {
            field.value = text;
            field.dispatchEvent(new InputEvent("input", { bubbles: true }));
        })"""
    )  # at once: between letters that are typed, a busy machine may pause for longer than the page waits
    wanted = ask(page, "table?text=exam")
    expect(view.locator(".pg-found")).to_have_text(f"{wanted['found']} rows found")
    idle(page)
    assert len(asked) == 1
    assert cells(view, 3) == [row["text"] for row in wanted["rows"]]


def test_a_bad_expression_is_said_at_the_field(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "regexes", outages=True)
    view = visit(page, server, "table")
    field = panel(page).get_by_label("Text", exact=True)
    panel(page).get_by_label("Regular expression").check()
    field.fill("(joy|anger")
    wrong = panel(page).locator("#pg-text-wrong")
    expect(wrong).to_contain_text("regular expression")
    expect(field).to_have_attribute("aria-invalid", "true")
    assert field.get_attribute("aria-describedby") == "pg-text-wrong"
    pattern = r"(exam|train) no \d+$"
    field.fill(pattern)
    expect(wrong).to_be_empty()
    expect(field).to_have_attribute("aria-invalid", "false")
    wanted = ask(page, f"facets?{query(text=pattern, regex=1)}")["found"]
    expect(view.locator(".pg-found")).to_have_text(f"{wanted} rows found")
    assert 0 < wanted < 600
    field.fill("")
    expect(view.locator(".pg-found")).to_have_text("600 rows found")
    assert address(page) == "tab=table"


def test_a_late_answer_is_dropped(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "late", outages=True)
    visit(page, server, "table")
    held = []
    page.route("**/api/facets?given=joy", lambda route: held.append(route))
    given = panel(page).get_by_role("group", name="Given label")
    given.get_by_role("checkbox", name="joy").check()
    until(page, lambda: len(held) == 1)
    given.get_by_role("checkbox", name="love").check()
    wanted = ask(page, "facets?given=joy&given=love")["found"]
    expect(panel(page).locator(".pg-found")).to_have_text(f"{wanted} rows found")
    held[0].fulfill(json={"found": 1, "facets": {}, "suspicion": {}})
    page.wait_for_timeout(200)  # nothing tells that an answer was dropped
    expect(panel(page).locator(".pg-found")).to_have_text(f"{wanted} rows found")


def test_a_server_that_is_away_is_said_and_asked_again(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "away", outages=True)
    visit(page, server, "table")
    page.route("**/api/facets?**", lambda route: route.abort(), times=1)
    panel(page).get_by_role("group", name="Given label").get_by_role("checkbox", name="joy").check()
    problem = panel(page).get_by_role("alert").filter(has_text="The server is not responding.")
    expect(problem).to_be_visible()
    problem.get_by_role("button", name="Try again").click()
    expect(problem).to_be_hidden()
    wanted = ask(page, "facets?given=joy")["found"]
    expect(panel(page).locator(".pg-found")).to_have_text(f"{wanted} rows found")


def test_the_range_of_suspicion(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "range")
    view = visit(page, server, "table")
    panel(page).get_by_label("from").fill("0.25")
    panel(page).get_by_label("to", exact=True).fill("0.75")
    wanted = ask(page, "facets?min_suspicion=0.25&max_suspicion=0.75")["found"]
    expect(view.locator(".pg-found")).to_have_text(f"{wanted} rows found")
    expect(panel(page).locator(".pg-histogram .pg-outside")).to_have_count(10)
    panel(page).get_by_label("from").press("ArrowUp")
    page.wait_for_url("**min_suspicion=0.3&**")
    panel(page).get_by_label("from").fill("0.251")  # between the steps
    page.wait_for_url("**min_suspicion=0.251&**")
    panel(page).get_by_label("from").fill("7")  # out of range: nothing is asked for
    page.wait_for_timeout(500)
    assert address(page) == "min_suspicion=0.251&max_suspicion=0.75&tab=table"


def test_of_many_choices_the_most_frequent_and_a_search(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "many")
    chosen = json.dumps(["joy", "surprise"])
    visit(page, server, "table", query(pair=chosen))
    facet = panel(page).get_by_role("group", name="Given → suggested")
    pairs = ask(page, f"facets?{query(pair=chosen)}")["facets"]["pair"]
    assert len(pairs) > 9
    expect(facet.locator("input:checked")).to_have_count(1)  # shown, though others are more frequent
    assert facet.locator(".pg-choice").count() in (8, 9)
    facet.get_by_label("Find in Given → suggested").fill("love→")
    assert all(text.startswith("love") for text in facet.locator(".pg-choice-text").all_inner_texts())
    facet.get_by_label("Find in Given → suggested").fill("")
    facet.get_by_role("button", name=f"Show all {len(pairs)}").click()
    expect(facet.locator(".pg-choice")).to_have_count(len(pairs))


def test_the_link_is_copied_or_shown(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "links", permissions=["clipboard-read", "clipboard-write"])
    visit(page, server, "map", query(given="joy"))
    panel(page).get_by_role("button", name="Copy link").click()
    expect(page.locator("#au-status")).to_contain_text("copied")
    assert page.evaluate("navigator.clipboard.readText()") == page.url
    page.evaluate("() => void (navigator.clipboard.writeText = () => Promise.reject(new Error()))")
    panel(page).get_by_role("button", name="Copy link").click()
    expect(panel(page).get_by_label("Link to this view")).to_have_value(page.url)


def test_counts_follow_decisions(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, "tab=queue", "following")
    before = counts(page, "Decided")["Not by me yet"]
    for key in "kxi":
        page.keyboard.press(key)
    shown = panel(page).get_by_text("Not by me yet").locator("..").locator(".pg-count")
    expect(shown).to_have_text(f"{before - 3}")
    assert counts(page, "Reviewer")["following"] == 3


def test_by_keyboard(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "keyboard")
    visit(page, server, "table")
    panel(page).get_by_label("Text", exact=True).focus()
    page.keyboard.press("Tab")
    expect(panel(page).get_by_label("Regular expression")).to_be_focused()
    page.keyboard.press("Tab")
    expect(panel(page).get_by_label("Notes", exact=True)).to_be_focused()
    page.keyboard.press("Tab")
    expect(panel(page).get_by_role("button", name="Decided")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.wait_for_url("**undecided=anyone**")
    idle(page)
    page.keyboard.press("ArrowDown")  # the focus has stayed
    page.wait_for_url("**undecided=me**")


def test_on_a_phone_it_is_out_of_the_way(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "phone", **PHONE)
    visit(page, server, "table")
    expect(panel(page)).not_to_be_in_viewport()
    assert panel(page).evaluate("(element) => element.closest('[inert]') !== null")
    page.get_by_role("button", name="Filter", exact=True).tap()
    expect(panel(page).get_by_role("button", name="Clear")).to_be_in_viewport()
    panel(page).get_by_role("group", name="Given label").get_by_role("checkbox", name="joy").check()
    page.get_by_role("button", name="Filter", exact=True).tap()
    expect(panel(page)).not_to_be_in_viewport()
    assert "given=joy" in page.url


def test_kinds_and_tiers_in_words(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "kinds")
    view = visit(page, server, "table")
    answer = ask(page, "facets?")["facets"]
    shown = counts(page, "What the models say")
    assert [*shown.values()] == [choice["count"] for choice in answer["kind"]]
    assert [*shown] == KINDS
    assert [*counts(page, "Tier").values()] == [choice["count"] for choice in answer["tier"]]
    panel(page).get_by_role("checkbox", name=KINDS[0]).check()
    panel(page).get_by_role("checkbox", name="High: flagged in every repeat").check()
    wanted = ask(page, "table?kind=mislabelled&tier=high")
    assert 0 < wanted["found"] < 600
    expect(view.locator(".pg-found")).to_have_text(f"{wanted['found']} rows found")
    assert address(page) == "kind=mislabelled&tier=high&tab=table"
    expect(view.locator(".pg-rows tbody tr").first).to_contain_text("tier high")
    expect(view.locator(".pg-rows tbody tr").first).to_contain_text(KINDS[0])
    chips = [text.removesuffix("×").strip() for text in panel(page).locator(".pg-chips li").all_inner_texts()]
    assert chips == [KINDS[0], "tier high"]
