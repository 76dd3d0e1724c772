"""Very long texts and labels: folded or broken into lines, never wider than the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage, serving
from tests.browser.queueing import card, press, settle, shown, wait_for_card
from tests.browser.server import Server, brief
from tests.browser.viewing import PHONE
from tests.forks import Forks
from tests.review.runs import write_run

pytestmark = pytest.mark.browser

MINE = "undecided=me&tab=queue"
ROWS = 40
NAMES = (*(f"label {at} that goes {'on and ' * 25}on" for at in range(3)), "w" * 150)
TEXTS = [f"{row} 😀 " + (f"word{row} " * 500 if row % 2 else str(row) * 2_000) for row in range(ROWS)]


@pytest.fixture(scope="module")
def long(reviewing: Forks | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A review of a run in which texts and labels are very long, some of them one long word."""
    run = write_run(tmp_path_factory.mktemp("long") / "letters", rows=ROWS, names=NAMES, texts=TEXTS)
    yield from serving(Server(run.directory, forks=reviewing))


def test_a_long_text_is_folded_and_unfolded(open_page: OpenPage, long: Server) -> None:
    page = open_page(long, MINE, "folding")
    before = shown(page)
    whole = card(page, before)["text"]
    text, button = page.locator(".au-text"), page.locator(".au-unfold")
    expect(text).to_have_text(f"{whole[:1200]}…", use_inner_text=False)
    expect(button).to_have_attribute("aria-expanded", "false")
    expect(button).to_have_text(f"Show all {len(whole):,} characters")
    button.click()
    assert text.text_content() == whole
    expect(button).to_have_attribute("aria-expanded", "true")
    button.click()
    assert text.text_content() == f"{whole[:1200]}…"
    button.click()
    press(page, "k")
    wait_for_card(page, before)
    expect(button).to_have_attribute("aria-expanded", "false")  # each card for itself
    settle(page)
    assert [brief(event) for event in long.events("folding")] == [(before, "keep", ())]


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desktop", "phone"])
def test_long_labels_and_words_are_not_wider_than_the_page(
    open_page: OpenPage, long: Server, options: dict[str, Any]
) -> None:
    page = open_page(long, MINE, f"long-{len(options)}", **options)
    wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    for _ in range(4):
        before = shown(page)
        assert page.evaluate(wider) <= 0
        button = page.locator(".au-unfold")
        button.click()
        assert page.evaluate(wider) <= 0
        page.locator("h1").click()
        press(page, "Space")
        wait_for_card(page, before)
    given = card(page, shown(page))["given"]
    other = next(at for at, name in enumerate(NAMES) if name != given)
    expect(page.get_by_role("button", name=NAMES[other], exact=True)).to_contain_text("…")  # named in full
    before = shown(page)
    press(page, str(other + 1), "b")
    expect(page.locator(".au-notice")).to_contain_text(NAMES[other])
    assert page.evaluate(wider) <= 0
    settle(page)
    assert [brief(event) for event in long.events(f"long-{len(options)}")] == [(before, "relabel", (NAMES[other],))]
