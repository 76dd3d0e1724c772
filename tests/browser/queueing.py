"""What tests do on the queue: look at the card, press keys, wait for what is saved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page


def shown(page: Page) -> str:
    """Id of the card on the screen; empty without one."""
    return page.locator(".au-card").get_attribute("data-id") or ""


def wait_for_card(page: Page, other_than: str = "") -> str:
    page.wait_for_function(
        "old => ![old, '', undefined].includes(document.querySelector('.au-card')?.dataset.id)", arg=other_than
    )
    return shown(page)


def settle(page: Page) -> None:
    """Wait until the server has answered for everything that was pressed."""
    page.locator(".au-saved[data-waiting='0']").wait_for()


def press(page: Page, *keys: str) -> list[str]:
    """Press keys one after the other; the cards that they were pressed on."""
    cards = []
    for key in keys:
        cards.append(shown(page))
        page.keyboard.press(key)
    return cards


def said(page: Page, text: str) -> None:
    """Wait until it is said, aloud; the next message may have taken its place by then."""
    page.wait_for_function(
        """(text) => {
            const at = window.heard.findIndex((message) => message.includes(text));
            window.heard.splice(0, Math.max(at, 0)); // what was said before it does not count any more
            return at >= 0;
        }""",
        arg=text,
    )


def card(page: Page, item: str) -> dict[str, Any]:
    """A card as the server has it."""
    answer: dict[str, Any] = page.evaluate(
        "id => fetch('api/card?id=' + encodeURIComponent(id)).then(answer => answer.json())", item
    )
    return answer


LISTEN = """
    window.heard = [];
    new MutationObserver(() => {
        for (const region of document.querySelectorAll("#au-status, #au-alert")) {
            if (region.textContent && region.textContent !== region.heard) {
                window.heard.push((region.heard = region.textContent));
            }
        }
    }).observe(document, { subtree: true, childList: true, characterData: true });
"""
"""Keeps what is said aloud."""

RECORD_PRESSES = """() => {
    window.presses = [];
    const record = (event) => {
        const card = document.querySelector(".au-card").dataset.id;
        if (card && event.key.length === 1) window.presses.push([card, event.key]);
    };
    window.addEventListener("keydown", record, true);
}"""
"""Notes which card is on the screen when a key arrives, before the page hears of it."""
