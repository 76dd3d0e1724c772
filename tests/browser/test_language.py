"""The page in Chinese: judged with keys, read on every view, and changed to English."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.queueing import press, settle, wait_for_card
from tests.browser.server import Server
from tests.browser.viewing import TABS, idle, problems, visit

pytestmark = pytest.mark.browser

SEEN = {
    "table": "找到 600 条",
    "groups": "筛选结果",
    "map": "圈住一些点即可选取对应的条目。",
    "confusions": "原标签 ↓",
    "progress": "有多少标签有误",
    "export": "没有判定的条目",
}
ENGLISH = re.compile(r"(?!auditor )\b[A-Za-z]{2,}[,;]? [a-z]{2,}(?: [A-Za-z]{2,})*")

# All that is shown and read aloud, but for what comes from the data.
WORDS = """() => {
    const own = (one) => !one.closest("bdi, [dir=auto], kbd, code, svg, .auditor-language, #au-status");
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const parent = walker.currentNode.parentElement;
        if (own(parent) && parent.checkVisibility() && !parent.closest("script, style")) {
            found.push(walker.currentNode.data);
        }
    }
    for (const one of document.querySelectorAll("[aria-label], [title], [placeholder]")) {
        if (one.checkVisibility() && one.closest(".auditor-page, .auditor-header, .au-dialog")) {
            found.push(...["aria-label", "title", "placeholder"].map((name) => one.getAttribute(name) ?? ""));
        }
    }
    return found;
}"""


def english(page: Page) -> list[str]:
    """What is not Chinese of the page's own words."""
    return [text for text in page.evaluate(WORDS) if ENGLISH.search(text)]


def test_a_card_is_judged_and_every_view_read_in_chinese(open_page: OpenPage, own_server: Server) -> None:
    page = open_page(own_server, None, "林", locale="zh-CN", color_scheme="light")
    wrong: dict[str, list[object]] = {}  # all of it at once

    def look(view: str) -> None:
        idle(page)
        wrong[view] = [*english(page), *(problems(page) if view in ("queue", "table", "progress") else [])]

    page.goto(f"{own_server.url}?tab=queue&undecided=me")
    first = wait_for_card(page)
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    expect(page.get_by_role("button", name="保留").first).to_be_visible()
    look("queue")
    press(page, "k")
    wait_for_card(page, other_than=first)
    settle(page)
    expect(page.locator(".au-trail li").first).to_contain_text("✓ 已保存 保留")
    expect(page.locator(".au-saved")).to_have_text("✓ 全部已保存")
    press(page, "h")
    expect(page.get_by_role("dialog", name="按键")).to_be_visible()
    look("keys")
    page.keyboard.press("Escape")
    for tab in TABS:
        view = visit(page, own_server, tab)
        expect(view.get_by_text(SEEN[tab]).first).to_be_visible()
        look(tab)
    assert {view: found for view, found in wrong.items() if found} == {}
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("tab", name="Queue")).to_be_visible()
    page.reload()
    expect(page.get_by_role("tab", name="Queue")).to_be_visible()
    expect(page.get_by_role("button", name="中文")).to_be_visible()
    assert page.evaluate("document.documentElement.lang") == "en"  # although the browser is Chinese
    assert page.get_by_role("button", name="下载").count() == 0
