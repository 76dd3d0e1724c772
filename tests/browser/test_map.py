"""The map: what it draws, the lasso and the box that make a filter, a click that opens a card."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import OpenPage
from tests.browser.queueing import press, settle
from tests.browser.server import Server
from tests.browser.viewing import PHONE, address, ask, idle, query, visit

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

MINE = query(undecided="me")
Places = dict[int, tuple[float, float]]
RANGE = "document.querySelector('.pg-map')._fullLayout.xaxis.range.join()"
RANGE_IS_NOT = f"before => {RANGE} !== before"


def places(page: Page) -> Places:
    """Where on the screen each row is drawn."""
    axes = page.evaluate(
        """() => {
            const map = document.querySelector(".pg-map");
            const { left, top, width, height } = map.getBoundingClientRect();
            const { xaxis, yaxis } = map._fullLayout;
            return { left, top, width, height, x: xaxis.range, y: yaxis.range };
        }"""
    )
    points = ask(page, "map")
    right, down = axes["width"] / (axes["x"][1] - axes["x"][0]), axes["height"] / (axes["y"][1] - axes["y"][0])
    return {
        row: (axes["left"] + (x - axes["x"][0]) * right, axes["top"] + (axes["y"][1] - y) * down)
        for row, x, y in zip(points["rows"], points["x"], points["y"], strict=True)
    }


def draw(page: Page, *corners: tuple[float, float], halfway: Callable[[], None] = lambda: None) -> None:
    """Go along corners with the button held, as a hand does, and make a filter of what they hold.

    ``halfway`` is called at the second corner.
    """
    before = page.evaluate("location.href")
    page.mouse.move(*corners[0])
    page.mouse.down()
    for number, corner in enumerate(corners[1:]):
        page.mouse.move(*corner, steps=8)
        if number == 0:
            halfway()
    page.mouse.up()
    page.get_by_role("button", name="Filter these rows").click()
    page.wait_for_function("before => location.href !== before", arg=before)
    idle(page)


def found(page: Page) -> set[int]:
    """Rows that the filter in the page's address finds."""
    filter = address(page).partition("&tab=")[0]
    answer = ask(page, f"table?{filter}&size=500")
    assert answer["found"] <= 500
    return {row["row"] for row in answer["rows"]}


def traces(page: Page) -> list[dict[str, Any]]:
    drawn = "({ x, marker }) => ({ points: x.length, ...marker })"
    answer: list[dict[str, Any]] = page.evaluate(f"document.querySelector('.pg-map').data.map({drawn})")
    return answer


def wait_for(page: Page, item: str) -> None:
    """Wait for a card in the queue."""
    page.wait_for_function("id => document.querySelector('.au-card')?.dataset.id === id", arg=item)


def lonely(points: Places, among: set[int]) -> int:
    """The row of some that has no other near it."""

    def room(row: int) -> float:
        (x, y), others = points[row], (point for other, point in points.items() if other != row)
        return min((x - a) ** 2 + (y - b) ** 2 for a, b in others)

    return max(sorted(among & points.keys()), key=room)


def within(points: Places, left: float, top: float, right: float, bottom: float) -> set[int]:
    return {row for row, (x, y) in points.items() if left < x < right and top < y < bottom}


def frame(view: Locator) -> tuple[float, float, float, float]:
    box = view.locator(".pg-map").bounding_box()
    assert box is not None
    return box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"]


def test_it_is_fetched_when_it_is_first_opened(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "map-loads")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
    visit(page, server, "table")
    assert "plotly.min.js" not in asked
    for _ in range(2):
        page.get_by_role("tab", name="Map").click()
        page.locator(".pg-map canvas").first.wait_for()
        page.get_by_role("tab", name="Table").click()
    assert asked.count("plotly.min.js") == 1


def test_it_draws_every_row_and_what_is_found_in_colour(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "map-draws")
    filter = f"issue=1&{MINE}"
    view = visit(page, server, "map", filter)
    points = ask(page, f"map?{filter}")
    drawn = traces(page)
    faint, *shown = drawn
    assert sum(one["points"] for one in drawn) == len(points["rows"]) > 500
    assert faint["points"] == points["found"].count(0)
    assert faint["opacity"] < 0.5
    assert {one["line"]["width"] > 0 for one in shown if one["points"]} == {True}  # issues have a ring
    assert len({(one["color"], one["symbol"]) for one in shown if one["points"]}) == 6
    summary = f"{sum(points['found'])} of {len(points['rows'])} rows on the map (of 600 in the dataset) are found"
    expect(view.locator(".pg-found")).to_contain_text(summary)
    expect(view.get_by_role("img", name="The table shows the same rows.")).to_be_visible()
    page.get_by_role("button", name="Remove filter: rows to read again").click()
    idle(page)
    assert traces(page)[0]["points"] == 0
    view.get_by_role("button", name="Show as a table").click()
    page.wait_for_url("**tab=table**")


def test_a_lasso_makes_a_filter(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "map-lasso")
    view = visit(page, server, "map", MINE)
    points, (left, top, right, bottom) = places(page), frame(view)
    middle = (left + right) / 2
    draw(
        page, (left + 5, top + 5), (middle, top + 5), (middle, bottom - 5), (left + 5, bottom - 5), (left + 5, top + 9)
    )
    wanted = within(points, left + 5, top + 5, middle, bottom - 5)
    assert 50 < len(wanted) < 500
    assert found(page) == wanted
    expect(view.locator(".pg-found")).to_contain_text(f"{len(wanted)} of ")
    assert traces(page)[0]["points"] == len(points) - len(wanted)
    assert view.locator(".pg-outline path[d]").count() == 0  # the line is gone
    expect(page.get_by_role("button", name="Remove filter: rows picked on the map")).to_be_visible()
    triangle = (left + 5, top + 5), (right - 5, top + 5), (left + 5, bottom - 5), (left + 6, top + 8)
    draw(page, *triangle)  # another takes its place, whatever was picked before
    slope = (bottom - top - 10) / (right - left - 10)
    half = {
        row
        for row in within(points, left + 5, top + 5, right, bottom - 5)
        if (points[row][1] - top - 5) + slope * (points[row][0] - left - 5) < bottom - top - 10
    }
    assert len(found(page) ^ half) <= 2  # whatever lies on the line
    view.get_by_role("button", name="Clear the selection").click()
    expect(view.locator(".pg-found")).to_contain_text(f"{len(points)} of ")


def test_a_lasso_outlives_a_map_that_is_drawn_again(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "map-redrawn")
    view = visit(page, server, "map", MINE)
    points, (left, top, right, bottom) = places(page), frame(view)
    middle = (left + right) / 2
    corners = (left + 5, top + 5), (middle, top + 5), (middle, bottom - 5), (left + 5, bottom - 5)

    def redraw() -> None:
        with page.expect_response("**/api/map*"):
            page.evaluate("document.dispatchEvent(new CustomEvent('auditor:undone', { detail: {} }))")
        idle(page)
        assert view.locator(".pg-outline path[d]").count() == 1

    draw(page, *corners, halfway=redraw)
    assert found(page) == within(points, left + 5, top + 5, middle, bottom - 5)


def test_a_lasso_keeps_the_corners_passed_while_the_page_is_busy(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "map-busy")
    view = visit(page, server, "map", MINE)
    points, (left, top, right, bottom) = places(page), frame(view)
    box = left + 50, top + 50, (left + right) / 2, bottom - 50
    busy = "() => setTimeout(() => { const end = performance.now() + 500; while (performance.now() < end); }, 0)"
    corners = (box[0], box[1]), (box[2], box[1]), (box[2], box[3]), (box[0], box[3])
    draw(page, *corners, halfway=lambda: page.evaluate(busy))
    assert found(page) == within(points, *box)


def test_a_lasso_that_ends_where_it_began_opens_no_card(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "map-closed")
    view = visit(page, server, "map", MINE)
    points, (left, top, right, bottom) = places(page), frame(view)
    inner = {row for row, (x, y) in points.items() if left + 90 < x < right - 90 and top + 90 < y < bottom - 90}
    x, y = points[lonely(points, inner)]
    draw(page, (x, y), (x + 80, y), (x + 80, y + 80), (x, y + 80), (x + 1, y + 1))
    assert "tab=map" in page.url
    assert "selection" in page.url
    page.mouse.move(x + 40, y + 40)
    page.mouse.down()
    page.mouse.move(x + 80, y + 80)
    page.keyboard.press("Escape")  # gives it up
    expect(view.locator(".pg-outline path[d]")).to_have_count(0)
    before = page.url
    page.mouse.up()
    idle(page)
    assert page.url == before


def test_a_box_takes_the_class_that_is_shown_alone(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "map-box")
    view = visit(page, server, "map", MINE)
    joy = view.locator(".pg-key").filter(has_text="joy")
    joy.click()
    expect(joy).to_have_attribute("aria-pressed", "true")
    labels = ask(page, "map")
    code = labels["labels"].index("joy")
    given = dict(zip(labels["rows"], labels["given"], strict=True))
    assert sum(one["points"] for one in traces(page)[1:]) == labels["given"].count(code)
    view.get_by_role("radio", name="Box").check()
    points, (left, top, right, bottom) = places(page), frame(view)
    draw(page, (left + 40, top + 40), (right - 60, bottom - 60))
    wanted = within(points, left + 40, top + 40, right - 60, bottom - 60)
    assert found(page) == {row for row in wanted if given[row] == code}
    joy.click()
    expect(joy).to_have_attribute("aria-pressed", "false")


def test_nothing_in_a_lasso_is_said(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "map-empty")
    view = visit(page, server, "map", MINE)
    left, top, *_ = frame(view)
    view.get_by_role("radio", name="Box").check()
    page.mouse.move(left + 2, top + 2)
    page.mouse.down()
    page.mouse.move(left + 14, top + 14, steps=4)
    page.mouse.up()
    expect(page.locator("#au-status")).to_contain_text("The selected area contains no rows.")
    assert "selection" not in page.url


def test_a_click_opens_the_card_and_hovering_says_what_it_is(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "map-click")
    filter = f"issue=1&{MINE}"
    view = visit(page, server, "map", filter)
    points = places(page)
    row = lonely(points, found(page))
    card = ask(page, f"row?row={row}")
    page.mouse.move(points[row][0] + 30, points[row][1] + 30)
    page.mouse.move(*points[row], steps=5)
    tip = view.locator(".pg-tip")
    expect(tip).to_contain_text(f"{card['given']}→{card['suggested']} · flagged")
    expect(tip).to_contain_text(card["text"][:50])
    page.mouse.down()
    page.mouse.up()
    wait_for(page, card["id"])
    assert address(page).startswith(filter)
    press(page, "x")
    settle(page)
    assert [(event.item_id, event.source) for event in server.events("map-click")] == [(card["id"], "map")]


def test_a_finger_opens_the_card(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "map-touch", **PHONE)
    view = visit(page, server, "map", MINE)
    view.locator(".pg-map").scroll_into_view_if_needed()
    points = places(page)
    _, top, _, bottom = frame(view)
    row = lonely(points, {row for row, (_, y) in points.items() if max(top, 0) < y < min(bottom, 700)})
    page.touchscreen.tap(points[row][0] + 2, points[row][1] - 2)
    tapped = ask(page, f"row?row={row}")
    wait_for(page, tapped["id"])
    expect(page.locator(".au-text")).to_have_text(tapped["text"])


def test_colours_and_zoom(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "map-looks")
    view = visit(page, server, "map", MINE)
    points = ask(page, f"map?{MINE}")
    for side in ("given", "suggested"):
        view.get_by_role("radio", name=f"{side.capitalize()} label").check()
        wanted = {name: points[side].count(code) for code, name in enumerate(points["labels"])}
        keys = view.locator(".pg-key").all()
        assert {
            key.locator(".pg-label").inner_text(): int(key.locator(".pg-count").inner_text()) for key in keys
        } == wanted
    before, before_range = places(page), page.evaluate(RANGE)
    view.get_by_role("button", name="Zoom in").click()
    page.wait_for_function(RANGE_IS_NOT, arg=before_range)
    nearer = places(page)
    a, b = sorted(before, key=lambda row: before[row][0])[:: len(before) - 1]
    assert nearer[b][0] - nearer[a][0] == pytest.approx(1.5 * (before[b][0] - before[a][0]))
    page.get_by_role("checkbox", name="joy").first.check()  # another filter leaves it where it is
    idle(page)
    assert places(page)[a][0] == pytest.approx(nearer[a][0])
    nearer_range = page.evaluate(RANGE)
    view.get_by_role("button", name="See the whole map").click()
    page.wait_for_function(RANGE_IS_NOT, arg=nearer_range)
    assert places(page)[a][0] == pytest.approx(before[a][0])


def test_it_follows_light_and_dark(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "map-dark", color_scheme="dark")
    visit(page, server, "map", "issue=1")
    rings = {one["line"]["color"] for one in traces(page)[1:]}
    assert rings == {"#e8ebf1"}
    page.evaluate("document.body.classList.remove('dark')")
    page.wait_for_function("document.querySelector('.pg-map').data[1].marker.line.color === '#161a22'")


def test_a_run_without_a_map_says_so(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "map-none")

    def without(route: Any) -> None:
        session = route.fetch().json()
        session["has"]["map"] = False
        route.fulfill(body=json.dumps(session), content_type="application/json")

    page.route("**/api/session", without)
    page.goto(f"{server.url}?tab=map")
    expect(page.locator(".auditor-page[data-page=map]")).to_contain_text("This run has no map")


def test_it_takes_the_room_there_is(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "map-room")
    view = visit(page, server, "map")
    left, _, right, _ = frame(view)
    page.get_by_role("button", name="Filter", exact=True).click()
    wider = f"document.querySelector('.pg-map')._fullLayout.width > {right - left + 100}"
    page.wait_for_function(wider)
    page.wait_for_function(
        "() => { const map = document.querySelector('.pg-map'); return map._fullLayout.width === map.clientWidth; }"
    )
    new_left, _, new_right, _ = frame(view)
    assert new_right - new_left > right - left + 100


def test_a_lasso_stays_with_what_it_holds_and_the_ways_on(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "map-stays")
    view = visit(page, server, "map", MINE)
    points, (left, top, right, bottom) = places(page), frame(view)
    bar, before, line = view.get_by_role("group", name="Lasso"), page.url, view.locator(".pg-outline path[d]")
    told = bar.get_by_role("status")
    expect(told).to_have_text("Draw around points to pick their rows.")
    box = view.locator(".pg-map").bounding_box()

    def around() -> set[int]:
        page.mouse.move(left + 40, top + 40)
        page.mouse.down()
        for corner in ((right - 200, top + 40), (right - 200, bottom - 60), (left + 40, bottom - 60)):
            page.mouse.move(*corner, steps=6)
        page.mouse.up()
        return within(points, left + 40, top + 40, right - 200, bottom - 60)

    held = around()
    expect(told).to_have_text(f"{len(held)} rows in the lasso")
    assert page.url == before
    assert view.locator(".pg-map").bounding_box() == box  # the map has not moved away
    expect(line).to_have_count(1)
    drawn = line.get_attribute("d")
    view.get_by_role("button", name="Zoom in").click()
    page.wait_for_function(
        "before => document.querySelector('.pg-outline path').getAttribute('d') !== before", arg=drawn
    )
    view.get_by_role("button", name="See the whole map").click()
    page.wait_for_function(
        "before => document.querySelector('.pg-outline path').getAttribute('d') === before", arg=drawn
    )
    key = view.locator(".pg-key").filter(has_text="joy")
    key.click()
    points_of = ask(page, "map")
    given = dict(zip(points_of["rows"], points_of["given"], strict=True))
    joy = [row for row in held if given[row] == points_of["labels"].index("joy")]
    expect(told).to_have_text(f"{len(joy)} rows in the lasso")
    key.click()
    bar.get_by_role("button", name="Clear").click()
    expect(line).to_have_count(0)
    expect(bar.get_by_role("button")).to_have_count(0)
    around()
    page.get_by_role("tab", name="Table").click()
    page.get_by_role("tab", name="Map").click()
    expect(told).to_have_text(f"{len(held)} rows in the lasso")  # it waits
    bar.get_by_role("button", name="Filter these rows").click()
    page.wait_for_function("before => location.href !== before", arg=before)
    idle(page)
    assert found(page) == held
    assert "tab=map" in page.url
    expect(line).to_have_count(0)
