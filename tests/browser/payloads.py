"""Thirty ways in which a text, a label, an id or a note tries to become a program."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

_DO = "window.__pwned=1"

PAYLOADS: tuple[str, ...] = (
    f"<script>{_DO}</script>",
    f"</script><script>{_DO}</script>",
    f"<img src=x onerror={_DO}>",
    f'"><img src=x onerror="{_DO}">',
    f"'><svg/onload={_DO}>",
    f"<svg><script>{_DO}</script></svg>",
    f"<svg><animate onbegin={_DO} attributeName=x dur=1s>",
    f"<body onload={_DO}>",
    f"<input autofocus onfocus={_DO}>",
    f"<details open ontoggle={_DO}>x</details>",
    f"<video><source onerror={_DO}></video>",
    f"<audio src=x onerror={_DO}>",
    f'<iframe src="javascript:parent.{_DO}"></iframe>',
    f'<iframe srcdoc="<script>parent.{_DO}</script>"></iframe>',
    f'<object data="javascript:{_DO}"></object>',
    f'<embed src="javascript:{_DO}">',
    f'<a href="javascript:{_DO}">press me</a>',
    f'<form action="javascript:{_DO}"><button autofocus>go</button></form>',
    f"<math><mtext><style><img src=x onerror={_DO}></style></mtext></math>",
    f"<style>@import 'http://example.invalid/x.css';</style><link rel=stylesheet href=http://example.invalid/{_DO}>",
    "<meta http-equiv=refresh content='0;url=http://example.invalid/'>",
    "<base href=http://example.invalid/>",
    f'<template><img src=x onerror={_DO}></template><noscript><p title="</noscript><img src=x onerror={_DO}>">',
    f"javascript:{_DO}//",
    f"${{{_DO}}}",
    f"{{{{constructor.constructor('{_DO}')()}}}}",
    f"{{{{{{{_DO}}}}}}}",
    f'<%= {_DO} %><!--#exec cmd="{_DO}"--><?php {_DO} ?>',
    f"\u202e<img/src/onerror={_DO}>\u2028{_DO}\x00\x1b]0;x\x07",
    f"`-({_DO})-` ');{_DO};(' \");{_DO};(\" --></title></textarea><script>{_DO}</script>",
)

SAFE = tuple(text.replace("\x00", "").replace("\x1b", "").replace("\x07", "") for text in PAYLOADS)
"""Labels, ids and notes hold no control characters."""


def unharmed(page: Page) -> None:
    """No payload has run, or has become an element."""
    assert page.evaluate("typeof window.__pwned") == "undefined"
    made = "img, iframe, object, embed, video, audio, base, animate, [action^='javascript'], [href^='javascript']"
    assert page.locator(f":is(.auditor-page, dialog, .au-toasts) :is({made})").count() == 0
