"""What tests do on the pages beside the queue: open one, ask the server the same, read what is shown."""

from __future__ import annotations

import re
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from tests.browser.server import Server

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

TABS = ("table", "groups", "map", "confusions", "progress", "export")
PATIENCE = 180_000
"""Milliseconds to wait for what must come: only a page that hangs takes so long, not one on a busy machine."""
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True}


def query(**fields: Any) -> str:
    """A filter as the address has it; lists give a field several values."""
    return urlencode(fields, doseq=True)


def visit(page: Page, server: Server, tab: str, filter: str = "") -> Locator:
    """Open a page by its address, and wait until it shows something; the page's element."""
    page.goto(f"{server.url}?{filter}&tab={tab}")
    view = page.locator(f".auditor-page[data-page={tab}]")
    view.locator(".pg-found:not(:empty), .pg-tiles").first.wait_for()
    if tab == "map":
        view.locator("canvas").first.wait_for()
    idle(page)
    return view


def idle(page: Page) -> None:
    """Wait until no page that is seen waits for an answer."""
    page.wait_for_timeout(50)
    page.wait_for_function(
        "() => [...document.querySelectorAll('.auditor-page[aria-busy]')].every((one) => !one.checkVisibility())"
    )


def until(page: Page, happened: Callable[[], bool]) -> None:
    """Wait for what the test's own handlers note."""
    end = monotonic() + PATIENCE / 1000
    while not happened():
        assert monotonic() < end, "it has not happened"
        page.wait_for_timeout(20)


def ask(page: Page, path: str) -> Any:
    """The server's answer to a GET of the page's reviewer."""
    return page.evaluate("path => fetch('api/' + path).then((answer) => answer.json())", path)


def address(page: Page) -> str:
    """The filter, and all else that stands in the page's address."""
    return page.url.partition("?")[2]


def problems(page: Page) -> list[tuple[str, str]]:
    """Return what axe-core finds wrong on the page at rest, with the first element of each problem.

    Every rule is tried as the page is; its colours, all that is another in the dark, are tried in both schemes. Of
    texts that have the same colours, one is tried: that takes axe milliseconds for each, and a table has hundreds.
    """
    idle(page)
    contrast = {"runOnly": ["color-contrast"]}
    found = _violations(page, "document", {"rules": {"color-contrast": {"enabled": False}}})
    found += _violations(page, _DISTINCT, contrast)
    try:
        _draw_dark(page, True)
        return found + _violations(page, _DISTINCT, contrast)
    finally:
        _draw_dark(page, False)


_DISTINCT = """(() => {
    const keys = new Map(), seen = new Set(), distinct = [];
    const key = (element) => {
        if (!element) return "";
        if (!keys.has(element)) {
            const style = getComputedStyle(element);
            const own = ["backgroundColor", "backgroundImage", "opacity", "filter", "mixBlendMode", "textShadow"];
            keys.set(element, key(element.parentElement) + "|" + own.map((name) => style[name]).join());
        }
        const style = getComputedStyle(element);
        return keys.get(element) + [style.color, style.fontSize, style.fontWeight, style.visibility].join();
    };
    const speaks = (node) => node.nodeType === Node.TEXT_NODE && node.data.trim();
    for (const element of document.body.querySelectorAll("*")) {
        if (element.childElementCount && ![...element.childNodes].some(speaks)) continue;
        if (!element.checkVisibility() || seen.has(key(element))) continue;
        seen.add(key(element));
        distinct.push(element);
    }
    return { include: distinct };
})()"""
"""Of the page's texts, one for each combination of colours, with all that lies behind them."""


def _violations(page: Page, where: str, options: dict[str, Any]) -> list[tuple[str, str]]:
    from axe_playwright_python.sync_playwright import Axe

    page.evaluate(
        "() => Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => null)))"
    )
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    options = {"resultTypes": ["violations"], **options}
    found = page.evaluate(f"async (options) => (await axe.run({where}, options)).violations", options)
    return [(one["id"], one["nodes"][0]["html"]) for one in found]


def _draw_dark(page: Page, dark: bool) -> None:
    """Switch the scheme as Gradio does when a page is opened."""
    page.emulate_media(color_scheme="dark" if dark else "light")
    page.evaluate("dark => document.body.classList.toggle('dark', dark)", dark)


def number(text: str) -> int:
    """The first number in a text."""
    match = re.search(r"[\d,]+", text)
    assert match is not None, text
    return int(match[0].replace(",", ""))


def cells(view: Locator, column: int) -> list[str]:
    """Texts of one column of the table, from 1; a column of its own holds the boxes."""
    return view.locator(f".pg-rows tbody td:nth-child({column})").all_text_contents()
