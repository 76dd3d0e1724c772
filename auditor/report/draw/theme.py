"""Theme: colours, and conversion of a figure to a PNG in light colours and an SVG in the page's colours.

The SVG's text stays text, so that the browser draws any script with the reader's own fonts, and its colours become
the page's CSS variables, so that one picture serves light, dark and paper.
"""

from __future__ import annotations

import io
import re
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager

LIGHT = {
    "page": "#f4f5f8",
    "paper": "#ffffff",
    "ink": "#161a22",
    "muted": "#565e6d",
    "line": "#d9dde5",
    "faint": "#eceef3",
    "agree": "#4784ea",
    "differ": "#de7b20",
    "accent": "#2457c5",
    "accent-ink": "#fffffe",
}
"""Colours of the page's CSS variables by name. Each colour belongs to one name."""

DARK = {
    "page": "#0e1116",
    "paper": "#171b22",
    "ink": "#e8ebf1",
    "muted": "#a2abba",
    "line": "#323a47",
    "faint": "#222832",
    "agree": "#2c66c6",
    "differ": "#a94d0a",
    "accent": "#8db4ff",
    "accent-ink": "#0d1522",
}

_WIDER_FONTS = ("Noto Sans CJK SC", "Noto Sans CJK JP", "WenQuanYi Zen Hei", "PingFang SC", "Microsoft YaHei")
"""Fallback fonts, if installed, for glyphs that matplotlib's DejaVu Sans lacks."""
_PIXELS_PER_INCH = 200
_NAME_OF = {colour: name for name, colour in LIGHT.items()}
_LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_SVG, _XLINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}"
_KEPT = {_SVG + tag for tag in ("g", "defs", "path", "use", "text", "clipPath", "rect")}


@dataclass(frozen=True)
class Picture:
    """A figure for the page and the ``figures`` folder.

    Attributes
    ----------
    name : str
        File name without ``.png``.
    svg : Markup
        The drawing, to stand in the page.
    png : bytes
    width : int
        Widest that it should be drawn, in CSS pixels.
    """

    name: str
    svg: Markup
    png: bytes
    width: int


@contextmanager
def style() -> Iterator[None]:
    """Style for drawing and saving figures: our look, no math in strings, equal bytes for equal input."""
    installed = set(fontManager.get_font_names())
    settings: dict[Any, Any] = {
        "font.family": ["DejaVu Sans", *(name for name in _WIDER_FONTS if name in installed)],
        "font.size": 9,
        "text.parse_math": False,
        "text.usetex": False,
        "text.color": LIGHT["ink"],
        "axes.edgecolor": LIGHT["line"],
        "axes.labelcolor": LIGHT["muted"],
        "axes.titlesize": 9,
        "axes.labelsize": 8,
        "axes.facecolor": "none",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "grid.color": LIGHT["line"],
        "grid.linewidth": 0.6,
        "xtick.color": LIGHT["line"],
        "ytick.color": LIGHT["line"],
        "xtick.labelcolor": LIGHT["muted"],
        "ytick.labelcolor": LIGHT["ink"],
        "xtick.labelsize": 8,
        "figure.facecolor": LIGHT["paper"],
        "svg.fonttype": "none",
        "svg.hashsalt": "auditor",
    }
    with mpl.rc_context(settings), warnings.catch_warnings():
        # Browsers have glyphs that DejaVu Sans lacks; a PNG shows a box.
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing from font", category=UserWarning)
        yield


def picture(name: str, figure: Figure, alt: str, scale: float = 1.5) -> Picture:
    """Save a figure as PNG and SVG; ``scale`` is CSS pixels per point on a wide screen. Call within :func:`style`."""
    png, svg = io.BytesIO(), io.BytesIO()
    figure.savefig(
        png, format="png", dpi=_PIXELS_PER_INCH, bbox_inches="tight", pad_inches=0.15, metadata={"Software": None}
    )
    figure.savefig(svg, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    width = round(figure.get_figwidth() * 72 * scale)
    return Picture(name, _for_page(svg.getvalue(), name, alt), png.getvalue(), width)


def _for_page(svg: bytes, name: str, alt: str) -> Markup:
    """Prepare matplotlib's SVG for a page: themed, titled, with ids unique among pictures."""
    root = ET.fromstring(svg)
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag not in _KEPT:
                parent.remove(child)
    used = {_reference(value) for element in root.iter() for value in element.attrib.values()} - {None}
    for element in root.iter():
        element.tag = element.tag.removeprefix(_SVG)
        element.tail = None
        if element.tag != "text":
            element.text = None
        attributes = {key.removeprefix(_XLINK): value for key, value in element.attrib.items()}
        if attributes.get("id") not in used:
            attributes.pop("id", None)
        for key, value in attributes.items():
            if key == "id":
                attributes[key] = f"{name}-{value}"
            elif target := _reference(value):
                attributes[key] = value.replace(f"#{target}", f"#{name}-{target}")
            elif key == "style":
                attributes[key] = _themed(value)
            else:
                attributes[key] = _LONG_NUMBER.sub(lambda match: f"{float(match[0]):.2f}", value)
        element.attrib.clear()
        element.attrib.update(attributes)
    box = root.attrib["viewBox"]
    root.attrib.clear()
    root.attrib.update({"viewBox": box, "role": "img", "aria-label": alt})
    return Markup(ET.tostring(root, encoding="unicode"))


def _reference(value: str) -> str | None:
    """Return the id that an attribute refers to: ``#id`` or ``url(#id)``."""
    start = value.find("#")
    if value.startswith("url(#"):
        return value[start + 1 : -1]
    return value[1:] if start == 0 else None


def _themed(css: str) -> str:
    """Replace our colours by the page's variables, and drop fonts, which the page sets."""
    kept = []
    for declaration in css.split(";"):
        key, _, value = declaration.partition(":")
        if key.strip() == "font-family":
            continue
        colour = value.strip()
        kept.append(f"{key.strip()}:" + (f"var(--{_NAME_OF[colour]})" if colour in _NAME_OF else colour))
    return ";".join(kept)
