from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest
from matplotlib import rcParams

from auditor.report.draw.canvas import Canvas
from auditor.report.draw.theme import DARK, LIGHT, Picture, picture, style


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("front", "back", "least"),
    [
        ("ink", "paper", 7),
        ("ink", "page", 7),
        ("ink", "faint", 7),
        ("ink", "agree", 4.5),
        ("ink", "differ", 4.5),
        ("muted", "paper", 4.5),
        ("muted", "page", 4.5),
        ("muted", "faint", 4.5),
        ("accent", "paper", 4.5),
        ("accent", "page", 4.5),
        ("accent-ink", "accent", 4.5),
        ("agree", "paper", 3),
        ("differ", "paper", 3),
    ],
)
def test_everything_can_be_read(theme: dict[str, str], front: str, back: str, least: float) -> None:
    assert contrast(theme[front], theme[back]) >= least


def test_each_colour_stands_for_one_name() -> None:
    assert len(set(LIGHT.values())) == len(LIGHT)
    assert list(LIGHT) == list(DARK)


def drawn(text: str, name: str = "one") -> Picture:
    with style():
        canvas = Canvas(200, 40)
        canvas.block(0, 0, 20, 20, "agree", alpha=0.5)
        canvas.text(100, 20, text)
        canvas.mark(50, 20, "o", "differ", filled=False)
        return picture(name, canvas.figure, 'a "picture" of <nothing>')


def test_the_svg_follows_the_page() -> None:
    svg = drawn("love").svg
    assert "var(--agree)" in svg
    assert "var(--ink)" in svg
    assert not re.search(r"#[0-9a-f]{6}", svg)
    assert "font-family" not in svg
    root = ET.fromstring(svg)
    assert root.attrib == {"viewBox": "0 0 200 40", "role": "img", "aria-label": 'a "picture" of <nothing>'}


@pytest.mark.parametrize(
    "text",
    ["$x^2$", "$", "$\\frac{", "#4784ea", 'url(#m1)" id="x"', "<script>1</script>&amp;", "快乐 😀 שלום", "1.23456"],
)
def test_strings_stay_strings(text: str) -> None:
    root = ET.fromstring(drawn(text).svg)
    assert [element.text for element in root.iter("text")] == [text]
    assert not list(root.iter("script"))


def test_ids_of_two_pictures_do_not_meet() -> None:
    ids = [set(re.findall(r' id="([^"]+)"', drawn("x", name).svg)) for name in ("one", "two")]
    assert ids[0]
    assert not ids[0] & ids[1]
    svg = drawn("x").svg
    referenced = set(re.findall(r'href="#([^"]+)"', svg)) | set(re.findall(r"url\(#([^)]+)\)", svg))
    assert referenced == ids[0]


def test_pictures_are_the_same_each_time() -> None:
    assert drawn("again") == drawn("again")
    assert drawn("again").png.startswith(b"\x89PNG")


def test_the_callers_settings_come_back() -> None:
    before = dict(rcParams)
    drawn("x")
    assert dict(rcParams) == before
