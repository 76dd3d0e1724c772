"""What one judges can be read on every screen: no bar lies over the text, the note, or what has the focus."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage, serving
from tests.browser.queueing import press, settle, shown, wait_for_card
from tests.browser.server import Server
from tests.report.made import EMOTIONS
from tests.review.runs import write_run

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

MINE = "undecided=me&tab=queue"
NAMES = tuple(f"{name}, as somebody who was asked about it called it"[:50] for name in (*EMOTIONS, *"abcdef"))
TEXTS = [f"{row} " + ("She said that it was not so, and then went home. " * (1 + 40 * (row % 2))) for row in range(60)]
ZOOMED = {"viewport": {"width": 640, "height": 360}, "device_scale_factor": 2}
"""A window of 1280 by 720 at a zoom of 200 %."""
SCREENS: dict[str, dict[str, Any]] = {
    "1280x720": {"viewport": {"width": 1280, "height": 720}},
    "zoomed": ZOOMED,
    "phone": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
    "low": {"viewport": {"width": 1440, "height": 420}},
}

VISIBLE = """(selector) => {
    const box = document.querySelector(selector).getBoundingClientRect();
    const others = [...document.querySelectorAll(".au-controls, .au-toasts > *, .sidebar.open")];
    const covers = others.map((one) => one.getBoundingClientRect()).filter((one) => one.width && one.height);
    let seen = 0;
    for (let y = Math.max(0, box.top); y < Math.min(innerHeight, box.bottom); y += 1) {
        seen += !covers.some((one) => one.top <= y && y < one.bottom && one.left < box.right && one.right > box.left);
    }
    const { lineHeight } = getComputedStyle(document.querySelector(selector));
    return { seen, height: box.height, line: parseFloat(lineHeight) };
}"""
"""How many pixels of an element's height are in the window and under nothing."""

COVERED = """() => {
    const { activeElement: element } = document;
    const { left, top, right, bottom } = element.getBoundingClientRect();
    const bar = document.querySelector(".au-controls");
    const at = bar.getBoundingClientRect();
    const within = top >= -1 && bottom <= innerHeight + 1;
    const beside = right <= at.left || left >= at.right;
    const clear = bar.contains(element) || beside || bottom <= at.top + 1 || top >= at.bottom - 1;
    const tall = bottom - top > innerHeight / 2;
    const name = element.tagName + "." + element.className + " " + element.textContent.slice(0, 30);
    return (within && clear) || tall || element === document.body ? null : `${name} ${top} ${bottom} ${at.top}`;
}"""
"""What has the focus, if part of it is out of the window or behind the bar."""


@pytest.fixture(scope="module")
def wordy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A review of a run of long texts, and of labels with names of 50 characters."""
    run = write_run(tmp_path_factory.mktemp("wordy") / "letters", rows=len(TEXTS), names=NAMES, texts=TEXTS)
    yield from serving(Server(run.directory))


def visible(page: Page, selector: str) -> dict[str, float]:
    answer: dict[str, float] = page.evaluate(VISIBLE, selector)
    return answer


@pytest.mark.parametrize("screen", SCREENS)
def test_the_text_the_note_and_the_focus_are_never_behind_the_bar(
    open_page: OpenPage, wordy: Server, screen: str
) -> None:
    page = open_page(wordy, MINE, f"reading-{screen}", **SCREENS[screen])
    for _ in range(2):  # a short text and a long one
        text = visible(page, ".au-text")
        assert text["seen"] >= min(text["height"], 4 * text["line"]) - 2, text
        # All of it can be brought into the part of the window that is free.
        page.evaluate("document.querySelector('.au-text').scrollIntoView({ block: 'start' })")
        free = visible(page, ".au-text")
        height = page.viewport_size["height"] if page.viewport_size else 0
        assert free["seen"] >= min(free["height"], 0.5 * height) - 2, free
        press(page, "e")
        expect(page.locator(".au-note-field textarea")).to_be_focused()
        page.keyboard.type("a note of several words, " * 12)
        note = visible(page, ".au-note-field textarea")
        box, bar = (page.locator(one).bounding_box() for one in (".au-note-field textarea", ".au-controls"))
        assert box is not None
        assert bar is not None
        assert page.evaluate("document.querySelector('.au-controls').contains(document.activeElement)")
        assert note["height"] > 30
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= height
        for action in ("keep", "exclude", "skip"):
            button = page.locator(f"[data-action={action}]").bounding_box()
            assert button is not None
            assert button["y"] >= box["y"] + box["height"] - 1  # no button lies over it
        press(page, "Escape", "Space")
        wait_for_card(page)
    page.locator("h1").click()
    for _ in range(40):
        page.keyboard.press("Tab")
        assert page.evaluate(COVERED) is None
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


def test_a_low_screen_has_the_verdicts_below_the_text_and_they_work(open_page: OpenPage, wordy: Server) -> None:
    page = open_page(wordy, MINE, "low", **ZOOMED)
    first = shown(page)
    text, bar = (page.locator(one).bounding_box() for one in (".au-text", ".au-controls"))
    assert text is not None
    assert bar is not None
    assert bar["y"] >= text["y"] + text["height"]
    page.get_by_role("button", name="Exclude").click()
    second = wait_for_card(page, first)
    expect(page.locator(".au-text")).to_be_in_viewport()
    press(page, "a")
    expect(page.get_by_role("button", name="Done")).to_be_in_viewport()
    press(page, "1", "2", "Enter")
    settle(page)
    assert wordy.standing("low") == {first: "exclude", second: "ambiguous"}
    page.set_viewport_size({"width": 1280, "height": 900})  # as if the zoom were taken back
    expect(page.locator(".au-flowing")).to_have_count(0)
    expect(page.locator("[data-action=keep]")).to_be_in_viewport(ratio=1)


def test_a_note_that_is_being_written_outlives_a_reload(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, MINE, "drafting")
    field = page.locator(".au-note-field textarea")
    expect(field).to_be_hidden()
    [skipped] = press(page, "Space")
    second = shown(page)
    page.locator("[data-action=note]").click()
    page.keyboard.type("half a no")
    page.reload()
    assert wait_for_card(page) == second != skipped
    expect(field).to_be_visible()
    expect(field).to_have_value("half a no")
    press(page, "e", "End")
    page.keyboard.type("te")
    press(page, "Escape", "k")
    wait_for_card(page, second)
    expect(field).to_be_hidden()
    settle(page)
    assert [(event.item_id, event.note) for event in server.events("drafting")] == [(second, "half a note")]
    page.reload()
    wait_for_card(page)
    assert field.input_value() == ""
    assert page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('auditor:draft')).length") == 0


def test_a_long_label_is_shown_whole_to_the_focus(open_page: OpenPage, wordy: Server) -> None:
    page = open_page(wordy, MINE, "focused")
    button = page.locator("[data-action=label1]")
    label = button.get_attribute("aria-label") or ""
    assert label in NAMES
    assert label not in button.inner_text()
    page.locator("[data-action=suggest]").focus()
    page.keyboard.press("Tab")
    expect(button).to_be_focused()
    assert label in button.inner_text()
