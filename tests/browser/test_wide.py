"""Names of 50 characters and 150 classes: nothing is cut off, and every page has a way to all of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, ViewportSize, expect

from tests.browser.conftest import OpenPage, serving
from tests.browser.queueing import press, settle
from tests.browser.server import Server
from tests.browser.viewing import TABS, ask, idle, problems, query, visit
from tests.review.runs import write_run

pytestmark = pytest.mark.browser

MINE = query(undecided="me")
KINDS = ("lost card payment, and somebody asked about it", "cancelled_transfer_of_money_that_was_asked_about")
NAMES = tuple(f"{number:03} {KINDS[number % 2]}x"[:50].ljust(50, "x") for number in range(150))
ROWS = 900
TEXTS = [
    ("هذا النص مكتوب من اليمين", "averyverylongword" * 25, "Where is my card? It was to come on Monday.")[row % 3]
    + f" {row}"
    for row in range(ROWS)
]
DESK: list[ViewportSize] = [
    {"width": 1280, "height": 720},
    {"width": 640, "height": 360},  # a window of 1280 by 720 at a zoom of 200 %
    {"width": 1440, "height": 900},
]
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}

CUT = """(page) => {
    const wrong = [], known = new Map();
    // What lies around an element: the edges that cut it off, up to what can be scrolled or to the page itself.
    const around = (element) => {
        if (!element || element === document.documentElement) return { free: true, edges: [] };
        if (!known.has(element)) {
            const style = getComputedStyle(element);
            const clips = ["hidden", "clip"].includes(style.overflowX) && style.display !== "contents";
            if (["auto", "scroll"].includes(style.overflowX)) {
                known.set(element, { scroller: element, edges: [] });
            } else if (style.clipPath !== "none") { // for screen readers alone
                known.set(element, { free: true, edges: [] });
            } else {
                const outer = around(element.parentElement);
                const own = clips ? [element.getBoundingClientRect()] : [];
                known.set(element, { ...outer, edges: [...own, ...outer.edges] });
            }
        }
        return known.get(element);
    };
    for (const element of page.querySelectorAll("bdi, p, td, th, button, label, legend, h2, dd, [dir=auto]")) {
        if (!element.checkVisibility() || element.closest(".au-unseen, .au-trail, .au-options")) continue;
        const box = element.getBoundingClientRect();
        const name = `${element.tagName}.${element.className} ${element.textContent.slice(0, 30)}`;
        const { free, scroller, edges } = around(element.parentElement);
        const cut = edges.some((edge) => box.right > edge.right + 2 || box.left < edge.left - 2);
        if (box.width && cut) wrong.push("cut: " + name);
        if (free && box.width && (box.right > innerWidth + 1 || box.left < -1)) wrong.push("outside: " + name);
        if (scroller?.matches(".au-scroll") && scroller.tabIndex !== 0) wrong.push("no keys: " + name);
        const shortened = getComputedStyle(element).textOverflow === "ellipsis";
        if (shortened && element.scrollWidth > element.clientWidth) wrong.push("shortened: " + name);
    }
    return wrong;
}"""
"""Elements whose text is not all to be seen, nor to be scrolled to by the keyboard."""


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A review of a run with 150 classes."""
    run = write_run(tmp_path_factory.mktemp("wide") / "banking", rows=ROWS, names=NAMES, texts=TEXTS)
    yield from serving(Server(run.directory))


def test_nothing_is_cut_off(open_page: OpenPage, wide: Server) -> None:
    page = open_page(wide, f"{MINE}&tab=queue", "wide")
    press(page, "k", "s", "s")
    settle(page)
    for tab in ("queue", *TABS):
        view = page.locator(".auditor-page[data-page=queue]") if tab == "queue" else visit(page, wide, tab, MINE)
        for size in DESK:
            page.set_viewport_size(size)
            idle(page)
            nothing_is_cut_off(page, view)
            if tab == TABS[-1]:
                nothing_is_cut_off_in_the_filter(page)


def test_nothing_is_cut_off_on_a_phone(open_page: OpenPage, wide: Server) -> None:
    page = open_page(wide, f"{MINE}&tab=queue", "wide-phone", **PHONE)
    press(page, "k", "s", "s")
    settle(page)
    nothing_is_cut_off(page, page.locator(".auditor-page[data-page=queue]"))
    for tab in TABS:
        nothing_is_cut_off(page, visit(page, wide, tab, MINE))
    nothing_is_cut_off_in_the_filter(page)


def nothing_is_cut_off(page: Page, view: Locator) -> None:
    where = f"{view.get_attribute('data-page')} at {page.viewport_size}"
    assert page.evaluate(CUT, view.element_handle()) == [], where
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, where


def nothing_is_cut_off_in_the_filter(page: Page) -> None:
    panel = page.locator(".auditor-page[data-page=filters]")
    if panel.evaluate("(one) => one.closest('[inert]') !== null"):
        page.get_by_role("button", name="Filter", exact=True).click()
    folded = panel.locator(".pg-fold[aria-expanded=false]:visible")
    while folded.count():
        folded.first.click()
    if (more := panel.get_by_role("button", name="Show all").first).is_visible():
        more.click()
    assert page.evaluate(CUT, panel.element_handle()) == [], page.viewport_size


def test_every_class_can_be_found_in_the_filter(open_page: OpenPage, wide: Server) -> None:
    page = open_page(wide, None, "filtering")
    visit(page, wide, "table", MINE)
    facet = page.get_by_role("group", name="Given label")
    facet.get_by_label("Find in Given label").fill("149")
    expect(facet.locator(".pg-choice-text")).to_have_text([NAMES[149]])
    facet.get_by_role("checkbox", name=NAMES[149]).check()
    page.get_by_role("button", name=f"Remove filter: given {NAMES[149]}").wait_for()


def test_many_classes_are_confused_in_a_ranked_list(open_page: OpenPage, wide: Server) -> None:
    page = open_page(wide, None, "ranking")
    view = visit(page, wide, "confusions", MINE)
    answer = ask(page, f"confusions?{MINE}")
    labels, cells = answer["labels"], [cell for cell in answer["cells"] if cell[1] >= 0]
    assert len(cells) > 100
    rows = view.locator(".pg-pairs tbody tr")
    expect(rows).to_have_count(50)
    assert page.evaluate("document.activeElement === document.body")  # nothing has scrolled the list away
    shown = [int(text) for text in rows.locator("button").all_inner_texts()]
    assert shown == sorted((cell[2] for cell in cells), reverse=True)[:50]
    view.get_by_role("button", name=f"Show more of {len(cells)} pairs").click()
    expect(rows).to_have_count(100)
    given, suggested, number, _ = max(cells, key=lambda cell: cell[2])
    first = rows.first.locator("button")
    assert first.get_attribute("aria-label") == (
        f"given {labels[given]}, suggested {labels[suggested]}: {number} row{'s' * (number != 1)}, {number} undecided"
    )
    first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".auditor-page[data-page=filters] .pg-found")).to_have_text(
        f"{number} row{'s' * (number != 1)} found"
    )
    expect(view.locator("button[aria-pressed=true]")).to_be_focused()
    expect(rows).to_have_count(100)  # as far as one had come
    idle(page)
    assert problems(page) == []


def test_single_rows_are_shown_together(open_page: OpenPage, wide: Server) -> None:
    page = open_page(wide, None, "single")
    view = visit(page, wide, "groups", MINE)
    groups = ask(page, f"groups?{MINE}")
    singles = [one for one in groups if one["rows"] == 1]
    assert len(singles) > 30
    expect(view.locator(".pg-groups > li")).to_have_count(min(30, len(groups) - len(singles)))
    expect(view.locator(".pg-found")).to_contain_text(f"{len(singles)} single rows")
    expect(view.locator(".pg-alone tbody tr")).to_have_count(len(singles))
    assert problems(page) == []
    view.get_by_role("button", name="Show them in the table").click()
    table = page.locator(".auditor-page[data-page=table]")
    expect(table.locator(".pg-found")).to_have_text(f"{len(singles)} rows found")
    filter = page.url.partition("?")[2].partition("&tab=")[0]
    found = {row["row"] for row in ask(page, f"table?{filter}&size=500")["rows"]}
    assert found == {one["row"] for one in singles}


def test_a_text_from_right_to_left_begins_at_the_right(open_page: OpenPage, wide: Server) -> None:
    aligned = """(element) => {
        const range = document.createRange();
        range.selectNodeContents(element);
        const box = element.getBoundingClientRect();
        const edge = Math.max(...[...range.getClientRects()].map((one) => one.right));
        const style = getComputedStyle(element);
        return [style.direction, Math.abs(box.right - parseFloat(style.paddingRight) - edge) < 3];
    }"""
    page = open_page(wide, f"{MINE}&tab=queue&ids=train-0&ids=train-3", "arabic")
    assert page.locator(".au-text").evaluate(aligned) == ["rtl", True]
    press(page, "e")
    page.keyboard.type("ملاحظة")
    assert page.locator(".au-note-field textarea").evaluate("(one) => getComputedStyle(one).direction") == "rtl"
    neighbour = page.locator(".au-others [dir=auto]").filter(has_text="هذا").first
    assert neighbour.evaluate(aligned) == ["rtl", True]
    english = page.locator(".au-others [dir=auto]").filter(has_text="Where").first
    assert english.evaluate("(one) => getComputedStyle(one).direction") == "ltr"
    view = visit(page, wide, "table", query(text="هذا"))
    assert view.locator(".pg-text").first.evaluate(aligned) == ["rtl", True]
    view.get_by_role("button", name="Decide all found…").click()
    page.get_by_role("dialog").get_by_role("radio", name="Keep").check()
    sample = page.locator(".pg-sample [dir=auto]").first
    sample.wait_for()
    assert sample.evaluate(aligned) == ["rtl", True]
    page.keyboard.press("Escape")
    view = visit(page, wide, "map", query(text="هذا"))
    box = view.locator(".pg-map").bounding_box()
    assert box is not None
    points = page.evaluate(
        """async () => {
            const { xaxis, yaxis } = document.querySelector(".pg-map")._fullLayout;
            const map = await (await fetch("api/map?" + new URLSearchParams({ text: "هذا" }))).json();
            const at = map.found.indexOf(1);
            return [(map.x[at] - xaxis.range[0]) / (xaxis.range[1] - xaxis.range[0]),
                    (yaxis.range[1] - map.y[at]) / (yaxis.range[1] - yaxis.range[0])];
        }"""
    )
    page.mouse.move(box["x"] + box["width"] * points[0] + 20, box["y"] + box["height"] * points[1])
    page.mouse.move(box["x"] + box["width"] * points[0], box["y"] + box["height"] * points[1], steps=4)
    tip = view.locator(".pg-tip p[dir=auto]")
    tip.wait_for()
    if "هذا" in (tip.text_content() or ""):  # points lie close: another text may be on top
        assert tip.evaluate(aligned) == ["rtl", True]
